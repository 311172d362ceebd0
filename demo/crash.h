// Crash: runs a writer in a process of its own and kills it with SIGKILL in mid-flight.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "mneme/result.h"

namespace mneme::demo {

// Called by the writer each time a unit of work (numbered from 0, in order) was acknowledged by the database.
using Acknowledge = std::function<void(std::uint64_t number)>;
using Writer = std::function<Result<void>(const Acknowledge&)>;

struct Crash {
  std::uint64_t acknowledged = 0;         // How many units were.
  bool killed = false;                    // False: the writer ended before it was told to.
  std::vector<double> intervals_seconds;  // Between two acknowledgements.
  double seconds = 0;                     // From the first to the last.
};

// Kills the writer as soon as `kill_after` units are known to be acknowledged; it is a few units further by then, and
// what it managed to say counts. REQUIRES: this process has no other threads and no open database: it forks.
Result<Crash> run_and_kill(const Writer& writer, std::uint64_t kill_after);

}  // namespace mneme::demo
