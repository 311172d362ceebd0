#include "commands.h"

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
  std::printf("log           %s\n", bytes_text(info->log_bytes).c_str());
  std::printf("memory        %s of %s (peak %s)\n", bytes_text(info->memory_used).c_str(),
              bytes_text(info->memory_budget).c_str(), bytes_text(info->memory_peak).c_str());
  std::printf("recovery      %" PRIu64 " commits replayed, %" PRIu64 " bytes of torn tail cut\n",
              info->recovered_groups, info->recovered_tail_cut);
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
