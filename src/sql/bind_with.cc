#include "sql/bind_with.h"

#include <algorithm>

#include "sql/bind_error.h"
#include "sql/bind_query.h"

namespace mneme::sql::binding {

Result<void> CommonTables::open(const std::vector<CommonTable>& tables, bool recursive) {
  for (const CommonTable& table : tables) {
    const auto same_name = [&](const CommonTableScope& other) { return other.table.name.text == table.name.text; };
    if (std::ranges::any_of(tables_, same_name)) {
      return wrong("42712", "WITH query name \"" + table.name.text + "\" specified more than once", table.name.at);
    }
    if (recursive && std::holds_alternative<SetOperation>(table.query->body->node)) {
      return not_yet("WITH RECURSIVE", table.name.at, "the tables of WITH may name those before them");
    }
    inside_.tables = &tables_.emplace_back(CommonTableScope{table, inside_.tables, around_.outer});
  }
  return {};
}

Result<void> CommonTables::check_unused() const {
  for (const CommonTableScope& table : tables_) {
    if (table.used) continue;
    const std::size_t subqueries = around_.state.subqueries();
    TRY(bind_query({around_.state, table.next, table.outer}, *table.table.query));
    around_.state.drop_subqueries_behind(subqueries);
  }
  return {};
}

}  // namespace mneme::sql::binding
