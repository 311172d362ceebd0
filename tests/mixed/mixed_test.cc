// Many threads with a connection each: mixed transactions, and at the end what only some serial order of them explains.
//
// Counters: every transaction that committed added 1 to one of them, each read inside a transaction of its own, so that
// the sum is the number of commits if and only if no update was lost. Accounts: money moves between two of them, so
// that every snapshot shows the same sum. Journal: each commit leaves a row, whose key no other has.
//   DURATION=<n>   so long      THREADS=<n>      SEED=<n>
#include <doctest/doctest.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <random>

#include "mneme/database.h"
#include "os/posix.h"
#include "os/thread.h"
#include "support/environment.h"
#include "support/scratch_directory.h"

namespace mneme {
namespace {

constexpr std::int64_t kCounters = 8, kAccounts = 6, kMoney = 1000;

#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define MNEME_TEST_SECONDS 10
#endif
#endif
#ifndef MNEME_TEST_SECONDS
#define MNEME_TEST_SECONDS 3  // What a race would do is seen by the thread sanitizer; here only what it left behind.
#endif

// What all threads did. Relaxed throughout: read once they have been joined, or as a hint to end.
struct Tally {
  std::array<std::atomic<std::int64_t>, kCounters> counted{};
  std::atomic<std::uint64_t> moved{0}, journalled{0}, conflicts{0}, rolled_back{0}, snapshots{0}, violations{0};
};

bool lost_race(const Error& error) { return error.code() == Code::conflict; }

class Worker {  // One thread at a time.
 public:
  Worker(Database& database, std::int64_t number, std::uint64_t seed, Tally& tally, Mutex& mutex, std::string& first)
      : connection_(database.connect()), number_(number), random_(seed), tally_(tally), mutex_(mutex), first_(first) {
    connection_.set_durability(Durability::os);
  }

  void run(std::chrono::steady_clock::time_point until) {
    while (std::chrono::steady_clock::now() < until && tally_.violations.load(std::memory_order_relaxed) == 0) {
      const std::uint64_t what = random_() % 10;
      const auto done = what < 4 ? count() : what < 6 ? move() : what < 8 ? keep_journal() : look();
      if (done || (lost_race(done.error()) && ++tally_.conflicts != 0)) {
        if (connection_.in_transaction()) end();
        continue;
      }
      violation(done.error().to_string());
    }
  }

 private:
  void end() {
    if (const auto rolled_back = connection_.execute("ROLLBACK"); !rolled_back) violation("ROLLBACK");
  }
  std::int64_t draw(std::int64_t below) { return static_cast<std::int64_t>(random_() % std::uint64_t(below)); }

  // Read, add, write: the first committer wins, the other hears conflict. One in eight is thought better of.
  Result<void> count() {
    const std::int64_t counter = draw(kCounters);
    TRY(connection_.execute("BEGIN"));
    const auto read = TRY(connection_.execute("SELECT n FROM counters WHERE id = $1", {Value(counter)}));
    if (read.rows() != 1) return Error(Code::corrupt, "a counter is missing");
    TRY(connection_.execute("UPDATE counters SET n = $2 WHERE id = $1",
                            {Value(counter), Value(read.value(0, 0).as_int() + 1)}));
    if (draw(8) == 0) {
      ++tally_.rolled_back;
      TRY(connection_.execute("ROLLBACK"));
      return {};
    }
    TRY(connection_.execute("COMMIT"));
    ++tally_.counted[static_cast<std::size_t>(counter)];
    return {};
  }

  Result<void> move() {
    const std::int64_t from = draw(kAccounts), to = (from + 1 + draw(kAccounts - 1)) % kAccounts;
    TRY(connection_.execute("BEGIN"));
    TRY(connection_.execute("UPDATE accounts SET money = money - 7 WHERE id = $1", {Value(from)}));
    TRY(connection_.execute("UPDATE accounts SET money = money + 7 WHERE id = $1", {Value(to)}));
    TRY(connection_.execute("COMMIT"));
    ++tally_.moved;
    return {};
  }

  // Without BEGIN: the engine runs it again itself when it loses a race.
  Result<void> keep_journal() {
    ++journalled_;
    TRY(connection_.execute("INSERT INTO journal VALUES ($1, $2, $3)",
                            {Value(number_), Value(journalled_), Value(std::string(random_() % 200, 'x'))}));
    ++tally_.journalled;
    if (journalled_ % 4 != 0) return {};
    TRY(connection_.execute("UPDATE journal SET text = 'seen' WHERE writer = $1 AND n = $2",
                            {Value(number_), Value(journalled_ - 2)}));
    return {};
  }

