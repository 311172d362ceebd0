// Writes a flight log into a database in small durable commits, and compares what a database holds with the log.
//
// The log's rows come in the same order whenever it is read, and go in by chunks, one commit each. So the number of
// acknowledged chunks says which rows must be there, and writing again goes on where the tables end.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "crash.h"
#include "mneme/database.h"

namespace mneme::demo {

inline constexpr std::size_t kChunkRows = 64;  // At most, in one commit.

// Writes what is not there yet. `acknowledge` counts every chunk, those that were there, too.
Result<void> replay_log(Database& database, const std::string& path, const Acknowledge& acknowledge);

Result<std::uint64_t> chunks_of_log(const std::string& path);

struct LogSurvey {
  std::uint64_t chunks = 0;   // Of the log.
  std::uint64_t present = 0;  // Whole ones, from the first on.
  std::uint64_t rows = 0;     // Compared value by value.
  std::vector<std::string> mismatches;
};
Result<LogSurvey> survey_log(Database& database, const std::string& path);

}  // namespace mneme::demo
