// Makes plan nodes: the columns a node yields follow from its inputs and expressions.
#pragma once

#include <string>
#include <vector>

#include "query/plan.h"

namespace mneme::sql::binding {

template <class... Inputs>
query::PlanPtr make_plan(query::PlanNode node, std::vector<query::OutputColumn> columns, Inputs... inputs) {
  auto plan = std::make_unique<query::Plan>();
  plan->node = std::move(node);
  plan->columns = std::move(columns);
  (plan->inputs.push_back(std::move(inputs)), ...);
  return plan;
}

// A node that yields what its one input yields.
inline query::PlanPtr pass_through(query::PlanNode node, query::PlanPtr input) {
  auto columns = input->columns;
  return make_plan(std::move(node), std::move(columns), std::move(input));
}

inline query::PlanPtr filtered(query::PlanPtr input, query::ExpressionPtr predicate) {
  if (predicate == nullptr) return input;
  return pass_through(query::Filter{std::move(predicate)}, std::move(input));
}

// A column of an input that keeps its name is still its table's.
inline std::string table_of(const query::Expression& expression, const std::string& name, const query::Plan& input) {
  if (expression.kind != query::ExpressionKind::column) return "";
  const query::OutputColumn& column = input.columns[expression.index];
  return column.name == name ? column.table : "";
}

// `names` are as many as `expressions`.
inline query::PlanPtr projected(query::PlanPtr input, std::vector<query::ExpressionPtr> expressions,
                                const std::vector<std::string>& names) {
  std::vector<query::OutputColumn> columns;
  for (std::size_t i = 0; i < expressions.size(); ++i) {
    columns.push_back({names[i], expressions[i]->type, table_of(*expressions[i], names[i], *input)});
  }
  return make_plan(query::Project{std::move(expressions)}, std::move(columns), std::move(input));
}

inline std::vector<query::OutputColumn> both_columns(const query::Plan& left, const query::Plan& right) {
  std::vector<query::OutputColumn> columns = left.columns;
  columns.insert(columns.end(), right.columns.begin(), right.columns.end());
  return columns;
}

// One row: what SELECT without FROM reads. Its column, which nothing names, keeps the row countable.
inline query::PlanPtr one_row() {
  Column truth(Type{.kind = TypeKind::boolean});
  truth.append(std::uint8_t{1});
  query::Values values;
  values.rows.emplace_back().push_back(query::make_constant(std::move(truth)));
  return make_plan(std::move(values), {{"", Type{.kind = TypeKind::boolean}}});
}

}  // namespace mneme::sql::binding
