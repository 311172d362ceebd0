// What an import says in SQL.
#include "import/table_sql.h"

#include <doctest/doctest.h>

namespace {
using namespace mneme;
using namespace mneme::cli;
}  // namespace

TEST_CASE("table sql: any name is quoted so that it is nothing but a name") {
  CHECK(quoted_name("ts") == "\"ts\"");
  CHECK(quoted_name("a\"; DROP TABLE b; --") == "\"a\"\"; DROP TABLE b; --\"");
}

TEST_CASE("table sql: a table is created with its columns' names quoted and their types spelled out") {
  const ImportTable table{"t",
                          {{"when", {.kind = TypeKind::timestamp}},
                           {"v", {.kind = TypeKind::vector, .element = VectorElement::u8, .dimension = 128}}}};
  CHECK(create_table_sql("p\"0", table) == "CREATE TABLE \"p\"\"0\" (\"when\" TIMESTAMP, \"v\" VECTOR(128, u8))");
}
