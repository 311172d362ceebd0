#include "demo_steps.h"

#include <algorithm>
#include <cstdio>

#include "import/try.h"

namespace mneme::demo {

Result<Database> open_on(const std::string& directory, const FlightClock& clock) {
  Options options;
  options.wall_clock_ns = [&clock] { return clock.load(std::memory_order_relaxed); };
  return Database::open(directory, options);
}

Result<Crash> crash_in_flight(const Writer& writer, std::uint64_t kill_after, const std::string& units,
                              Terminal& terminal) {
  Crash crash = TRY(run_and_kill(writer, kill_after));
  auto& intervals = crash.intervals_seconds;
  std::ranges::sort(intervals);
  terminal.fact("flying", grouped(crash.acknowledged) + " " + units + " acknowledged in " +
                              duration_text(crash.seconds) + ", each a durable transaction (p50 " +
                              duration_text(intervals.empty() ? 0 : intervals[intervals.size() / 2]) + ")");
  return crash;
}

Result<Database> reopen(const std::string& directory, const FlightClock& clock, Terminal& terminal) {
  const Stopwatch watch;
  Database database = TRY(open_on(directory, clock));
  const double seconds = watch.seconds();
  const DatabaseInfo info = TRY(database.info());
  terminal.fact("reopened", "in " + duration_text(seconds) + ": " + grouped(info.recovered_groups) +
                                " commits replayed, " + grouped(info.recovered_tail_cut) + " bytes of torn tail cut");
  return database;
}

Result<void> check_files(Database& database, Terminal& terminal) {
  const CheckReport report = TRY(database.check());
  for (const std::string& problem : report.problems) terminal.check(false, "damaged", problem);
  terminal.check(report.problems.empty() && report.files > 0, "checked",
                 grouped(report.files) + " files, " + grouped(report.rows) + " rows");
  return {};
}

void ask_all(Connection& connection, const std::vector<Question>& questions, Terminal& terminal) {
  std::size_t number = 0;
  for (const Question& question : questions) ask(connection, question, ++number, terminal);
  terminal.blank();
}

Result<void> draw(const Picture& picture, const std::string& path, Terminal& terminal) {
  if (path.empty()) return {};
  const std::string text = svg(picture);
  std::FILE* file = std::fopen(path.c_str(), "wb");
  if (file == nullptr) return Error(Code::io, "cannot write '" + path + "'");
  const bool written = std::fwrite(text.data(), 1, text.size(), file) == text.size();
  if (std::fclose(file) != 0 || !written) return Error(Code::io, "cannot write '" + path + "'");
  terminal.fact("drawn", path);
  return {};
}

}  // namespace mneme::demo
