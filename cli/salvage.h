// mneme DIR salvage DEST: what is readable of a damaged database into a new one, and a report of what is not.
#pragma once

#include <string>

#include "mneme/salvage.h"
#include "output.h"

namespace mneme::cli {

// The report goes to standard output: as text, or as one JSON object. False: something was lost.
Result<bool> salvage_to(const std::string& source, const std::string& destination, std::size_t memory_budget,
                        Mode mode);

}  // namespace mneme::cli
