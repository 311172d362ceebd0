#include "query/rules.h"

#include "query/rules_blob.h"
#include "query/rules_columns.h"
#include "query/rules_filter.h"
#include "query/rules_order.h"
#include "query/rules_scan.h"

namespace mneme::query {
namespace {

void choose_accesses(Plan& plan) {
  if (auto* scan = std::get_if<Scan>(&plan.node)) choose_access(*scan);
  for (auto& input : plan.inputs) choose_accesses(*input);
}

void apply(PlanPtr& plan) {
  plan = push_filters(std::move(plan));
  plan = order_by_index(std::move(plan));
  choose_accesses(*plan);
  plan = bound_sorts(std::move(plan));
  plan = narrow_columns(std::move(plan));  // Last: what an index says in full no filter reads.
}

}  // namespace

void apply_rules(StatementPlan& statement) {
  for (PlanPtr& subquery : statement.scalar_subqueries) apply(subquery);
  apply(statement.root);
  pass_blobs_by_reference(statement, false);
}

}  // namespace mneme::query