  // One snapshot, twice the same.
  Result<void> look() {
    TRY(connection_.execute("BEGIN"));
    const std::int64_t first = TRY(money()), counted = TRY(sum_of_counters());
    if (first != kAccounts * kMoney) violation("a snapshot shows " + std::to_string(first) + " of the money");
    if (TRY(money()) != first || TRY(sum_of_counters()) != counted) violation("a snapshot changed");
    TRY(connection_.execute("COMMIT"));
    ++tally_.snapshots;
    return {};
  }

  Result<std::int64_t> money() {
    const auto sum = TRY(connection_.execute("SELECT CAST(sum(money) AS BIGINT) FROM accounts"));
    return sum.value(0, 0).as_int();
  }
  Result<std::int64_t> sum_of_counters() {
    const auto sum = TRY(connection_.execute("SELECT CAST(sum(n) AS BIGINT) FROM counters"));
    return sum.value(0, 0).as_int();
  }

  void violation(const std::string& what) {
    Lock lock(mutex_);
    if (tally_.violations++ == 0) first_ = what;
  }

  Connection connection_;
  const std::int64_t number_;
  std::int64_t journalled_ = 0;
  std::mt19937_64 random_;
  Tally& tally_;
  Mutex& mutex_;
  std::string& first_;
};

void set_up(Database& database) {
  Connection connection = database.connect();
  connection.execute("CREATE TABLE counters (id INT PRIMARY KEY, n INT NOT NULL)").value();
  connection.execute("CREATE TABLE accounts (id INT PRIMARY KEY, money INT NOT NULL)").value();
  connection.execute("CREATE TABLE journal (writer INT, n INT, text TEXT, PRIMARY KEY (writer, n))").value();
  for (std::int64_t i = 0; i < kCounters; ++i)
    connection.execute("INSERT INTO counters VALUES ($1, 0)", {Value(i)}).value();
  for (std::int64_t i = 0; i < kAccounts; ++i) {
    connection.execute("INSERT INTO accounts VALUES ($1, $2)", {Value(i), Value(kMoney)}).value();
  }
}

void check_counters(Database& database, const Tally& tally) {
  Connection connection = database.connect();
  for (std::int64_t i = 0; i < kCounters; ++i) {
    const auto found = connection.execute("SELECT n FROM counters WHERE id = $1", {Value(i)}).value();
    REQUIRE(found.rows() == 1);
    CHECK(found.value(0, 0).as_int() == tally.counted[static_cast<std::size_t>(i)].load());
  }
  const auto rows = connection.execute("SELECT count(*) FROM journal").value();
  CHECK(rows.value(0, 0).as_int() == static_cast<std::int64_t>(tally.journalled.load()));
}

}  // namespace

TEST_CASE("mixed: of many threads no update is lost, no snapshot is torn, and all of it is there after opening again") {
  const std::uint64_t seconds = support::environment("DURATION", MNEME_TEST_SECONDS),
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
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(seconds);
    std::vector<Thread> running;
    for (std::uint64_t i = 0; i < threads; ++i) {
      running.emplace_back(world.world().scheduler, "worker", [&, i] {
        Worker(database, static_cast<std::int64_t>(i), support::environment("SEED", 1) * 100 + i, tally, mutex, first)
            .run(until);
      });
    }
    running.clear();  // Joins.
    check_counters(database, tally);
    CHECK(database.check().value().problems.empty());
    REQUIRE(database.close());
  }
  Database database = Database::open(folder / "db", options).value();
  check_counters(database, tally);
  std::int64_t counted = 0;
  for (const auto& counter : tally.counted) counted += counter;
  std::printf(
      "mixed: %llu threads, %llu s: %lld counted, %llu moved, %llu journalled, %llu snapshots, %llu conflicts, "
      "%llu rolled back\n",
      static_cast<unsigned long long>(threads), static_cast<unsigned long long>(seconds),
      static_cast<long long>(counted), static_cast<unsigned long long>(tally.moved),
      static_cast<unsigned long long>(tally.journalled), static_cast<unsigned long long>(tally.snapshots),
      static_cast<unsigned long long>(tally.conflicts), static_cast<unsigned long long>(tally.rolled_back));
  CHECK(first == "");
  CHECK(counted > 0);
  CHECK(tally.conflicts > 0);
}

}  // namespace mneme
