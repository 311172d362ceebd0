#include "sql/bind_change.h"

#include "sql/bind_error.h"
#include "sql/bind_plan.h"
#include "sql/parser.h"

namespace mneme::sql::binding {

Result<std::size_t> writable_column(const TableSchema& table, const Name& name) {
  const ColumnSchema* column = table.find(name.text);
  if (column != nullptr && !column->hidden) return *table.ordinal_of(column->id);
  std::vector<std::string> names;
  for (const ColumnSchema& other : table.columns) {
    if (!other.hidden) names.push_back(other.name);
  }
  return missing("42703", "column \"" + name.text + "\" of relation \"" + table.name + "\" does not exist", name.at)
      .with_hint(nearest_hint(name.text, names));
}

Result<query::ExpressionPtr> default_of(const Surroundings& around, const ColumnSchema& column, SourcePosition at) {
  if (column.default_sql.empty() || column.identity || column.hidden) return constant(Value::null(column.type), at);
  const ExpressionPtr parsed = TRY(parse_expression(column.default_sql));
  const Scope nothing;
  ExpressionBinder binder(around, nothing, "DEFAULT");
  auto bound = binder.bind_as(*parsed, column.type, CastContext::assignment);
  if (!bound) return std::move(bound).error().during("default of \"" + column.name + "\"");
  return bound;
}

Result<query::ExpressionPtr> bind_assigned(ExpressionBinder& binder, const Surroundings& around,
                                           const ColumnSchema& column, const Expression& value) {
  if (std::holds_alternative<DefaultMarker>(value.node)) return default_of(around, column, value.at);
  auto bound = binder.bind_as(value, column.type, CastContext::assignment);
  if (!bound) return std::move(bound).error().during("column \"" + column.name + "\"");
  return bound;
}

Result<std::vector<query::ExpressionPtr>> bind_assignments(ExpressionBinder& binder, const Surroundings& around,
                                                           const TableSchema& table,
                                                           const std::vector<Assignment>& assignments) {
  std::vector<query::ExpressionPtr> new_row(table.columns.size());
  for (const Assignment& assignment : assignments) {
    const std::size_t ordinal = TRY(writable_column(table, assignment.column));
    const ColumnSchema& column = table.columns[ordinal];
    if (new_row[ordinal]) {
      return wrong("42601", "multiple assignments to same column \"" + column.name + "\"", assignment.column.at);
    }
    if (column.identity && std::holds_alternative<DefaultMarker>(assignment.value->node)) {
      return not_yet("SET an identity column to DEFAULT", assignment.value->at, "give it a number");
    }
    new_row[ordinal] = TRY(bind_assigned(binder, around, column, *assignment.value));
  }
  for (std::size_t i = 0; i < new_row.size(); ++i) {
    if (!new_row[i]) new_row[i] = query::make_column(i, table.columns[i].type);
  }
  return new_row;
}

Result<std::vector<query::CheckExpression>> bind_checks(const Surroundings& around, const query::SchemaPtr& table) {
  std::vector<query::CheckExpression> checks;
  const Scope scope = table_scope(table, "");
  for (const CheckSchema& check : table->checks) {
    const ExpressionPtr parsed = TRY(parse_expression(check.sql));
    ExpressionBinder binder(around, scope, "CHECK");
    auto bound = binder.bind_condition(*parsed);
    if (!bound) return std::move(bound).error().during("check \"" + check.name + "\"");
    checks.push_back({check.name, std::move(bound).value()});
  }
  return checks;
}

Result<Returning> bind_returning(const Surroundings& around, const Scope& scope, const std::vector<SelectItem>& items) {
  Returning returning;
  ExpressionBinder binder(around, scope, "RETURNING");
  for (OutputItem& item : TRY(bind_items(binder, scope, items))) {
    returning.expressions.push_back(TRY(settle(around.state, std::move(item.bound))));
    returning.columns.push_back({std::move(item.name), returning.expressions.back()->type});
  }
  return returning;
}

}  // namespace mneme::sql::binding
