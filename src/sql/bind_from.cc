// FROM: tables, subqueries, tables of WITH, generate_series. Joins are in bind_join.cc.
#include "query/rules_expression.h"
#include "sql/bind_error.h"
#include "sql/bind_plan.h"
#include "sql/bind_query.h"
#include "sql/bind_with.h"

namespace mneme::sql::binding {
namespace {

// t(a, b): new names for the first columns.
Result<void> rename_columns(std::vector<ScopeColumn>& columns, const TableAlias& alias, const std::string& table) {
  std::size_t visible = 0;
  for (const ScopeColumn& column : columns) visible += column.hidden ? 0 : 1;
  if (alias.columns.size() > visible) {
    return wrong("42P10",
                 "table \"" + table + "\" has " + std::to_string(visible) + " columns available but " +
                     std::to_string(alias.columns.size()) + " columns specified",
                 alias.columns[visible].at);
  }
  std::size_t next = 0;
  for (ScopeColumn& column : columns) {
    if (!column.hidden && next < alias.columns.size()) column.name = alias.columns[next++].text;
  }
  return {};
}

Result<Source> named(query::PlanPtr plan, const TableAlias& alias, const std::string& own_name, SourcePosition at) {
  std::vector<ScopeColumn> columns;
  for (const query::OutputColumn& column : plan->columns) columns.push_back({column.name, column.type});
  ScopeTable table;
  table.name = alias.name.empty() ? own_name : alias.name;
  table.source = own_name;
  TRY(rename_columns(columns, alias, table.name));
  Source source{std::move(plan), {}};
  TRY(add_table(source.scope, std::move(table), std::move(columns), at));
  return source;
}

Result<Source> bind_common_table(const Surroundings& around, CommonTableScope& common, const BaseTable& ref) {
  common.used = true;
  BoundQuery bound = TRY(bind_query({around.state, common.next, common.outer}, *common.table.query));
  TableAlias own{common.table.name.text, {}, common.table.name.at};
  for (const Name& column : common.table.columns) own.columns.push_back(column);
  if (own.columns.size() > bound.plan->columns.size()) {
    return wrong("42P10",
                 "WITH query \"" + own.name + "\" has " + std::to_string(bound.plan->columns.size()) +
                     " columns available but " + std::to_string(own.columns.size()) + " columns specified",
                 own.at);
  }
  for (std::size_t i = 0; i < own.columns.size(); ++i) bound.plan->columns[i].name = own.columns[i].text;
  return named(std::move(bound.plan), ref.alias, common.table.name.text, ref.name.at);
}

CommonTableScope* find_common_table(const Surroundings& around, const TableName& name) {
  if (!name.schema.empty()) return nullptr;
  // The chain is that of one statement, so that it may be marked.
  for (auto* common = around.tables; common != nullptr; common = common->next) {
    if (common->table.name.text == name.name) return common;
  }
  return nullptr;
}

Result<Source> bind_ref(const Surroundings& around, const BaseTable& ref, SourcePosition) {
  if (CommonTableScope* common = find_common_table(around, ref.name)) return bind_common_table(around, *common, ref);
  const query::SchemaPtr table = TRY(around.state.table(ref.name));
  Source source{nullptr, table_scope(table, ref.alias.name)};
  source.plan = scan_of(table, source.scope.tables.front().name);
  TRY(rename_columns(source.scope.columns, ref.alias, source.scope.tables.front().name));
  return source;
}

Result<Source> bind_ref(const Surroundings& around, const DerivedTable& ref, SourcePosition at) {
  if (ref.lateral) return not_yet("LATERAL", at, "a join with a grouped subquery, or ASOF JOIN, may say the same");
  if (ref.alias.name.empty()) {
    return wrong("42601", "subquery in FROM must have an alias", at).with_hint("for example, FROM (SELECT ...) AS foo");
  }
  BoundQuery bound = TRY(bind_query(around, *ref.query));
  return named(std::move(bound.plan), ref.alias, ref.alias.name, at);
}

// generate_series(first, last[, step]) over INT or TIMESTAMP.
Result<query::Series> bind_series(const Surroundings& around, const Call& call, SourcePosition at) {
  const Scope nothing;
  ExpressionBinder binder(around, nothing, "a function in FROM");
  std::vector<Bound> parts;
  bool times = false;
  for (const auto& argument : call.arguments) {
    parts.push_back(TRY(binder.bind(*argument)));
    const auto type = parts.back().type();
    times = times || type == kTimestamp || type == kDate || type == kInterval;
  }
  if (parts.size() < 2 || parts.size() > 3 || (times && parts.size() != 3)) {
    return missing("42883", "generate_series takes first and last, and a step (which times need)", at);
  }
  const Type type = times ? kTimestamp : kInt;
  query::Series series;
  series.first = TRY(convert(around.state, std::move(parts[0]), type, CastContext::implicit));
  series.last = TRY(convert(around.state, std::move(parts[1]), type, CastContext::implicit));
  series.step = constant(Value(1), at);
  if (parts.size() == 3) {
    series.step = TRY(convert(around.state, std::move(parts[2]), times ? kInterval : kInt, CastContext::implicit));
  }
  return series;
}

Result<Source> bind_ref(const Surroundings& around, const TableFunction& ref, SourcePosition at) {
  const Call& call = std::get<Call>(ref.call->node);
  if (call.name != "generate_series" || ref.with_ordinality || ref.lateral) {
    return not_yet("the function " + call.name + " in FROM", at, "generate_series(first, last, step) is there");
  }
  query::Series series = TRY(bind_series(around, call, at));
  const Type type = series.first->type;
  const std::string name = ref.alias.name.empty() ? call.name : ref.alias.name;  // Of the column, too.
  return named(make_plan(std::move(series), {{name, type}}), ref.alias, call.name, at);
}

Result<Source> bind_ref(const Surroundings& around, const Join& join, SourcePosition at) {
  return join.asof ? bind_asof_join(around, join, at) : bind_join(around, join, at);
}

}  // namespace

query::PlanPtr scan_of(const query::SchemaPtr& table, const std::string& name, bool with_row_id) {
  query::Scan scan;
  scan.table = table;
  scan.with_row_id = with_row_id;
  std::vector<query::OutputColumn> columns;
  for (const ColumnSchema& column : table->columns) {
    scan.table_columns.push_back(column.id);
    columns.push_back({column.name, column.type, name});
  }
  if (with_row_id) columns.push_back({"", kInt});
  return make_plan(std::move(scan), std::move(columns));
}

Result<Source> bind_table_ref(const Surroundings& around, const TableRef& ref) {
  return std::visit([&](const auto& node) { return bind_ref(around, node, ref.at); }, ref.node);
}

Result<Source> bind_from(const Surroundings& around, const std::vector<TableRefPtr>& tables) {
  if (tables.empty()) {
    Source one{one_row(), {}};
    one.scope.columns.push_back({"", kBool});
    return one;
  }
  Source all = TRY(bind_table_ref(around, *tables.front()));
  for (std::size_t i = 1; i < tables.size(); ++i) {
    Source next = TRY(bind_table_ref(around, *tables[i]));
    TRY(append_scope(all.scope, std::move(next.scope), tables[i]->at));
    auto columns = both_columns(*all.plan, *next.plan);
    all.plan = make_plan(query::Join{}, std::move(columns), std::move(all.plan), std::move(next.plan));
  }
  return all;
}

}  // namespace mneme::sql::binding
