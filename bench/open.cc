// How soon a database answers: opening a large one after a clean close with the first question by key, and replaying
// the log after the process was killed.
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>

#include "workload.h"

namespace mneme::bench {
namespace {

constexpr std::size_t kPayloadBytes = 160;
constexpr std::size_t kRowsPerCommit = 10'000;

// Hexadecimal digits that no encoding shortens to nothing.
void fill_payload(std::uint64_t seed, std::string& payload) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  payload.clear();
  for (std::uint64_t word = 0; payload.size() < kPayloadBytes; ++word) {
    for (std::uint64_t bits = mixed(seed * 16 + word), i = 0; i < 16; ++i, bits >>= 4) payload += kDigits[bits & 15];
  }
}

void load(Database& database, std::size_t rows) {
  must(database.connect().execute(
      "CREATE TABLE moment (id INT PRIMARY KEY, ts TIMESTAMP, v INT, x FLOAT, label TEXT, payload TEXT)"));
  Appender appender = must(database.appender("moment"));
  std::string payload;
  for (std::size_t i = 0; i < rows; ++i) {
    const Reading row = reading(static_cast<std::int64_t>(i));
    fill_payload(i, payload);
    must(appender.append(row.id, row.ts_ns, row.v, row.x, row.label_text(), std::string_view(payload)));
    if ((i + 1) % kRowsPerCommit == 0) must(appender.flush(Durability::os));
  }
  must(appender.flush(Durability::os));
}

std::uint64_t bytes_in(const std::string& directory) {
  std::uint64_t bytes = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(directory)) {
    if (entry.is_regular_file()) bytes += entry.file_size();
  }
  return bytes;
}

void bench_reopen(World& world) {
  const std::string directory = fresh_directory(world, "open");
  {
    Database database = open_database(directory);
    load(database, world.sizes.open_rows);
    settle(database);
    must(database.close());
  }
  std::vector<double> milliseconds;
  for (std::size_t i = 0; i < world.sizes.opens; ++i) {
    const auto id = static_cast<std::int64_t>(mixed(i + 1) % world.sizes.open_rows);
    const double begin = now_seconds();
    Database database = open_database(directory);
    Connection connection = database.connect();
    const ResultSet found = must(connection.execute("SELECT v FROM moment WHERE id = $1", {Value(id)}));
    milliseconds.push_back((now_seconds() - begin) * 1e3);
    if (found.value(0, 0).as_int() != reading(id).v) fail("a wrong row after reopening");
    must(database.close());
  }
  world.report.note(number_text(static_cast<double>(world.sizes.open_rows)) + " rows, " +
                    number_text(static_cast<double>(bytes_in(directory)) / 1e6) + " MB on disk; page cache warm");
  const double middle = world.report.line({"open + first row by key", "mneme", "-", "ms", milliseconds});
  world.report.verdict(
      {"open + first row by key", middle, "ms", Want::at_most, 10, world.sizes.full ? "" : "a small run"});
}

// One log that holds everything, so that nothing is flushed before the end.
Database open_with_large_log(const std::string& directory) {
  Options options;
  options.memory_budget = std::size_t{6} << 30;
  options.log_file_bytes = std::uint64_t{2} << 30;
  return must(Database::open(directory, options));
}

// Fills a database in another process, which is killed with everything in its log; returns what it wrote to that.
std::uint64_t fill_and_be_killed(const std::string& directory, std::size_t rows) {
  int ends[2];
  if (pipe(ends) != 0) fail("pipe");
  const pid_t child = fork();
  if (child == 0) {
    Database database = open_with_large_log(directory);
    const std::uint64_t before = written_bytes();
    load(database, rows);
    const std::uint64_t written = written_bytes() - before;
    if (write(ends[1], &written, sizeof written) != sizeof written) _exit(1);
    raise(SIGKILL);
  }
  std::uint64_t written = 0;
  if (child < 0 || read(ends[0], &written, sizeof written) != sizeof written) fail("the writer that was to be killed");
  waitpid(child, nullptr, 0);
  close(ends[0]);
  close(ends[1]);
  return written;
}

void bench_replay(World& world) {
  std::vector<double> rates;
  for (std::size_t round = 0; round < std::min<std::size_t>(world.sizes.rounds, 3); ++round) {
    const std::string directory = fresh_directory(world, "replay");
    const std::uint64_t written = fill_and_be_killed(directory, world.sizes.replay_rows);
    const double begin = now_seconds();
    Database database = open_with_large_log(directory);
    rates.push_back(static_cast<double>(written) / 1e6 / (now_seconds() - begin));
    Connection connection = database.connect();
    const auto count = must(connection.execute("SELECT count(*) FROM moment")).value(0, 0).as_int();
    if (count != static_cast<std::int64_t>(world.sizes.replay_rows)) fail("rows are missing after a kill");
  }
  const double rate = world.report.line({"replay after a kill", "mneme", "os", "MB/s", rates});
  world.report.verdict(
      {"replay after a kill", rate, "MB/s", Want::at_least, 200, world.sizes.full ? "" : "a small run"});
}

}  // namespace

void bench_open(World& world) {
  world.report.section("Opening");
  bench_reopen(world);
  bench_replay(world);
}

}  // namespace mneme::bench
