#include "sql/binder.h"

#include "sql/bind_change.h"
#include "sql/bind_error.h"
#include "sql/bind_plan.h"
#include "sql/bind_query.h"

namespace mneme::sql {
namespace {

using binding::StatementState;
using binding::Surroundings;

struct RootOf {
  StatementState& state;
  SourcePosition at;

  Result<query::PlanPtr> operator()(const QueryPtr& query) const {
    auto bound = TRY(binding::bind_query({state}, *query));
    return std::move(bound.plan);
  }
  // Without its table, as in EXPLAIN: the query alone.
  Result<query::PlanPtr> operator()(const CreateTableAs& create) const {
    query::SchemaPtr table = state.find_table(create.name);
    if (table == nullptr) return (*this)(create.query);
    return binding::bind_filling({state}, create, std::move(table));
  }
  Result<query::PlanPtr> operator()(const Insert& insert) const { return binding::bind_insert({state}, insert); }
  Result<query::PlanPtr> operator()(const Update& update) const { return binding::bind_update({state}, update); }
  Result<query::PlanPtr> operator()(const Delete& from) const { return binding::bind_delete({state}, from); }
  Result<query::PlanPtr> operator()(const Truncate& truncate) const {
    return binding::bind_truncate({state}, truncate, at);
  }
  Result<query::PlanPtr> operator()(const auto&) const {
    return binding::wrong("0A000", "this statement has no plan", at);
  }
};

}  // namespace

Result<query::StatementPlan> bind(const Statement& statement, const BindContext& context) {
  StatementState state(context, statement.parameters);
  query::PlanPtr root = TRY(std::visit(RootOf{state, statement.at}, statement.node));
  return std::move(state).finish(std::move(root));
}

Result<std::vector<query::CheckExpression>> bind_checks(const query::SchemaPtr& table, const BindContext& context) {
  StatementState state(context, 0);
  return binding::bind_checks({state}, table);
}

}  // namespace mneme::sql
