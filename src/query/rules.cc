#include "query/rules.h"

#include "query/rules_filter.h"

namespace mneme::query {
namespace {

void apply(PlanPtr& plan) { plan = push_filters(std::move(plan)); }

}  // namespace

void apply_rules(StatementPlan& statement) {
  for (PlanPtr& subquery : statement.scalar_subqueries) apply(subquery);
  apply(statement.root);
}

}  // namespace mneme::query
