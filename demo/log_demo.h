// The demo on a real PX4 log: the same steps as on the simulated flight.
#pragma once

#include <string>

#include "flight_demo.h"

namespace mneme::demo {

Result<void> replay(const std::string& log, const DemoPaths& paths, Terminal& terminal);

}  // namespace mneme::demo
