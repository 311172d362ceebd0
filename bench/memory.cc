// The most memory a process ever held (VmHWM) less what an empty one holds, under a budget of 64 MiB: while loading,
// asking, compacting, recovering from a kill and reopening, each in a process of its own.
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <fstream>

#include "workload.h"

namespace mneme::bench {
namespace {

constexpr std::size_t kBudget = std::size_t{64} << 20;
constexpr double kMib = 1024;  // VmHWM is in KiB.

std::uint64_t peak_kib() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmHWM:")) return std::stoull(line.substr(6));
  }
  return 0;
}

void load(Database& database, std::size_t rows) {
  constexpr std::size_t kChunk = 10'000;  // Made as they are needed: the rows are not what is measured.
  must(database.connect().execute(std::string("CREATE TABLE IF NOT EXISTS") + (kCreateReading + 12)));
  Connection connection = database.connect();
  const auto first = must(connection.execute("SELECT coalesce(max(id) + 1, 0) FROM reading")).value(0, 0).as_int();
  Appender appender = must(database.appender("reading"));
  for (std::size_t i = 0; i < rows; ++i) {
    const Reading row = reading(first + static_cast<std::int64_t>(i));
    must(appender.append(row.id, row.ts_ns, row.v, row.x, row.label_text()));
    if ((i + 1) % kChunk == 0) must(appender.flush(Durability::os));
  }
  must(appender.flush(Durability::os));
}

void query(Database& database) {
  Connection connection = database.connect();
  for (const char* sql : {"SELECT count(*), sum(x), max(label) FROM reading WHERE v < 50000",
                          "SELECT v % 1000 AS g, count(*), avg(x) FROM reading GROUP BY g ORDER BY g",
                          "SELECT * FROM reading ORDER BY x DESC, id LIMIT 100", "SELECT * FROM reading"}) {
    RowStream stream = must(connection.query(sql));
    while (must(stream.next())) {
    }
  }
}

double step_mib(const std::string& step, const std::string& directory, std::size_t rows) {
  char self[4096];
  const ssize_t bytes = readlink("/proc/self/exe", self, sizeof self - 1);
  if (bytes <= 0) fail("readlink");
  const std::string command = "exec '" + std::string(self, static_cast<std::size_t>(bytes)) + "' --memory-step " +
                              step + " '" + directory + "' " + std::to_string(rows);
  std::FILE* pipe = popen(command.c_str(), "r");
  unsigned long long kib = 0;
  if (pipe == nullptr || std::fscanf(pipe, "%llu", &kib) != 1) fail("memory step " + step);
  pclose(pipe);
  return static_cast<double>(kib) / kMib;
}

}  // namespace

int memory_step(const std::string& step, const std::string& directory, std::size_t rows) {
  if (step != "empty") {
    Database database = open_database(directory, kBudget);
    if (step == "load" || step == "kill") load(database, rows);
    if (step == "query") query(database);
    if (step == "compact") {
      must(database.connect().execute("DELETE FROM reading WHERE id % 3 = 0"));
      settle(database);
    }
    if (step == "reopen" || step == "recover") must(must(database.table("reading")).get(1));
    if (step == "kill") {
      std::printf("%llu\n", static_cast<unsigned long long>(peak_kib()));
      std::fflush(stdout);
      raise(SIGKILL);
    }
    must(database.close());
  }
  std::printf("%llu\n", static_cast<unsigned long long>(peak_kib()));
  return 0;
}

void bench_memory(World& world) {
  world.report.section("Memory under a budget of 64 MiB");
  const std::string directory = fresh_directory(world, "memory");
  const double empty = step_mib("empty", directory, 0);
  world.report.note("VmHWM of a process less that of an empty one (" + number_text(empty) + " MiB); " +
                    number_text(static_cast<double>(world.sizes.memory_rows)) + " rows");
  double worst = 0;
  for (const char* step : {"load", "query", "compact", "kill", "recover", "reopen"}) {
    const double grown = step_mib(step, directory, world.sizes.memory_rows) - empty;
    worst = std::max(worst, grown);
    world.report.line({std::string("peak while: ") + step, "mneme", "os", "MiB", {grown}});
  }
  world.report.verdict({"peak to budget", worst / 64, "x", Want::at_most, 1.25, ""});
}

}  // namespace mneme::bench
