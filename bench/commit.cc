// What one durable commit costs: beside a bare append of as many bytes to a preallocated file with fdatasync, which is
// the floor, and beside SQLite and LMDB; and how much sixteen writers gain from sharing syncs.
#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <thread>

#include "peer_lmdb.h"
#include "peer_sqlite.h"
#include "workload.h"

namespace mneme::bench {
namespace {

constexpr double kMicroseconds = 1e6;
constexpr double kRawVoidUs = 1'000;  // A disk this slow hides what we cost.

class RawLog {
 public:
  RawLog(const std::string& directory, std::size_t record_bytes, std::size_t records) : record_(record_bytes, 'r') {
    file_ = ::open((directory + "/raw.log").c_str(), O_CREAT | O_RDWR | O_TRUNC, 0644);
    const std::string zeros(record_bytes * records, '\0');
    if (file_ < 0 || ::pwrite(file_, zeros.data(), zeros.size(), 0) != static_cast<ssize_t>(zeros.size()) ||
        ::fsync(file_) != 0) {
      fail("cannot preallocate the raw log");
    }
  }
  RawLog(const RawLog&) = delete;
  RawLog& operator=(const RawLog&) = delete;
  ~RawLog() { ::close(file_); }
  void append() {
    if (::pwrite(file_, record_.data(), record_.size(), end_) < 0 || ::fdatasync(file_) != 0) fail("raw append");
    end_ += static_cast<off_t>(record_.size());
  }

 private:
  int file_ = -1;
  std::string record_;
  off_t end_ = 0;
};

class MnemeCommits {
 public:
  explicit MnemeCommits(const std::string& directory) : database_(open_database(directory)), connection_(connect()) {}
  void commit() {
    const Reading row = reading(next_++);
    must(insert_.execute({Value(row.id), Value::timestamp(row.ts_ns), Value(row.v), Value(row.x), row.label_text()}));
  }
  // What a commit writes, averaged.
  std::size_t bytes_per_commit() {
    constexpr std::size_t kCommits = 100;
    const std::uint64_t before = written_bytes();
    for (std::size_t i = 0; i < kCommits; ++i) commit();
    return static_cast<std::size_t>((written_bytes() - before) / kCommits);
  }
  Database& database() { return database_; }

 private:
  Connection connect() {
    Connection connection = database_.connect();
    must(connection.execute(kCreateReading));
    return connection;
  }
  Database database_;
  Connection connection_;
  Statement insert_ = must(connection_.prepare("INSERT INTO reading VALUES ($1, $2, $3, $4, $5)"));
  std::int64_t next_ = 0;
};

double microseconds_of(auto work) {
  const double begin = now_seconds();
  work();
  return (now_seconds() - begin) * kMicroseconds;
}

// Commits a second of `writers` threads, each on its own connection.
double rate_of(Database& database, std::size_t writers, std::int64_t first_id, double seconds) {
  std::atomic<bool> stop = false;
  std::atomic<std::int64_t> next = first_id;
  std::atomic<std::uint64_t> commits = 0;
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < writers; ++i) {
    threads.emplace_back([&] {
      Connection connection = database.connect();
      Statement insert = must(connection.prepare("INSERT INTO reading VALUES ($1, $2, $3, $4, $5)"));
      while (!stop) {
        const Reading row = reading(next++);
        must(
            insert.execute({Value(row.id), Value::timestamp(row.ts_ns), Value(row.v), Value(row.x), row.label_text()}));
        ++commits;
      }
    });
  }
  std::this_thread::sleep_for(std::chrono::duration<double>(seconds));
  stop = true;
  for (std::thread& thread : threads) thread.join();
  return static_cast<double>(commits.load()) / seconds;
}

void bench_group(World& world, Database& database) {
  std::vector<double> one;
  std::vector<double> sixteen;
  constexpr std::int64_t kFarId = 1'000'000'000;
  for (std::size_t round = 0; round < world.sizes.rounds; ++round) {
    const auto first = kFarId * static_cast<std::int64_t>(2 * round + 1);
    one.push_back(rate_of(database, 1, first, world.sizes.group_seconds));
    sixteen.push_back(rate_of(database, 16, first + kFarId, world.sizes.group_seconds));
  }
  const double alone = world.report.line({"commits, 1 writer", "mneme", "commit", "/s", one});
  const double shared = world.report.line({"commits, 16 writers", "mneme", "commit", "/s", sixteen});
  world.report.verdict({"16 writers to one", shared / alone, "x", Want::at_least, 5, ""});
}

}  // namespace

void bench_commit(World& world) {
  const Sizes& sizes = world.sizes;
  world.report.section("Durable commit of one row");
  MnemeCommits ours(fresh_directory(world, "commit"));
  const std::size_t record_bytes = ours.bytes_per_commit();
  RawLog raw(fresh_directory(world, "raw"), record_bytes, sizes.rounds * sizes.commits);
  world.report.note("raw and mneme alternate, " + std::to_string(sizes.commits) + " each, " +
                    std::to_string(sizes.rounds) + " rounds; both write " + std::to_string(record_bytes) +
                    " bytes a commit; SQLite: WAL, synchronous=FULL; LMDB: its default, synced");
  const std::string peers = fresh_directory(world, "commit_peers");
  Sqlite sqlite(peers, "FULL");
  sqlite.execute("CREATE TABLE reading (id INTEGER PRIMARY KEY, ts INTEGER, v INTEGER, x REAL, label TEXT)");
  SqliteStatement insert(sqlite, "INSERT INTO reading VALUES (?, ?, ?, ?, ?)");
  Lmdb lmdb(peers);

  std::vector<double> of_raw, of_ours, of_sqlite, of_lmdb;
  std::int64_t id = 0;
  for (std::size_t round = 0; round < sizes.rounds; ++round) {
    for (std::size_t i = 0; i < sizes.commits; ++i) {
      of_raw.push_back(microseconds_of([&] { raw.append(); }));
      of_ours.push_back(microseconds_of([&] { ours.commit(); }));
    }
    for (std::size_t i = 0; i < sizes.commits; ++i, ++id) {
      const Reading row = reading(id);
      insert.bind(row);
      of_sqlite.push_back(microseconds_of([&] { insert.run(); }));
      of_lmdb.push_back(microseconds_of([&] { lmdb.insert({&row, 1}); }));
    }
  }
  const double raw_us = world.report.line({"one commit, p50", "pwrite + fdatasync", "commit", "us", of_raw});
  const double ours_us = world.report.line({"one commit, p50", "mneme", "commit", "us", of_ours});
  world.report.line({"one commit, p50", "SQLite", "commit", "us", of_sqlite});
  world.report.line({"one commit, p50", "LMDB", "commit", "us", of_lmdb});
  world.report.verdict({"commit to raw append", ours_us / raw_us, "x", Want::at_most, 1.3,
                        raw_us > kRawVoidUs ? "the raw append takes over 1 ms" : ""});
  bench_group(world, ours.database());
}

}  // namespace mneme::bench
