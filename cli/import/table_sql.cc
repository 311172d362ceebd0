#include "import/table_sql.h"

namespace mneme::cli {

std::string quoted_name(std::string_view name) {
  std::string quoted = "\"";
  for (const char c : name) {
    if (c == '"') quoted += c;
    quoted += c;
  }
  return quoted + "\"";
}

std::string create_table_sql(std::string_view name, const ImportTable& table) {
  std::string sql = "CREATE TABLE " + quoted_name(name) + " (";
  for (const ImportColumn& column : table.columns) {
    if (sql.back() != '(') sql += ", ";
    sql += quoted_name(column.name) + " " + type_name(column.type);
  }
  return sql + ")";
}

}  // namespace mneme::cli
