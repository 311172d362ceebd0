// The command line's commands beside SQL.
#pragma once

#include <string>

#include "mneme/database.h"

namespace mneme::cli {

Result<void> print_tables(Database& database);
Result<void> print_schema(Database& database, const std::string& table);  // Empty: of all tables.
Result<void> print_info(Database& database);
// corrupt: problems were found; they are on standard error.
Result<void> check(Database& database);
Result<void> import_path(Database& database, const std::string& path, const std::string& table);

}  // namespace mneme::cli
