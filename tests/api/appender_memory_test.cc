// An appender whose nth allocation is refused, once or from then on: rows it took are there, each once; rows it refused
// are not, and are taken when they are given again.
#include <doctest/doctest.h>

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

  // How many refusals it met.
  int with_refused(std::uint64_t passing, bool sticky) {
    auto appender = database_.appender("t").value();
    AllocationWatch watch;
    watch.fail_after(passing, sticky);
    for (std::int64_t id = first_; id < first_ + kRows; ++id) {
      if (id % 7 == 0) refused(append_wrong(appender, id), Code::invalid_argument, watch);
      while (refused(append(appender, id), Code::full, watch)) {
      }
    }
    while (refused(appender.flush(), Code::full, watch)) {
    }
    watch.fail_no_more();
    return refusals_;
  }

  // What is in the table of its rows, each with what it should hold.
  void check(Connection& connection) const {
    const std::array<Value, 1> from{Value(first_)};
    const auto rows =
        connection.execute("SELECT id, name, x, v::TEXT, note, day::TEXT FROM t WHERE id >= $1 ORDER BY id", from)
            .value();
    REQUIRE(rows.rows() == kRows);
    for (std::size_t i = 0; i < kRows; ++i) {
      const std::int64_t id = first_ + static_cast<std::int64_t>(i);
      REQUIRE(rows.value(i, 0).as_int() == id);
      REQUIRE(rows.value(i, 1).as_text() == text_of(id));
      REQUIRE(rows.value(i, 2).as_double() == static_cast<double>(id) / 2);
      REQUIRE(rows.value(i, 3).as_text() == vector_text(id));
      REQUIRE(rows.value(i, 4).is_null() == (id % 3 == 0));
      REQUIRE(rows.value(i, 5).as_text() == "2026-11-22");
    }
  }

 private:
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

  static Result<void> append(Appender& appender, std::int64_t id) {
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
    return appender.end_row();
  }
  static Result<void> append_wrong(Appender& appender, std::int64_t id) {
    return appender.append(id, "half of a row", "is wrong here", nullptr, nullptr, nullptr);
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
  int refusals_ = 0;
};

}  // namespace

TEST_CASE("appender: whatever allocation is refused, rows are there once or were refused, and can be given again") {
  const support::ScratchDirectory directory;
  Options options;
  options.threads = 0;
  auto database = Database::open(directory / "db", options).value();
  auto connection = database.connect();
  connection.execute("CREATE TABLE t (id INT PRIMARY KEY, name TEXT, x FLOAT, v VECTOR(512), note TEXT, day DATE)")
      .value();
  for (const bool sticky : {false, true}) {
    int refusals = 0;
    for (std::uint64_t passing = 0;; passing += 1 + passing / 30) {
      CAPTURE(sticky);
      CAPTURE(passing);
      Run run(database, 1'000);
      const int met = run.with_refused(passing, sticky);
      run.check(connection);
      connection.execute("DELETE FROM t").value();
      if (met == 0) break;
      refusals += met;
    }
    CHECK(refusals > 50);
  }
  CHECK(database.check().value().problems.empty());
  database.close().value();
}

}  // namespace mneme
