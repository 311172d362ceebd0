#include "query/operator.h"

#include "query/operators.h"
#include "query/profile.h"

namespace mneme::query {
namespace {

// Operators pull from one another on the stack; far deeper than any plan a person's statement makes.
constexpr int kPlanDepthMax = 400;

using Make = Result<OperatorPtr> (*)(const Plan&, Inputs, ExecutionContext&);

struct MakeOf {  // A node's maker, by its type.
  Make operator()(const Scan&) const { return make_scan; }
  Make operator()(const Values&) const { return make_values; }
  Make operator()(const Filter&) const { return make_filter; }
  Make operator()(const Project&) const { return make_project; }
  Make operator()(const Sort&) const { return make_sort; }
  Make operator()(const Limit&) const { return make_limit; }
  Make operator()(const Aggregate&) const { return make_aggregate; }
  Make operator()(const Distinct&) const { return make_distinct; }
  Make operator()(const Join&) const { return make_join; }
  Make operator()(const AsofJoin&) const { return make_asof_join; }
  Make operator()(const UnionAll&) const { return make_union_all; }
  Make operator()(const SetOperation&) const { return make_set; }
  Make operator()(const Series&) const { return make_series; }
  Make operator()(const Insert&) const { return make_insert; }
  Make operator()(const Update&) const { return make_update; }
  Make operator()(const Delete&) const { return make_delete; }
};

Result<OperatorPtr> make_at(const Plan& plan, ExecutionContext& context, int depth);

Result<OperatorPtr> make_node(const Plan& plan, ExecutionContext& context, int depth) {
  for (const auto make : {make_nearest, make_top_rows}) {
    OperatorPtr made = TRY(make(plan, context));
    if (made != nullptr) return made;
  }
  Inputs inputs;
  inputs.reserve(plan.inputs.size());
  for (const PlanPtr& input : plan.inputs) {
    OperatorPtr made = TRY(make_at(*input, context, depth + 1));
    inputs.emplace_back(std::move(made), input->columns.size(), context);
  }
  return std::visit(MakeOf{}, plan.node)(plan, std::move(inputs), context);
}

Result<OperatorPtr> make_at(const Plan& plan, ExecutionContext& context, int depth) {
  if (depth > kPlanDepthMax) {
    return Error(Code::invalid_argument, "the statement nests too deeply").with_sqlstate("54001");
  }
  OperatorPtr made = TRY(make_node(plan, context, depth));
  return context.profile == nullptr ? std::move(made) : profiled(plan, std::move(made), *context.profile);
}

Result<Column> run_scalar_subquery(const Plan& plan, ExecutionContext& context) {
  OperatorPtr root = TRY(make_operator(plan, context));
  Column value(plan.columns.front().type);
  for (;;) {
    TRY(check_stop(context));
    const std::optional<Batch> batch = TRY(root->next());
    if (!batch) break;
    if (value.rows() + batch->rows() > 1) {
      return Error(Code::invalid_argument, "more than one row returned by a subquery used as an expression")
          .with_sqlstate("21000");
    }
    value.append_run(batch->columns.front(), 0, 1);
  }
  if (value.rows() == 0) value.append_null();
  return value;
}

}  // namespace

Result<OperatorPtr> make_operator(const Plan& plan, ExecutionContext& context) { return make_at(plan, context, 0); }

Result<OperatorPtr> start(const StatementPlan& statement, ExecutionContext& context) {
  ASSERT(context.parameters.size() == statement.parameter_types.size());
  context.parameters.reserve(context.parameters.size() + 1 + statement.scalar_subqueries.size());
  Column now(Type{.kind = TypeKind::timestamp});
  now.append(context.transaction.now_ns());
  context.parameters.push_back(std::move(now));
  for (const PlanPtr& subquery : statement.scalar_subqueries) {
    Column value = TRY(run_scalar_subquery(*subquery, context));
    context.parameters.push_back(std::move(value));
  }
  return make_operator(*statement.root, context);
}

}  // namespace mneme::query
