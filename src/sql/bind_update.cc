// UPDATE, DELETE and TRUNCATE: the rows of a table, perhaps joined to others, that are to change.

#include "query/rules_expression.h"
#include "sql/bind_change.h"
#include "sql/bind_error.h"
#include "sql/bind_plan.h"
#include "sql/bind_with.h"

namespace mneme::sql::binding {
namespace {

// The table's columns, the RowId, then the columns of the other tables.
Result<Source> changed_rows(const Surroundings& around, const query::SchemaPtr& table, const std::string& alias,
                            const std::vector<TableRefPtr>& others, const Expression* where) {
  Source source{nullptr, table_scope(table, alias)};
  source.plan = scan_of(table, source.scope.tables.front().name, true);
  source.scope.columns.push_back({"", kInt});
  if (!others.empty()) {
    Source joined = TRY(bind_from(around, others));
    TRY(append_scope(source.scope, std::move(joined.scope), others.front()->at));
    auto columns = both_columns(*source.plan, *joined.plan);
    source.plan = make_plan(query::Join{}, std::move(columns), std::move(source.plan), std::move(joined.plan));
  }
  return bind_where(around, std::move(source), where);
}

// RETURNING sees the same columns but for the RowId.
Result<Returning> returning_without_row_id(const Surroundings& around, const Scope& scope, std::size_t row_id,
                                           const std::vector<SelectItem>& items) {
  Returning returning = TRY(bind_returning(around, scope, items));
  for (auto& expression : returning.expressions) {
    expression = query::remap_columns(*expression, [&](std::size_t i) { return i > row_id ? i - 1 : i; });
  }
  return returning;
}

Result<query::PlanPtr> bind_update_in(const Surroundings& around, const Update& update) {
  const query::SchemaPtr table = TRY(around.state.table(update.table));
  Source source = TRY(changed_rows(around, table, update.alias, update.from, update.where.get()));
  query::Update node;
  node.table = table;
  ExpressionBinder binder(around, source.scope, "UPDATE");
  binder.joining(source);
  node.new_row = TRY(bind_assignments(binder, around, *table, update.assignments));
  node.checks = TRY(bind_checks(around, table));
  Returning returning = TRY(returning_without_row_id(around, source.scope, table->columns.size(), update.returning));
  node.returning = std::move(returning.expressions);
  return make_plan(std::move(node), std::move(returning.columns), std::move(source.plan));
}

Result<query::PlanPtr> bind_delete_in(const Surroundings& around, const Delete& from) {
  const query::SchemaPtr table = TRY(around.state.table(from.table));
  Source source = TRY(changed_rows(around, table, from.alias, from.using_tables, from.where.get()));
  query::Delete node;
  node.table = table;
  Returning returning = TRY(returning_without_row_id(around, source.scope, table->columns.size(), from.returning));
  node.returning = std::move(returning.expressions);
  return make_plan(std::move(node), std::move(returning.columns), std::move(source.plan));
}

}  // namespace

Result<query::PlanPtr> bind_update(const Surroundings& around, const Update& update) {
  CommonTables tables(around);
  TRY(tables.open(update.with.tables, update.with.recursive));
  query::PlanPtr plan = TRY(bind_update_in(tables.inside(), update));
  TRY(tables.check_unused());
  return plan;
}

Result<query::PlanPtr> bind_delete(const Surroundings& around, const Delete& from) {
  CommonTables tables(around);
  TRY(tables.open(from.with.tables, from.with.recursive));
  query::PlanPtr plan = TRY(bind_delete_in(tables.inside(), from));
  TRY(tables.check_unused());
  return plan;
}

Result<query::PlanPtr> bind_truncate(const Surroundings& around, const Truncate& truncate, SourcePosition at) {
  if (truncate.restart_identity) return not_yet("RESTART IDENTITY", at, "numbers are never handed out twice");
  if (truncate.tables.size() != 1) return not_yet("TRUNCATE of several tables", at, "one statement for each table");
  const query::SchemaPtr table = TRY(around.state.table(truncate.tables.front()));
  return make_plan(query::Delete{table, {}}, {}, scan_of(table, table->name, true));
}

}  // namespace mneme::sql::binding
