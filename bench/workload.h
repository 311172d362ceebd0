// Workload: the rows that all engines store, the sizes of a run, and what every benchmark needs: a clock, directories
// of its own, and an end to the program when an engine fails (a figure beside a failure would mean nothing).
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "mneme/database.h"
#include "report.h"

namespace mneme::bench {

struct Sizes {
  bool full = false;
  std::size_t rounds = 1;
  std::size_t commits = 20;  // A round.
  double group_seconds = 0.1;
  std::size_t insert_rows = 20'000;
  std::size_t insert_rounds = 1;
  std::size_t read_rows = 10'000;
  std::size_t lookups = 1'000;  // A round.
  std::size_t query_rows = 10'000;
  std::size_t open_rows = 10'000;
  std::size_t opens = 3;
  std::size_t replay_rows = 10'000;
  std::size_t memory_rows = 20'000;
  std::size_t vectors = 2'000;  // At most.
  std::size_t searches = 3;
};
Sizes full_sizes();

struct World {            // What a benchmark works with.
  std::string directory;  // Exists; on a real disk in a full run.
  std::string duckdb;     // Path of libduckdb.so; empty: not there.
  Sizes sizes;
  Report& report;
};

// (id INT, ts TIMESTAMP, v INT, x FLOAT, label TEXT of 12 bytes); every row follows from its number.
struct Reading {
  std::int64_t id;
  std::int64_t ts_ns;
  std::int64_t v;
  double x;
  std::array<char, 12> label;
  [[nodiscard]] std::string_view label_text() const { return {label.data(), label.size()}; }
};
Reading reading(std::int64_t id);
std::vector<Reading> readings(std::size_t count);  // From 0 on.
std::uint64_t mixed(std::uint64_t x);              // SplitMix64's finaliser.

double now_seconds();
double seconds_of(const std::function<void()>& work);
std::string fresh_directory(const World& world, const char* name);  // Empty, and there.

[[noreturn]] void fail(const std::string& what);
template <class T>
T must(Result<T> result) {
  if (!result) fail(result.error().to_string());
  return std::move(result).value();
}
inline void must(Result<void> result) {
  if (!result) fail(result.error().to_string());
}

Database open_database(const std::string& directory, std::size_t memory_budget = std::size_t{256} << 20);
constexpr const char* kCreateReading =
    "CREATE TABLE reading (id INT PRIMARY KEY, ts TIMESTAMP, v INT, x FLOAT, label TEXT)";
// Commits every 10,000 rows, safe from the end of the process only.
void append_readings(Database& database, std::span<const Reading> rows);
void settle(Database& database);  // Until maintenance has nothing to do.

// Each prints its section.
void bench_commit(World& world);
void bench_insert(World& world);
void bench_point_read(World& world);
void bench_queries(World& world);
void bench_open(World& world);
void bench_memory(World& world);
void bench_nearest(World& world);
void bench_size(World& world);

// What this process handed to write() so far, in bytes.
std::uint64_t written_bytes();

// A step of bench_memory, in a process of its own: "load", "query", ...
int memory_step(const std::string& step, const std::string& directory, std::size_t rows);

}  // namespace mneme::bench
