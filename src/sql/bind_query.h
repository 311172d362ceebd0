// Binds queries: SELECT, VALUES, UNION, and what stands in FROM.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "sql/bind_expression.h"
#include "sql/bind_state.h"

namespace mneme::sql::binding {

// What the place asks of each column of a query: none where it takes what comes. Text literals, NULLs and parameters
// that stand alone in a select list take it (INSERT ... SELECT 'x').
using WantedTypes = std::span<const std::optional<Type>>;

// A bound query. A column whose every value was open, and TEXT only because nothing else was wanted, is marked.
struct BoundQuery {
  query::PlanPtr plan;
  std::vector<bool> open;
};

Result<BoundQuery> bind_query(const Surroundings& around, const Query& query, WantedTypes wanted = {});

// Rows and the names they go by.
struct Source {
  query::PlanPtr plan;
  Scope scope;
};
// The tables of a FROM, a comma being a cross join. None: one row without columns.
Result<Source> bind_from(const Surroundings& around, const std::vector<TableRefPtr>& tables);
Result<Source> bind_table_ref(const Surroundings& around, const TableRef& ref);
Result<Source> bind_join(const Surroundings& around, const Join& join, SourcePosition at);
Result<Source> bind_asof_join(const Surroundings& around, const Join& join, SourcePosition at);
// Splits an ON or WHERE condition over both inputs into the join's keys and residual.
void set_join_condition(query::Join& join, const query::Expression& condition, std::size_t left_columns);
// A scan of all columns of a table, in the schema's order. `name`: what it goes by.
query::PlanPtr scan_of(const query::SchemaPtr& table, const std::string& name, bool with_row_id = false);

// The operands of AND at the top of a condition, which may be null.
std::vector<const Expression*> conjuncts_of(const Expression* condition);
// WHERE: conditions become a filter, EXISTS and IN subqueries joins. `where` may be null.
Result<Source> bind_where(const Surroundings& around, Source source, const Expression* where);
// One conjunct of a WHERE that is EXISTS or IN over a query, perhaps negated.
bool is_subquery_conjunct(const Expression& conjunct);
Result<Source> bind_subquery_conjunct(const Surroundings& around, Source source, const Expression& conjunct);

Result<BoundQuery> bind_select(const Surroundings& around, const SelectCore& core, const Query& query,
                               WantedTypes wanted);
Result<BoundQuery> bind_values(const Surroundings& around, const ValuesClause& values, WantedTypes wanted,
                               SourcePosition at);

// The items of a select list or of RETURNING, with `*` spread out.
struct OutputItem {
  Bound bound;
  std::string name;
};
Result<std::vector<OutputItem>> bind_items(ExpressionBinder& binder, const Scope& scope,
                                           const std::vector<SelectItem>& items);
// LIMIT and OFFSET on top of `plan`.
Result<query::PlanPtr> add_limit(const Surroundings& around, const Query& query, query::PlanPtr plan);
bool nulls_first(const SortItem& item);
// The 1-based ordinal an ORDER BY or GROUP BY item is; none: it is no literal.
// 42P10: it is outside 1..count. 42601: a literal of another kind.
Result<std::optional<std::size_t>> ordinal_of(const Expression& expression, std::size_t count, std::string_view clause);

}  // namespace mneme::sql::binding
