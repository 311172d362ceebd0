// The demo on the simulated flight: fly, be killed, come back, prove that nothing acknowledged is missing, fly on, ask,
// and draw. Every step checks itself.
#pragma once

#include <string>

#include "flight.h"
#include "mneme/result.h"
#include "terminal.h"

namespace mneme::demo {

struct DemoPaths {
  std::string database;  // A directory that is not there yet.
  std::string picture;   // Empty: none.
};

// An error: the demo could not go on. What it checks is counted in `terminal`.
Result<void> fly(const FlightOptions& options, const DemoPaths& paths, Terminal& terminal);

}  // namespace mneme::demo
