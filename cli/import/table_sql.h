// A table to be imported, said in SQL.
#pragma once

#include "import/table_sink.h"

namespace mneme::cli {

// The name in double quotes, quotes in it doubled: as SQL takes any name.
std::string quoted_name(std::string_view name);
// CREATE TABLE "name" ("column" TYPE, ...)
std::string create_table_sql(std::string_view name, const ImportTable& table);

}  // namespace mneme::cli
