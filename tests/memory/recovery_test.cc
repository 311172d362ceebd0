// The law of memory_budget for an opening: a log many times the budget, left by a process that was killed before it
// flushed anything, is replayed within 1.25 times the budget. Memtables become segments on the way.
//
//   LOG_MB=<n>   at least so much log
#include <doctest/doctest.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "memory/child.h"
#include "mneme/database.h"
#include "support/environment.h"
#include "support/scratch_directory.h"

namespace mneme {
namespace {

constexpr std::size_t kBudget = std::size_t{64} << 20;
constexpr double kGrowthMibMax = 1.25 * 64;
constexpr std::int64_t kRows = 4'096;  // Of a chunk.
constexpr std::size_t kDimension = 48;

std::uint64_t bytes_of(const std::string& directory) {
  std::uint64_t bytes = 0;
  for (const auto& entry : std::filesystem::directory_iterator(directory)) bytes += entry.file_size();
  return bytes;
}

// Of full files: log files are as long as they will be from the beginning, and of two the last is the one written to or
// waits for its turn.
std::uint64_t log_bytes_of(const std::string& directory) {
  std::vector<std::uint64_t> files;
  for (const auto& entry : std::filesystem::directory_iterator(directory + "/wal")) files.push_back(entry.file_size());
  const std::size_t full = files.size() < 2 ? 0 : files.size() - 2;
  return full * *std::ranges::min_element(files);
}

std::string text_of(std::int64_t id) { return std::string(static_cast<std::size_t>(id * 31 % 90), 'x'); }

Result<void> append_chunk(Appender& appender, std::int64_t from) {
  std::vector<float> place(kDimension);
  for (std::int64_t id = from; id < from + kRows; ++id) {
    place[0] = static_cast<float>(id);
    TRY(appender.append(id, id * 7919 % 100'000, text_of(id), std::span<const float>(place)));
  }
  return appender.flush(Durability::os);
}

// Rows of a chunk earlier get another value: their ends are in the log, for rows that replay has put into a segment.
// Some go altogether.
Result<void> change_chunk(Connection& connection, std::int64_t from) {
  const std::string low = std::to_string(from), high = std::to_string(from + kRows);
  TRY(connection.execute("UPDATE seen SET v = v + 1 WHERE id >= " + low + " AND id < " + high + " AND id % 8 = 0"));
  TRY(connection.execute("DELETE FROM seen WHERE id >= " + low + " AND id < " + high + " AND id % 16 = 3"));
  return {};
}

struct Written {
  std::int64_t rows = 0, sum = 0, texts = 0;
  [[nodiscard]] std::string text() const {
    return std::to_string(rows) + "," + std::to_string(sum) + "," + std::to_string(texts);
  }
};

// What every chunk of `chunks` leaves when all but the last have been changed.
Written expected(std::int64_t chunks) {
  Written all;
  for (std::int64_t id = 0; id < chunks * kRows; ++id) {
    const bool changed = id < (chunks - 1) * kRows;
    if (changed && id % 16 == 3) continue;
    ++all.rows;
    all.sum += id * 7919 % 100'000 + (changed && id % 8 == 0 ? 1 : 0);
    all.texts += static_cast<std::int64_t>(text_of(id).size());
  }
  return all;
}

// Without maintenance, and with memory for all of it: nothing leaves the log. The number of chunks is in it, too.
Result<void> write_log(Database& database, const std::string& directory, std::uint64_t bytes) {
  auto connection = database.connect();
  TRY(connection.execute("CREATE TABLE seen (id INT PRIMARY KEY, v INT, note TEXT, place VECTOR(48))"));
  auto appender = TRY(database.appender("seen"));
  std::int64_t chunks = 0;
  while (chunks < 2 || log_bytes_of(directory) < bytes) {
    TRY(append_chunk(appender, chunks++ * kRows));
    if (chunks > 1) TRY(change_chunk(connection, (chunks - 2) * kRows));
  }
  TRY(connection.execute("INSERT INTO seen VALUES (-" + std::to_string(chunks) + ", 0, '', NULL)"));
  if (bytes_of(directory + "/seg") != 0) return Error(Code::conflict, "the log is not all there is");
  return {};
}

std::string leave_log(const std::string& directory, std::uint64_t bytes) {
  static std::optional<Database> left_open;  // The process ends without closing it.
  auto database = Database::open(directory, {.memory_budget = (std::size_t{1} << 30) + 8 * bytes, .threads = 0});
  if (!database) return database.error().to_string();
  left_open = *std::move(database);
  const auto written = write_log(*left_open, directory, bytes);
  return written ? "" : written.error().to_string();
}

std::string answer(Database& database, const std::string& sql) {
  const auto result = database.connect().execute(sql);
  if (!result) return result.error().to_string();
  return result->rows() == 1 ? result->value(0, 0).to_text() : std::to_string(result->rows()) + " rows";
}

std::string recovered(const std::string& directory) {
  auto database = Database::open(directory, {.memory_budget = kBudget, .threads = 0});
  if (!database) return database.error().to_string();
  const std::int64_t chunks = -std::stoll(answer(*database, "SELECT min(id) FROM seen"));
  const std::string found = answer(*database,
                                   "SELECT concat(count(*), ',', sum(v), ',', sum(length(note))) FROM seen "
                                   "WHERE id >= 0");
  const std::string wanted = expected(chunks).text();
  return found == wanted ? "" : "there is " + found + ", and should be " + wanted;
}

TEST_CASE("memory: a log of several times the memory is recovered within 1.25 times the budget") {
  const std::uint64_t bytes = support::environment("LOG_MB", 96) << 20;
  const support::ScratchDirectory scratch;
  const std::string directory = scratch / "db";
  REQUIRE(support::in_child([&] { return leave_log(directory, bytes); }).trouble == "");
  const std::uint64_t log_bytes = log_bytes_of(directory);
  CHECK(log_bytes >= bytes);

  // First as the kernel counts what is resident, then with no more to be had than that: asking for more is an error.
  const std::string copy = scratch / "copy";
  std::filesystem::copy(directory, copy, std::filesystem::copy_options::recursive);
  const support::Outcome free = support::in_child([&] { return recovered(directory); });
  CHECK(free.trouble == "");
  CHECK(free.grown_mib <= kGrowthMibMax);
  if (!support::data_limit_works()) {
    std::puts("SKIPPED: memory: recovery under a limit: this system does not count private memory (RLIMIT_DATA)");
  } else {
    // Too little is an error, never a kill, and does no harm.
    const support::Outcome refused = support::in_child([&] { return recovered(copy); }, kBudget / 8);
    CHECK(refused.trouble.find("out of memory") != std::string::npos);
    const support::Outcome limited = support::in_child([&] { return recovered(copy); }, kBudget * 5 / 4);
    CHECK(limited.trouble == "");
    CHECK(limited.grown_mib <= kGrowthMibMax);
  }
  MESSAGE("recovery of ", log_bytes >> 20, " MiB of log: ", free.grown_mib, " MiB");
}

}  // namespace
}  // namespace mneme
