// An appender whose nth allocation is refused, once or from then on: rows it took are there, each once; rows it refused
// are not, and are taken when they are given again.
#include <doctest/doctest.h>

#include <array>
#include <map>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "mneme/database.h"
#include "support/allocations.h"
#include "support/scratch_directory.h"

namespace mneme {
namespace {

using support::AllocationPause;
using support::AllocationWatch;

constexpr std::int64_t kRows = 160;
constexpr std::size_t kTextBytes = 5'000;
constexpr std::size_t kDimension =
    512;                          // 149 rows make a batch that end_row() commits; there is room for 62 at a time.
constexpr int kMoreRefusals = 4;  // In a row, where memory stays short.

std::string text_of(std::int64_t id) {
  return std::to_string(id) + std::string(kTextBytes, static_cast<char>('a' + id % 26));
}

class Run {  // Rows `first` and on, by an appender of its own. One thread at a time.
 public:
  Run(Database& database, std::int64_t first) : database_(database), first_(first) {}

  // False: it asked for no more than `passing` allocations.
  bool with_refused(std::uint64_t passing, bool sticky) {
    auto appender = database_.appender("t").value();
    AllocationWatch watch;
    watch.fail_after(passing, sticky);
    for (std::int64_t id = first_; id < first_ + kRows; ++id) {
      if (id % 7 == 0) refused(append_wrong(appender, id), Code::invalid_argument, watch);
      while (refused(append(appender, id), Code::full, watch)) {
      }
      const AllocationPause ours;
      given_[id] = number_;
    }
    while (refused(appender.flush(), Code::full, watch)) {
    }
    return watch.failed();
  }
  [[nodiscard]] int refusals() const { return refusals_; }

  // What is in the table of its rows, each with what it should hold.
  void check(Connection& connection) const {
    const std::array<Value, 1> from{Value(first_)};
    const auto rows =
        connection.execute("SELECT id, name, x, v::TEXT, note, day::TEXT, n FROM t WHERE id >= $1 ORDER BY id", from)
            .value();
    REQUIRE(rows.rows() == kRows);
    std::set<std::int64_t> numbers;  // That the table gave, each once.
    for (std::size_t i = 0; i < kRows; ++i) {
      const std::int64_t id = first_ + static_cast<std::int64_t>(i);
      REQUIRE(rows.value(i, 0).as_int() == id);
      REQUIRE(rows.value(i, 1).as_text() == text_of(id));
      REQUIRE(rows.value(i, 2).as_double() == static_cast<double>(id) / 2);
      REQUIRE(rows.value(i, 3).as_text() == vector_text(id));
      REQUIRE(rows.value(i, 4).is_null() == (id % 3 == 0));
      REQUIRE(rows.value(i, 5).as_text() == "2026-11-22");
      const std::int64_t number = rows.value(i, 6).as_int();
      REQUIRE((is_numbered(id) ? numbers.insert(number).second : number == given_.at(id)));
    }
  }

 private:
  static bool is_numbered(std::int64_t id) { return id % 2 == 0; }  // Its n is NULL: the column is made anew.
  static std::vector<float> vector_of(std::int64_t id) {
    std::vector<float> vector(kDimension, 1);
    vector.front() = static_cast<float>(id);
    return vector;
  }
  static std::string vector_text(std::int64_t id) {
    std::string text = "[" + std::to_string(id);
    for (std::size_t i = 1; i < kDimension; ++i) text += ",1";
    return text + "]";
  }

  Result<void> append(Appender& appender, std::int64_t id) {
    std::string text;
    std::vector<float> vector;
    {
      const AllocationPause ours;
      text = text_of(id);
      vector = vector_of(id);
    }
    appender.begin_row();
    appender.put(id);
    appender.put(text);
    appender.put(static_cast<double>(id) / 2);
    appender.put(std::span<const float>(vector));
    id % 3 == 0 ? appender.put(nullptr) : appender.put("a note that is longer than what a string keeps inside");
    appender.put("2026-11-22");
    is_numbered(id) ? appender.put(nullptr) : appender.put(++number_);
    return appender.end_row();
  }
  static Result<void> append_wrong(Appender& appender, std::int64_t id) {
    return appender.append(id, "half of a row", "is wrong here", nullptr, nullptr, nullptr, nullptr);
  }
  // An error may be `expected`, or for want of memory at any time.
  bool refused(const Result<void>& done, Code expected, AllocationWatch& watch) {
    const AllocationPause ours;
    if (done) return false;
    REQUIRE((done.error().code() == expected || done.error().code() == Code::full));
    if (done.error().code() == Code::full && ++refusals_ == kMoreRefusals) watch.fail_no_more();
    return true;
  }

  Database& database_;
  const std::int64_t first_;
  std::int64_t number_ = 0;                     // What was put last where a row gives its n: another each time.
  std::map<std::int64_t, std::int64_t> given_;  // The n of rows that were taken, by id.
  int refusals_ = 0;
};

}  // namespace

TEST_CASE("appender: whatever allocation is refused, rows are there once or were refused, and can be given again") {
  const support::ScratchDirectory directory;
  Options options;
  options.threads = 0;
  auto database = Database::open(directory / "db", options).value();
  auto connection = database.connect();
  connection
      .execute("CREATE TABLE t (id INT PRIMARY KEY, name TEXT, x FLOAT, v VECTOR(512), note TEXT, day DATE, n SERIAL)")
      .value();
  for (const bool sticky : {false, true}) {
    int refusals = 0;
    for (std::uint64_t passing = 0;; passing += 1 + passing / 30) {
      CAPTURE(sticky);
      CAPTURE(passing);
      Run run(database, 1'000);
      const bool any = run.with_refused(passing, sticky);
      run.check(connection);
      connection.execute("DELETE FROM t").value();
      if (!any) break;
      refusals += run.refusals();
    }
    CHECK(refusals > 80);
  }
  CHECK(database.check().value().problems.empty());
  database.close().value();
}

}  // namespace mneme
