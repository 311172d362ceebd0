// Whether a database is sound, for programs that are not doctest's.
#pragma once

#include "mneme/database.h"

namespace mneme::support {

// corrupt: the first problem that its own check finds.
inline Result<void> check_sound(Database& database) {
  const auto report = database.check();
  if (!report) return report.error();
  if (!report->problems.empty()) return Error(Code::corrupt, report->problems.front());
  return {};
}

}  // namespace mneme::support
