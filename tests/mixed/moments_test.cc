// Many threads change rows of many modalities, several rows and tables at a time: each snapshot has all of a
// transaction or nothing of it, and every index has what its rows say.
//
// A moment has a time, a place, a number, a text, a vector and a blob, all of them computed from its id and its stamp;
// a group has some moments and the stamp that all of them must have. A transaction gives a group, or two, their next
// stamp, by changing each moment or by replacing it under a new id. So every reader can tell whether all it sees is of
// one moment in history, and the stamps at the end are the number of commits, as the counters are. At pauses, and
// after opening again, every index is held against the rows it is of, and built anew.
//   OPERATIONS=<n> statements that read or change rows   ROUNDS=<n> pauses   THREADS=<n>   SEED=<n>
#include <doctest/doctest.h>

#include <array>
#include <atomic>
#include <cstdio>
#include <random>

#include "mneme/database.h"
#include "os/posix.h"
#include "os/thread.h"
#include "support/environment.h"
#include "support/scratch_directory.h"

namespace mneme {
namespace {

constexpr std::int64_t kGroups = 24, kMembers = 4, kCounters = 4;
constexpr std::size_t kDimension = 24;     // Wide enough to lie in pages of its own.
constexpr std::size_t kLongBlob = 66'000;  // Goes to a blob file.
constexpr const char* kColumns = "id, stamp, at, place, n, label, v, clip";

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define MNEME_TEST_OPERATIONS 6'000
#endif
#endif
#ifndef MNEME_TEST_OPERATIONS
#define MNEME_TEST_OPERATIONS 30'000
#endif

// The values of a moment's columns, in the order of kColumns.
std::vector<Value> moment(std::int64_t id, std::int64_t stamp) {
  std::vector<float> v(kDimension);
  for (std::size_t i = 0; i < v.size(); ++i) v[i] = static_cast<float>((id * 31 + stamp * 7 + std::int64_t(i)) % 997);
  std::string clip;
  const std::string text = "moment " + std::to_string(id) + " as of " + std::to_string(stamp);
  const std::size_t bytes = (id + stamp) % 512 == 0 ? kLongBlob : 50;
  while (clip.size() < bytes) clip += text;
  return {Value(id),
          Value(stamp),
          Value::timestamp(stamp * 1'000'000 + id),
          Value::point(static_cast<double>((id + stamp) % 180), static_cast<double>((id * 3 + stamp) % 90)),
          Value(id * 1'000'003 + stamp),
          Value(text),
          Value::vector(v),
          Value::blob(std::as_bytes(std::span(clip)))};
}

// What all threads did. Relaxed throughout: read once they have been joined, or as a hint to end.
struct Tally {
  std::array<std::atomic<std::int64_t>, kGroups> stamped{};
  std::array<std::atomic<std::int64_t>, kCounters> counted{};
  std::atomic<std::uint64_t> operations{0}, commits{0}, replaced{0}, looks{0}, conflicts{0}, rolled_back{0};
  std::atomic<std::uint64_t> violations{0};
};

class Worker {  // One thread at a time.
 public:
  Worker(Database& database, std::int64_t number, std::uint64_t seed, Tally& tally, Mutex& mutex, std::string& first)
      : connection_(database.connect()),
        next_id_((number + 1) * 1'000'000'000),
        random_(seed),
        tally_(tally),
        mutex_(mutex),
        first_(first) {
    connection_.set_durability(Durability::os);
  }

  void run(std::uint64_t until) {
    while (tally_.operations.load(std::memory_order_relaxed) < until &&
           tally_.violations.load(std::memory_order_relaxed) == 0) {
      const std::int64_t what = draw(10);
      const auto done = what < 5 ? stamp() : what < 6 ? count() : what < 8 ? look() : look_closely();
      if (done || done.error().code() == Code::conflict) {
        if (!done) ++tally_.conflicts;
        if (connection_.in_transaction()) end();
        continue;
      }
      violation(done.error().to_string());
    }
  }

 private:
  std::int64_t draw(std::int64_t below) { return static_cast<std::int64_t>(random_() % std::uint64_t(below)); }
  void end() {
    if (!connection_.execute("ROLLBACK")) violation("ROLLBACK");
  }
  Result<ResultSet> operate(std::string_view sql, std::span<const Value> parameters) {
    tally_.operations.fetch_add(1, std::memory_order_relaxed);
    return connection_.execute(sql, parameters);
  }
  Result<ResultSet> operate(std::string_view sql, std::initializer_list<Value> parameters) {
    return operate(sql, std::span(parameters.begin(), parameters.size()));
  }

  // One group or two get their next stamp. One time in eight it is thought better of, in whole or in part.
  Result<void> stamp() {
    const std::int64_t group = draw(kGroups), other = draw(4) == 0 ? (group + 1 + draw(kGroups - 1)) % kGroups : group;
    TRY(connection_.execute("BEGIN"));
    TRY(stamp(group));
    if (draw(8) == 0) TRY(change_and_undo(other));
    if (other != group) TRY(stamp(other));
    if (draw(8) == 0) {
      ++tally_.rolled_back;
      TRY(connection_.execute("ROLLBACK"));
      return {};
    }
    TRY(connection_.execute("COMMIT"));
    ++tally_.commits;
    ++tally_.stamped[static_cast<std::size_t>(group)];
    if (other != group) ++tally_.stamped[static_cast<std::size_t>(other)];
    return {};
  }

  Result<void> change_and_undo(std::int64_t group) {
    TRY(connection_.execute("SAVEPOINT s"));
    TRY(operate("UPDATE groups SET stamp = stamp + 1000 WHERE id = $1", {Value(group)}));
    TRY(operate("DELETE FROM moments WHERE grp = $1", {Value(group)}));
    TRY(connection_.execute("ROLLBACK TO s"));
    return {};
  }

  Result<void> stamp(std::int64_t group) {
    const std::int64_t next = TRY(stamp_of(group)) + 1;
    TRY(operate("UPDATE groups SET stamp = $2 WHERE id = $1", {Value(group), Value(next)}));
    const auto members = TRY(operate("SELECT id FROM moments WHERE grp = $1", {Value(group)}));
    if (members.rows() != kMembers) return Error(Code::corrupt, "a group has " + std::to_string(members.rows()));
    if (draw(3) == 0) return replace(group, next);
    for (std::size_t i = 0; i < members.rows(); ++i) {
      TRY(
          operate("UPDATE moments SET stamp = $2, at = $3, place = $4, n = $5, label = $6, v = $7, clip = $8 "
                  "WHERE id = $1",
                  moment(members.value(i, 0).as_int(), next)));
    }
    return {};
  }

  Result<void> replace(std::int64_t group, std::int64_t stamp) {
    const auto gone = TRY(operate("DELETE FROM moments WHERE grp = $1", {Value(group)}));
    if (gone.changed_rows() != kMembers) return Error(Code::corrupt, "deleted " + std::to_string(gone.changed_rows()));
    for (std::int64_t i = 0; i < kMembers; ++i) {
      std::vector<Value> values = moment(next_id_++, stamp);
      values.emplace_back(group);
      TRY(operate("INSERT INTO moments VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)", values));
    }
    ++tally_.replaced;
    return {};
  }

  // Without BEGIN: the engine runs it again itself when it loses a race.
  Result<void> count() {
    const std::int64_t counter = draw(kCounters);
    TRY(operate("UPDATE counters SET n = n + 1 WHERE id = $1", {Value(counter)}));
    ++tally_.counted[static_cast<std::size_t>(counter)];
    return {};
  }

  // One statement is one snapshot, over both tables.
  Result<void> look() {
    const auto rows =
        TRY(operate("SELECT m.id, m.stamp, m.at, m.place, m.n, m.label, m.v, m.clip, g.stamp FROM "
                    "groups g JOIN moments m ON m.grp = g.id WHERE g.id = $1",
                    {Value(draw(kGroups))}));
    if (rows.rows() != kMembers) violation("a join has " + std::to_string(rows.rows()));
    for (std::size_t i = 0; i < rows.rows(); ++i) check_moment(rows, i, rows.value(i, 8).as_int());
    ++tally_.looks;
    return {};
  }

  // Each modality asked by itself, all in one snapshot.
  Result<void> look_closely() {
    const std::int64_t group = draw(kGroups);
    TRY(connection_.execute("BEGIN"));
    const std::int64_t stamp = TRY(stamp_of(group));
    const auto rows = TRY(operate(std::string("SELECT ") + kColumns + " FROM moments WHERE grp = $1", {Value(group)}));
    if (rows.rows() != kMembers) violation("a group has " + std::to_string(rows.rows()));
    for (std::size_t i = 0; i < rows.rows(); ++i) check_moment(rows, i, stamp);
    TRY(find_again(rows.value(static_cast<std::size_t>(draw(kMembers)), 0).as_int(), stamp));
    if (TRY(stamp_of(group)) != stamp) violation("a snapshot changed");
    TRY(connection_.execute("COMMIT"));
    ++tally_.looks;
    return {};
  }

  // By its key, its text, its time and its vector: the same moment each time.
  Result<void> find_again(std::int64_t id, std::int64_t stamp) {
    const std::vector<Value> values = moment(id, stamp);
    constexpr std::pair<const char*, std::size_t> kWays[] = {{"WHERE id = $1", 0},
                                                             {"WHERE label = $1", 5},
                                                             {"WHERE at = $1 ORDER BY id", 2},
                                                             {"ORDER BY v <-> $1, id LIMIT 1", 6}};
    for (const auto& [way, column] : kWays) {
      const auto found = TRY(operate(std::string("SELECT ") + kColumns + " FROM moments " + way, {values[column]}));
      bool there = false;
      for (std::size_t i = 0; i < found.rows(); ++i) {
        if (found.value(i, 0).as_int() != id && column != 6) continue;  // Others may be as near, or of that time.
        there = true;
        check_moment(found, i, column == 6 ? found.value(i, 1).as_int() : stamp);
      }
      if (!there) violation(std::string("not found ") + way);
    }
    return {};
  }

  Result<std::int64_t> stamp_of(std::int64_t group) {
    const auto rows = TRY(operate("SELECT stamp FROM groups WHERE id = $1", {Value(group)}));
    if (rows.rows() != 1) return Error(Code::corrupt, "a group is missing");
    return rows.value(0, 0).as_int();
  }

  void check_moment(const ResultSet& rows, std::size_t row, std::int64_t stamp) {
    const std::vector<Value> right = moment(rows.value(row, 0).as_int(), stamp);
    for (std::size_t i = 0; i < right.size(); ++i) {
      if (rows.value(row, i) == right[i]) continue;
      violation("moment " + right[0].to_text() + " of stamp " + std::to_string(stamp) + " has " +
                rows.value(row, i).to_text().substr(0, 60) + " in column " + std::to_string(i));
    }
  }

  void violation(const std::string& what) {
    const Lock lock(mutex_);
    if (tally_.violations++ == 0) first_ = what;
  }

  Connection connection_;
  std::int64_t next_id_;
  std::mt19937_64 random_;
  Tally& tally_;
  Mutex& mutex_;
  std::string& first_;
};

void set_up(Database& database) {
  Connection connection = database.connect();
  connection
      .execute_script(
          "CREATE TABLE groups (id INT PRIMARY KEY, stamp INT NOT NULL);"
          "CREATE TABLE counters (id INT PRIMARY KEY, n INT NOT NULL);"
          "CREATE TABLE moments (id INT PRIMARY KEY, stamp INT NOT NULL, at TIMESTAMP, place POINT, n INT, label TEXT "
          "UNIQUE, v VECTOR(24), clip BLOB, grp INT NOT NULL);"
          "CREATE INDEX moments_by_group ON moments (grp, stamp); CREATE INDEX moments_by_time ON moments (at);"
          "CREATE INDEX moments_by_number ON moments (n)")
      .value();
  for (std::int64_t i = 0; i < kCounters; ++i) {
    connection.execute("INSERT INTO counters VALUES ($1, 0)", {Value(i)}).value();
  }
  for (std::int64_t group = 0; group < kGroups; ++group) {
    connection.execute("INSERT INTO groups VALUES ($1, 0)", {Value(group)}).value();
    for (std::int64_t i = 0; i < kMembers; ++i) {
      std::vector<Value> values = moment(group * kMembers + i, 0);
      values.emplace_back(group);
      connection.execute("INSERT INTO moments VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)", values).value();
    }
  }
}

std::int64_t ask_number(Connection& connection, const std::string& sql, std::initializer_list<Value> parameters = {}) {
  const auto rows = connection.execute(sql, parameters).value();
  REQUIRE(rows.rows() == 1);
  return rows.value(0, 0).as_int();
}

// Nobody else is there. Every index against its rows, entry by entry; then once more, built anew.
void check_indexes(Database& database) {
  Connection connection = database.connect();
  for (const bool anew : {false, true}) {
    if (anew) {
      connection
          .execute_script(
              "DROP INDEX moments_by_group; CREATE INDEX moments_by_group ON moments (grp, stamp);"
              "DROP INDEX moments_by_time; CREATE INDEX moments_by_time ON moments (at)")
          .value();
    }
    const CheckReport report = database.check().value();
    INFO((report.problems.empty() ? "" : report.problems.front()));
    CHECK(report.problems.empty());
    std::int64_t by_group = 0;
    for (std::int64_t group = 0; group < kGroups; ++group) {
      by_group += ask_number(connection, "SELECT count(*) FROM moments WHERE grp = $1", {Value(group)});
    }
    CHECK(by_group == kGroups * kMembers);
    CHECK(ask_number(connection, "SELECT count(*) FROM moments WHERE at >= TIMESTAMP '1970-01-01'") == by_group);
    CHECK(ask_number(connection, "SELECT count(*) FROM moments WHERE n >= 0") == by_group);
    CHECK(ask_number(connection, "SELECT count(*) FROM moments") == by_group);
  }
}

// What only some serial order of all commits explains.
void check_counts(Database& database, const Tally& tally) {
  Connection connection = database.connect();
  for (std::int64_t i = 0; i < kCounters; ++i) {
    const std::int64_t counted = tally.counted[static_cast<std::size_t>(i)];
    CHECK(ask_number(connection, "SELECT n FROM counters WHERE id = $1", {Value(i)}) == counted);
  }
  for (std::int64_t i = 0; i < kGroups; ++i) {
    const std::int64_t stamped = tally.stamped[static_cast<std::size_t>(i)];
    CHECK(ask_number(connection, "SELECT stamp FROM groups WHERE id = $1", {Value(i)}) == stamped);
    CHECK(ask_number(connection, "SELECT min(stamp) FROM moments WHERE grp = $1", {Value(i)}) == stamped);
    CHECK(ask_number(connection, "SELECT max(stamp) FROM moments WHERE grp = $1", {Value(i)}) == stamped);
  }
}

void report(const Tally& tally, std::uint64_t threads, std::uint64_t rounds) {
  std::int64_t counted = 0;
  for (const auto& counter : tally.counted) counted += counter;
  std::printf(
      "moments: %llu threads, %llu rounds, %llu operations: %llu commits, %llu groups replaced, %lld counted, %llu "
      "looks, %llu conflicts, %llu rolled back, %llu violations\n",
      static_cast<unsigned long long>(threads), static_cast<unsigned long long>(rounds),
      static_cast<unsigned long long>(tally.operations), static_cast<unsigned long long>(tally.commits),
      static_cast<unsigned long long>(tally.replaced), static_cast<long long>(counted),
      static_cast<unsigned long long>(tally.looks), static_cast<unsigned long long>(tally.conflicts),
      static_cast<unsigned long long>(tally.rolled_back), static_cast<unsigned long long>(tally.violations));
}

}  // namespace

TEST_CASE("mixed: a transaction over rows of many modalities is seen whole or not at all, in every index") {
  const std::uint64_t operations = support::environment("OPERATIONS", MNEME_TEST_OPERATIONS),
                      rounds = support::environment("ROUNDS", operations < 100'000 ? 3 : 20),
                      threads = support::environment("THREADS", 8);
  const support::ScratchDirectory folder;
  Options options;
  options.memory_budget = std::size_t{8} << 20;
  options.log_file_bytes = 256 << 10;
  Tally tally;
  std::string first;
  {
    Database database = Database::open(folder / "db", options).value();
    set_up(database);
    PosixWorld world;
    Mutex mutex(world.world().scheduler);
    std::vector<std::unique_ptr<Worker>> workers;
    for (std::uint64_t i = 0; i < threads; ++i) {
      workers.push_back(std::make_unique<Worker>(database, static_cast<std::int64_t>(i),
                                                 support::environment("SEED", 1) * 100 + i, tally, mutex, first));
    }
    for (std::uint64_t round = 1; round <= rounds; ++round) {
      std::vector<Thread> running;
      for (const auto& worker : workers) {
        running.emplace_back(world.world().scheduler, "worker",
                             [&, until = operations * round / rounds] { worker->run(until); });
      }
      running.clear();  // Joins.
      REQUIRE(first == "");
      check_indexes(database);
      check_counts(database, tally);
    }
    workers.clear();
    REQUIRE(database.close());
  }
  Database database = Database::open(folder / "db", options).value();
  check_indexes(database);
  check_counts(database, tally);
  report(tally, threads, rounds);
  CHECK(tally.operations >= operations);
  CHECK(tally.conflicts > 0);
}

}  // namespace mneme
