// What one durable commit costs: beside a bare append of as many bytes to a preallocated file with fdatasync, which is
// the floor, and beside SQLite and LMDB; and how much sixteen writers gain from sharing syncs, beside sixteen threads
// that do nothing else.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
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
  static constexpr std::size_t kAtOnceMax = 16;
  RawLog(const std::string& directory, std::size_t record_bytes, std::size_t records)
      : record_bytes_(record_bytes), records_(record_bytes * kAtOnceMax, 'r'), bytes_(record_bytes * records) {
    file_ = ::open((directory + "/raw.log").c_str(), O_CREAT | O_RDWR | O_TRUNC, 0644);
    const std::string zeros(bytes_, '\0');
    if (file_ < 0 || ::pwrite(file_, zeros.data(), zeros.size(), 0) != static_cast<ssize_t>(zeros.size()) ||
        ::fsync(file_) != 0) {
      fail("cannot preallocate the raw log");
    }
  }
  RawLog(const RawLog&) = delete;
  RawLog& operator=(const RawLog&) = delete;
  ~RawLog() { ::close(file_); }
  void append(std::size_t count = 1) {
    const std::size_t bytes = count * record_bytes_;
    if (end_ + bytes > bytes_) end_ = 0;
    const ssize_t put = ::pwrite(file_, records_.data(), bytes, static_cast<off_t>(end_));
    if (put < 0 || ::fdatasync(file_) != 0) fail("raw append");
    end_ += bytes;
  }

 private:
  int file_ = -1;
  std::size_t record_bytes_;
  std::string records_;
  std::size_t bytes_;
  std::size_t end_ = 0;
};

// What any database's writers could reach at most: each only asks for its record to be durable, and one of those who
// wait writes and syncs for all.
class BareGroup {  // Thread-safe.
 public:
  explicit BareGroup(RawLog& log) : log_(log) {}
  void commit() {
    const std::uint64_t own = ++asked_;
    for (;;) {
      const std::uint64_t round = rounds_;
      if (durable_ >= own) return;
      if (leading_.exchange(true)) {
        rounds_.wait(round);
        continue;
      }
      const std::uint64_t to = asked_;
      if (to > durable_) log_.append(to - durable_);
      durable_ = to;
      leading_ = false;
      ++rounds_;
      rounds_.notify_all();
    }
  }

 private:
  RawLog& log_;
  std::atomic<std::uint64_t> asked_ = 0, durable_ = 0, rounds_ = 0;
  std::atomic<bool> leading_ = false;
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

// Commits a second of `writers` threads, each with what `writer` gives it.
double rate_of(std::size_t writers, double seconds, auto writer) {
  std::atomic<bool> stop = false;
  std::atomic<std::uint64_t> commits = 0;
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < writers; ++i) {
    threads.emplace_back([&] {
      auto commit = writer();
      for (; !stop; ++commits) commit();
    });
  }
  std::this_thread::sleep_for(std::chrono::duration<double>(seconds));
  stop = true;
  for (std::thread& thread : threads) thread.join();
  return static_cast<double>(commits.load()) / seconds;
}

// Each on its own connection.
double rate_of(Database& database, std::size_t writers, std::int64_t first_id, double seconds) {
  std::atomic<std::int64_t> next = first_id;
  return rate_of(writers, seconds, [&] {
    Connection connection = database.connect();
    Statement insert = must(connection.prepare("INSERT INTO reading VALUES ($1, $2, $3, $4, $5)"));
    return [&next, connection = std::move(connection), insert = std::move(insert)]() mutable {
      const Reading row = reading(next++);
      must(insert.execute({Value(row.id), Value::timestamp(row.ts_ns), Value(row.v), Value(row.x), row.label_text()}));
    };
  });
}

double bare_rate_of(RawLog& raw, std::size_t writers, double seconds) {
  BareGroup group(raw);
  return rate_of(writers, seconds, [&] { return [&] { group.commit(); }; });
}

void bench_group(World& world, Database& database, RawLog& raw) {
  constexpr std::size_t kWriters = 16;
  static_assert(kWriters <= RawLog::kAtOnceMax);
  std::vector<double> one, all, bare_one, bare_all;
  constexpr std::int64_t kFarId = 1'000'000'000;
  const double seconds = world.sizes.group_seconds;
  for (std::size_t round = 0; round < world.sizes.rounds; ++round) {
    const auto first = kFarId * static_cast<std::int64_t>(2 * round + 1);
    one.push_back(rate_of(database, 1, first, seconds));
    all.push_back(rate_of(database, kWriters, first + kFarId, seconds));
    bare_one.push_back(bare_rate_of(raw, 1, seconds));
    bare_all.push_back(bare_rate_of(raw, kWriters, seconds));
  }
  const double alone = world.report.line({"commits, 1 writer", "mneme", "commit", "/s", one});
  const double shared = world.report.line({"commits, 16 writers", "mneme", "commit", "/s", all});
  const double bare_alone = world.report.line({"commits, 1 writer", "bare queue", "commit", "/s", bare_one});
  const double bare_shared = world.report.line({"commits, 16 writers", "bare queue", "commit", "/s", bare_all});
  world.report.verdict({"16 writers to one", shared / alone, "x", Want::at_least, 5, ""});
  world.report.verdict({"16 writers to one, bare queue", bare_shared / bare_alone, "x", Want::nothing, 0, ""});
}

}  // namespace

void bench_commit(World& world) {
  const Sizes& sizes = world.sizes;
  world.report.section("Durable commit of one row");
  MnemeCommits ours(fresh_directory(world, "commit"));
  const std::size_t record_bytes = ours.bytes_per_commit();
  RawLog raw(fresh_directory(world, "raw"), record_bytes, std::max(sizes.rounds * sizes.commits, RawLog::kAtOnceMax));
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
  bench_group(world, ours.database(), raw);
}

}  // namespace mneme::bench
