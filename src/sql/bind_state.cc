#include "sql/bind_state.h"

#include "sql/bind_error.h"

namespace mneme::sql::binding {

query::SchemaPtr StatementState::find_table(const TableName& name) const {
  const bool known_schema = name.schema.empty() || name.schema == "public";
  return known_schema ? context_.find_table(name.name) : nullptr;
}

Result<query::SchemaPtr> StatementState::table(const TableName& name) const {
  if (query::SchemaPtr found = find_table(name)) return found;
  const std::string shown = name.schema.empty() ? name.name : name.schema + "." + name.name;
  const auto names = context_.table_names ? context_.table_names() : std::vector<std::string>();
  return missing("42P01", "relation \"" + shown + "\" does not exist", name.at)
      .with_hint(nearest_hint(name.name, names));
}

std::optional<Type> StatementState::given_type(std::uint32_t number) const {
  if (number > context_.parameter_types.size()) return std::nullopt;
  return context_.parameter_types[number - 1];
}

query::ExpressionPtr StatementState::now(SourcePosition at) const {
  return query::make_parameter(parameters_.size(), Type{.kind = TypeKind::timestamp}, at);
}

query::ExpressionPtr StatementState::add_subquery(query::PlanPtr plan, SourcePosition at) {
  const Type type = plan->columns.front().type;
  subqueries_.push_back(std::move(plan));
  return query::make_parameter(parameters_.size() + subqueries_.size(), type, at);
}

Result<void> StatementState::count_query(SourcePosition at) {
  if (++queries_ <= kQueriesMax) return {};
  return Error(Code::full,
               "the statement has more than " + std::to_string(kQueriesMax) + " queries, uses of WITH included")
      .with_sqlstate("54001")
      .at(at);
}

query::StatementPlan StatementState::finish(query::PlanPtr root) && {
  query::StatementPlan plan;
  plan.root = std::move(root);
  plan.scalar_subqueries = std::move(subqueries_);
  for (const auto& type : parameters_) plan.parameter_types.push_back(type.value_or(Type{.kind = TypeKind::text}));
  return plan;
}

}  // namespace mneme::sql::binding
