// IN (SELECT ...) as a value: in a select list, under OR, in CASE. As a condition of its own it is a semi or anti join
// (bind_subquery.cc); here every row stays and is told whether it found its match, by a left join with the distinct
// values of the subquery. What no match means - false, or unknown - the subquery's own rows say, once: 0 none, 1 some
// and no NULL, 2 a NULL among them.
#include "query/rules_expression.h"
#include "query/rules_join.h"
#include "sql/bind_error.h"
#include "sql/bind_plan.h"
#include "sql/bind_subquery.h"

namespace mneme::sql::binding {
namespace {

using query::ExpressionKind;

query::ExpressionPtr is_null(query::ExpressionPtr operand) {
  return query::make_node(ExpressionKind::is_null, kBool, query::expressions(std::move(operand)));
}
query::ExpressionPtr negation(query::ExpressionPtr operand) {
  return query::make_node(ExpressionKind::negation, kBool, query::expressions(std::move(operand)));
}

query::AggregateCall counting(query::ExpressionPtr of) {
  query::AggregateCall count;
  count.kind = of ? query::AggregateKind::count : query::AggregateKind::count_rows;
  count.type = kInt;
  if (of) count.arguments.push_back(std::move(of));
  return count;
}

}  // namespace

// The parameter that is 0, 1 or 2: see the top.
Result<query::ExpressionPtr> ExpressionBinder::rows_of_kind(const Query& query, SourcePosition at) {
  BoundQuery bound = TRY(bind_query({state(), around_.tables, &scope_}, query));
  if (bound.plan->columns.size() != 1) return wrong("42601", "subquery has too many columns", at);
  query::Aggregate counts;
  counts.calls.push_back(counting(nullptr));
  counts.calls.push_back(counting(query::make_column(0, bound.plan->columns.front().type, at)));
  auto plan = make_plan(std::move(counts), {{"count", kInt}, {"count", kInt}}, std::move(bound.plan));
  const auto column = [&](std::size_t i) { return closed(query::make_column(i, kInt, at)); };
  Bound none = TRY(compare("=", column(0), closed(constant(Value(0), at)), at));
  Bound no_null = TRY(compare("=", column(0), column(1), at));
  auto kind = query::make_node(
      ExpressionKind::case_when, kInt,
      query::expressions(std::move(none.expression), constant(Value(0), at), std::move(no_null.expression),
                         constant(Value(1), at), constant(Value(2), at)));
  plan = projected(std::move(plan), query::expressions(std::move(kind)), {"kind"});
  return state().add_subquery(std::move(plan), at);
}

// Joins the subquery's distinct values as a column, NULL where the operand is none of them; yields that column. An
// operand without a type gets the values'.
Result<query::ExpressionPtr> ExpressionBinder::join_values(query::ExpressionPtr& operand, Bound bare,
                                                           const Query& query, SourcePosition at) {
  BoundQuery bound = TRY(bind_query({state(), around_.tables, &scope_}, query));
  const Type type = bound.plan->columns.front().type;
  // `operand = value`, to learn what both are converted to; the value is a column that the operand cannot hold.
  auto value = closed(query::make_column(kOuterColumn, type, at));
  operand = TRY(settle(state(), std::move(bare), type));
  Bound equal = TRY(compare("=", closed(query::clone(*operand)), std::move(value), at));
  const query::Expression& left = *equal.expression->children[0];
  const query::Expression& right = *equal.expression->children[1];
  const std::size_t width = scope_.columns.size();
  query::Join join;
  join.kind = query::JoinKind::left;
  if (query::has_columns(left)) {
    join.left_keys.push_back(query::clone(left));
    join.right_keys.push_back(query::make_column(0, right.type, at));
    query::make_one_key(join.left_keys.back(), join.right_keys.back());
  } else {
    auto both = query::expressions(query::clone(left), query::make_column(width, right.type, at));
    join.residual = query::make_call(*equal.expression->function, kBool, std::move(both), at);
  }
  auto key = query::remap_columns(right, [](std::size_t) { return std::size_t{0}; });
  const Type key_type = key->type;
  auto values = projected(std::move(bound.plan), query::expressions(std::move(key)), {"value"});
  join_subquery(std::move(join), pass_through(query::Distinct{}, std::move(values)));
  return query::make_column(width, key_type, at);
}

Result<Bound> ExpressionBinder::in_value(const Expression& operand, const Query& query, bool negated,
                                         SourcePosition at) {
  const auto* row = std::get_if<Call>(&operand.node);
  if (joined_ == nullptr || (row != nullptr && row->name == "row" && row->schema.empty())) {
    return not_yet("IN (SELECT ...) here", at, "it works as a condition of its own in WHERE, perhaps after AND");
  }
  query::ExpressionPtr kind = TRY(rows_of_kind(query, at));
  Bound bare = TRY(bind(operand));
  query::ExpressionPtr left;
  query::ExpressionPtr found = TRY(join_values(left, std::move(bare), query, at));
  Bound none = TRY(compare("=", closed(query::clone(*kind)), closed(constant(Value(0), at)), at));
  Bound has_null = TRY(compare("=", closed(std::move(kind)), closed(constant(Value(2), at)), at));
  auto unknown = query::make_node(ExpressionKind::disjunction, kBool,
                                  query::expressions(is_null(std::move(left)), std::move(has_null.expression)), at);
  auto in =
      query::make_node(ExpressionKind::case_when, kBool,
                       query::expressions(negation(is_null(std::move(found))), constant(Value(true), at),
                                          std::move(none.expression), constant(Value(false), at), std::move(unknown),
                                          constant(Value::null(kBool), at), constant(Value(false), at)),
                       at);
  return closed(negated ? negation(std::move(in)) : std::move(in));
}

Result<Bound> ExpressionBinder::node(const InSubquery& in, SourcePosition at) {
  return in_value(*in.operand, *in.query, in.negated, at);
}

Result<Bound> ExpressionBinder::node(const Quantified& quantified, SourcePosition at) {
  if (quantified.array) return not_yet("ANY and ALL over an array", at, "write IN (...)");
  const bool in = !quantified.all && quantified.op == BinaryOperator::equal;
  const bool not_in = quantified.all && quantified.op == BinaryOperator::not_equal;
  if (in || not_in) return in_value(*quantified.left, *quantified.query, not_in, at);
  return not_yet("this ANY or ALL", at, "compare with (SELECT min(...)) or (SELECT max(...)), minding NULLs");
}

}  // namespace mneme::sql::binding
