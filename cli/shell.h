// The interactive shell: lines with history and editing, statements over several lines, dot commands.
#pragma once

#include "mneme/database.h"
#include "run_sql.h"

namespace mneme::cli {

// Reads until end of input or .quit. Returns the exit status.
int run_shell(Database& database, RunOptions options);

}  // namespace mneme::cli
