// The steps that the simulated flight and a real log have in common.
#pragma once

#include <atomic>
#include <chrono>
#include <string>
#include <vector>

#include "crash.h"
#include "mneme/database.h"
#include "picture.h"
#include "question.h"
#include "terminal.h"

namespace mneme::demo {

// The flight's own time, which now() follows. Relaxed: a reader needs some recent time and nothing that it orders.
using FlightClock = std::atomic<std::int64_t>;

class Stopwatch {
 public:
  [[nodiscard]] double seconds() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin_).count();
  }

 private:
  std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
};

// REQUIRES: the clock outlives the database.
Result<Database> open_on(const std::string& directory, const FlightClock& clock);
// Runs the writer until it is killed. `units`: what it acknowledges, in the plural.
Result<Crash> crash_in_flight(const Writer& writer, std::uint64_t kill_after, const std::string& units,
                              Terminal& terminal);
Result<Database> reopen(const std::string& directory, const FlightClock& clock, Terminal& terminal);
Result<void> check_files(Database& database, Terminal& terminal);
void ask_all(Connection& connection, const std::vector<Question>& questions, Terminal& terminal);
Result<void> draw(const Picture& picture, const std::string& path, Terminal& terminal);

}  // namespace mneme::demo
