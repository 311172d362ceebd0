// Runs SQL and prints what comes of it.
#pragma once

#include <string_view>

#include "mneme/database.h"
#include "output.h"

namespace mneme::cli {

struct RunOptions {
  Mode mode = Mode::table;
  bool timing = false;    // Print how long each text took.
  bool say_done = false;  // Of statements without rows, say so (the shell).
};

// One statement streams its rows, so that a large result needs no memory; a script prints result by result.
Result<void> run_sql(Connection& connection, std::string_view sql, const RunOptions& options);

// "error: conflict: ... (line 1, column 8)" and the hint below it, on standard error.
void print_error(const Error& error);

}  // namespace mneme::cli
