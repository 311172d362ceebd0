#include "workload.h"

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace mneme::bench {

Sizes full_sizes() {
  return {.full = true,
          .rounds = 5,
          .commits = 500,
          .group_seconds = 2,
          .insert_rows = 3'000'000,
          .insert_rounds = 3,
          .read_rows = 1'000'000,
          .lookups = 50'000,
          .query_rows = 300'000,
          .open_rows = 5'000'000,
          .opens = 21,
          .replay_rows = 4'000'000,
          .memory_rows = 3'000'000,
          .vectors = 100'000,
          .searches = 21};
}

std::uint64_t mixed(std::uint64_t x) {
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
  return x ^ (x >> 31);
}

Reading reading(std::int64_t id) {
  const std::uint64_t bits = mixed(static_cast<std::uint64_t>(id) + 1);
  Reading row{id,
              1'780'304'400'000'000'000 + id * 5'000'000,
              static_cast<std::int64_t>(bits % 100'000),
              static_cast<double>(bits >> 40) * 0.001,
              {}};
  for (std::size_t i = 0; i < row.label.size(); ++i) row.label[i] = static_cast<char>('a' + (bits >> (5 * i)) % 26);
  return row;
}

std::vector<Reading> readings(std::size_t count) {
  std::vector<Reading> rows;
  rows.reserve(count);
  for (std::size_t id = 0; id < count; ++id) rows.push_back(reading(static_cast<std::int64_t>(id)));
  return rows;
}

double now_seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

double seconds_of(const std::function<void()>& work) {
  const double begin = now_seconds();
  work();
  return now_seconds() - begin;
}

std::string fresh_directory(const World& world, const char* name) {
  const std::filesystem::path path = std::filesystem::path(world.directory) / name;
  std::filesystem::remove_all(path);
  std::filesystem::create_directories(path);
  return path.string();
}

void fail(const std::string& what) {
  std::fprintf(stderr, "bench: %s\n", what.c_str());
  std::exit(EXIT_FAILURE);
}

Database open_database(const std::string& directory, std::size_t memory_budget) {
  Options options;
  options.memory_budget = memory_budget;
  return must(Database::open(directory, options));
}

void append_readings(Database& database, std::span<const Reading> rows) {
  constexpr std::size_t kRowsPerCommit = 10'000;
  Appender appender = must(database.appender("reading"));
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const Reading& row = rows[i];
    must(appender.append(row.id, row.ts_ns, row.v, row.x, row.label_text()));
    if ((i + 1) % kRowsPerCommit == 0) must(appender.flush(Durability::os));
  }
  must(appender.flush(Durability::os));
}

void settle(Database& database) {
  constexpr std::int64_t kSliceNs = 1'000'000'000;
  while (must(database.run_maintenance(kSliceNs))) {
  }
}

std::uint64_t written_bytes() {
  std::ifstream io("/proc/self/io");
  for (std::string line; std::getline(io, line);) {
    if (line.starts_with("wchar: ")) return std::stoull(line.substr(7));
  }
  return 0;
}

}  // namespace mneme::bench
