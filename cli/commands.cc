#include "commands.h"

#include <time.h>

#include <cinttypes>
#include <cstdio>

#include "import/import.h"
#include "progress.h"

namespace mneme::cli {
namespace {

std::string bytes_text(std::uint64_t bytes) {
  const char* const units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
  auto amount = static_cast<double>(bytes);
  std::size_t unit = 0;
  for (; amount >= 1'024 && unit < 4; ++unit) amount /= 1'024;
  char text[32];
  std::snprintf(text, sizeof text, unit == 0 ? "%.0f %s" : "%.1f %s", amount, units[unit]);
  return text;
}

void print_readers(const DatabaseInfo& info) {
  std::printf("readers       %zu in other processes\n", info.readers.size());
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  for (const auto& reader : info.readers) {
    const double age_s = static_cast<double>(now.tv_sec) - static_cast<double>(reader.since_ns) / 1e9;
    std::printf("  process %-10" PRIu32 " for %.0f s%s, ", reader.pid, age_s > 0 ? age_s : 0.0,
                reader.alive ? "" : " (has ended, or is not to be seen from here)");
    if (!reader.keeps_files) {
      std::printf("keeps nothing\n");
    } else if (reader.keeps_log) {
      std::printf("keeps all files and the log: it is opening\n");
    } else {
      std::printf("keeps files dropped since edit %" PRIu64 " of manifest %" PRIu64 "\n", reader.edit, reader.manifest);
    }
  }
}

}  // namespace

Result<void> print_tables(Database& database) {
  const auto info = database.info();
  if (!info) return info.error();
  for (const auto& table : info->tables) {
    std::printf("%-32s %12" PRIu64 " rows  %10s\n", table.name.c_str(), table.rows, bytes_text(table.bytes).c_str());
  }
  return {};
}

Result<void> print_schema(Database& database, const std::string& table) {
  const auto info = database.info();
  if (!info) return info.error();
  bool found = table.empty();
  for (const auto& entry : info->tables) {
    if (!table.empty() && entry.name != table) continue;
    std::printf("%s\n", entry.sql.c_str());
    found = true;
  }
  if (!found) return Error(Code::not_found, "table '" + table + "' does not exist");
  return {};
}

Result<void> print_info(Database& database) {
  const auto info = database.info();
  if (!info) return info.error();
  std::printf("tables        %zu\n", info->tables.size());
  for (const auto& table : info->tables) {
    std::printf("  %-30s %12" PRIu64 " rows  %4" PRIu64 " segments  %10s\n", table.name.c_str(), table.rows,
                table.segments, bytes_text(table.bytes).c_str());
  }
  if (!info->read_only) std::printf("log           %s\n", bytes_text(info->log_bytes).c_str());
  std::printf("memory        %s of %s (peak %s)\n", bytes_text(info->memory_used).c_str(),
              bytes_text(info->memory_budget).c_str(), bytes_text(info->memory_peak).c_str());
  std::printf("recovery      %" PRIu64 " commits replayed, %" PRIu64 " bytes of torn tail cut\n",
              info->recovered_groups, info->recovered_tail_cut);
  print_readers(*info);
  return {};
}

Result<void> check(Database& database) {
  const auto report = database.check();
  if (!report) return report.error();
  for (const std::string& problem : report->problems) std::fprintf(stderr, "%s\n", problem.c_str());
  std::printf("%" PRIu64 " files, %" PRIu64 " rows checked, %zu problems\n", report->files, report->rows,
              report->problems.size());
  if (report->problems.empty()) return {};
  return Error(Code::corrupt, "the check found problems");
}

Result<void> import_path(Database& database, const std::string& path, const std::string& table) {
  Progress progress("import");
  import::ImportOptions options;
  options.table = table;
  options.progress = [&](std::uint64_t done, std::uint64_t total) { progress.show(done, total); };
  const auto report = import::import_file(database, path, options);
  if (!report) return report.error();
  for (const std::string& warning : report->warnings) std::fprintf(stderr, "warning: %s\n", warning.c_str());
  std::printf("%" PRIu64 " rows into %zu tables\n", report->rows, report->tables);
  return {};
}

}  // namespace mneme::cli
