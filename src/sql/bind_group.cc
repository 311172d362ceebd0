#include "sql/bind_group.h"

#include <algorithm>

#include "query/explain.h"
#include "query/rules_expression.h"
#include "sql/bind_error.h"
#include "sql/bind_plan.h"

namespace mneme::sql::binding {
namespace {

bool has_aggregate(const query::Expression& expression) {
  bool found = false;
  query::for_each_column(expression,
                         [&](const query::Expression& column) { found = found || column.index >= kAggregateColumn; });
  return found;
}

// The output that a GROUP BY item names by its ordinal, or by a name that no column of FROM has.
Result<std::optional<std::size_t>> grouped_output(const Scope& scope, const Expression& expression, std::size_t outputs,
                                                  const std::vector<std::string>& names) {
  if (const auto ordinal = TRY(ordinal_of(expression, outputs, "GROUP BY"))) return std::optional(*ordinal - 1);
  const auto* reference = std::get_if<ColumnRef>(&expression.node);
  if (reference == nullptr || !reference->table.empty()) return std::optional<std::size_t>();
  if (TRY(find_column(scope, reference->column, expression.at))) return std::optional<std::size_t>();
  for (std::size_t i = 0; i < outputs; ++i) {
    if (names[i] == reference->column) return std::optional(i);
  }
  return std::optional<std::size_t>();
}

}  // namespace

Result<std::vector<query::ExpressionPtr>> bind_groups(const Surroundings& around, const Scope& scope,
                                                      const SelectCore& core,
                                                      std::span<const query::ExpressionPtr> outputs,
                                                      const std::vector<std::string>& names) {
  std::vector<query::ExpressionPtr> groups;
  ExpressionBinder binder(around, scope, "GROUP BY");
  for (const GroupingElement& element : core.group_by) {
    if (element.kind == GroupingElement::Kind::empty) continue;
    if (element.kind != GroupingElement::Kind::expression) {
      return not_yet("GROUPING SETS, ROLLUP and CUBE", element.at, "UNION ALL of one GROUP BY each says the same");
    }
    for (const auto& expression : element.sets.front()) {
      const auto output = TRY(grouped_output(scope, *expression, outputs.size(), names));
      groups.push_back(output ? query::clone(*outputs[*output]) : TRY(binder.bind_settled(*expression)));
      if (!has_aggregate(*groups.back())) continue;
      return wrong("42803", "aggregate functions are not allowed in GROUP BY", expression->at);
    }
  }
  return groups;
}

std::optional<std::size_t> Grouping::find(const query::Expression& expression) const {
  const auto found = std::ranges::find_if(groups_, [&](const auto& group) { return query::same(*group, expression); });
  if (found == groups_.end()) return std::nullopt;
  return static_cast<std::size_t>(found - groups_.begin());
}

bool Grouping::is_determined(std::size_t column) const {
  for (const ScopeTable& table : scope_.tables) {
    if (!table.schema || table.schema->primary_key.empty()) continue;
    if (std::ranges::find(table.columns, column) == table.columns.end()) continue;
    return std::ranges::all_of(table.schema->primary_key, [&](ColumnId key) {
      const std::size_t index = table.columns[*table.schema->ordinal_of(key)];
      return find(*query::make_column(index, scope_.columns[index].type)).has_value();
    });
  }
  return false;
}

void Grouping::add_determined(const query::Expression& expression) {
  if (find(expression)) return;
  if (expression.kind == query::ExpressionKind::column) {
    if (expression.index < scope_.columns.size() && is_determined(expression.index)) {
      groups_.push_back(query::clone(expression));
    }
    return;
  }
  for (const auto& child : expression.children) add_determined(*child);
}

Error Grouping::ungrouped(const query::Expression& column) const {
  std::string name = scope_.columns[column.index].name;
  if (name.empty()) {
    return not_yet("a subquery that refers to a column around it, beside GROUP BY,", column.position,
                   "group in a subquery in FROM first");
  }
  for (const ScopeTable& table : scope_.tables) {
    if (std::ranges::find(table.columns, column.index) != table.columns.end()) name = table.name + "." + name;
  }
  return wrong("42803",
               "column \"" + name + "\" must appear in the GROUP BY clause or be used in an aggregate function",
               column.position);
}

Result<query::ExpressionPtr> Grouping::over_groups(const query::Expression& expression) const {
  std::optional<Error> error;
  auto rewritten = query::rewrite(expression, [&](const query::Expression& node) -> query::ExpressionPtr {
    if (node.kind == query::ExpressionKind::constant) return nullptr;
    if (const auto group = find(node)) return query::make_column(*group, node.type, node.position);
    if (node.kind != query::ExpressionKind::column) return nullptr;
    if (node.index >= kAggregateColumn) {
      return query::make_column(groups_.size() + (node.index - kAggregateColumn), node.type, node.position);
    }
    if (!error) error = ungrouped(node);
    return nullptr;
  });
  if (error) return *std::move(error);
  return rewritten;
}

query::PlanPtr Grouping::plan(query::PlanPtr input, std::vector<query::AggregateCall> calls) {
  return aggregated(std::move(input), std::move(groups_), std::move(calls));
}

query::PlanPtr aggregated(query::PlanPtr input, std::vector<query::ExpressionPtr> groups,
                          std::vector<query::AggregateCall> calls) {
  std::vector<query::OutputColumn> columns;
  for (const auto& group : groups) {
    std::string name = query::explain(*group, input->columns);
    std::string table = table_of(*group, name, *input);
    columns.push_back({std::move(name), group->type, std::move(table)});
  }
  for (const auto& call : calls) columns.push_back({query::explain(call, input->columns), call.type});
  return make_plan(query::Aggregate{std::move(groups), std::move(calls)}, std::move(columns), std::move(input));
}

}  // namespace mneme::sql::binding
