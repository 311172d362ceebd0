// Subqueries as values.
//
// One that stands for itself runs first and becomes a parameter. One that refers to the query around it by equalities,
// `(SELECT max(x) FROM u WHERE u.k = t.k)`, becomes a left join of that query with u, grouped by k: a row of t finds
// its value beside it, and no subquery runs once a row. Without an aggregate, k must be unique in u.
#include <algorithm>

#include "query/rules_expression.h"
#include "query/rules_join.h"
#include "sql/bind_error.h"
#include "sql/bind_group.h"
#include "sql/bind_plan.h"
#include "sql/bind_subquery.h"

namespace mneme::sql::binding {
namespace {

query::AggregateCall count_of_rows() {
  query::AggregateCall count;
  count.kind = query::AggregateKind::count_rows;
  count.type = kInt;
  return count;
}

bool is_count(const query::AggregateCall& call) {
  return call.kind == query::AggregateKind::count_rows || call.kind == query::AggregateKind::count;
}

// A value over the aggregate calls alone, which stand from column `first` on. Where no group was found a count is 0.
Result<query::ExpressionPtr> over_calls(const query::Expression& value, const std::vector<query::AggregateCall>& calls,
                                        std::size_t first, bool joined) {
  std::optional<SourcePosition> ungrouped;
  auto rewritten = query::rewrite(value, [&](const query::Expression& node) -> query::ExpressionPtr {
    if (node.kind != query::ExpressionKind::column) return nullptr;
    if (node.index < kAggregateColumn) {
      ungrouped = node.position;
      return nullptr;
    }
    const std::size_t call = node.index - kAggregateColumn;
    auto column = query::make_column(first + call, node.type, node.position);
    if (!joined || !is_count(calls[call])) return column;
    std::vector<query::ExpressionPtr> or_zero;
    or_zero.push_back(std::move(column));
    or_zero.push_back(constant(Value(0), node.position));
    return query::make_node(query::ExpressionKind::coalesce, kInt, std::move(or_zero), node.position);
  });
  if (ungrouped) {
    return wrong("42803", "a column beside an aggregate must be grouped or be used in an aggregate function",
                 *ungrouped);
  }
  return rewritten;
}

std::vector<query::ExpressionPtr> columns_of(const std::vector<query::ExpressionPtr>& expressions) {
  std::vector<query::ExpressionPtr> columns;
  for (std::size_t i = 0; i < expressions.size(); ++i) columns.push_back(query::make_column(i, expressions[i]->type));
  return columns;
}

// Whether rows of a table that agree in the keys are the same row.
bool is_unique(const Scope& scope, const std::vector<query::ExpressionPtr>& keys) {
  if (scope.tables.size() != 1 || !scope.tables.front().schema) return false;
  const TableSchema& table = *scope.tables.front().schema;
  const auto is_key = [&](ColumnId id) {
    const auto ordinal = table.ordinal_of(id);
    return std::ranges::any_of(
        keys, [&](const auto& key) { return key->kind == query::ExpressionKind::column && key->index == ordinal; });
  };
  return std::ranges::any_of(table.indexes, [&](const IndexSchema& index) {
    return index.unique && std::ranges::all_of(index.columns, is_key);
  });
}

// The conditions as the keys of a left join; 0A000: one is no equality.
Result<query::Join> keyed_join(const RightSide& side, std::size_t width) {
  query::Join join;
  join.kind = query::JoinKind::left;
  for (const auto& condition : side.conditions) {
    const auto both = over_both(*condition, width);
    if (query::take_equal_key(*both, width, join.left_keys, join.right_keys)) continue;
    return not_yet("a subquery that refers to a column around it but by an equality", condition->position,
                   "a join with GROUP BY, or an ASOF JOIN, may say the same");
  }
  return join;
}

Error refers_in_value(SourcePosition at) {
  return not_yet("a column of the query around it in a subquery's select list", at,
                 "compute with it outside of the subquery");
}

}  // namespace

// Joins `right` to the query around, its columns behind all others, which nobody may name.
void ExpressionBinder::join_subquery(query::Join join, query::PlanPtr right) {
  for (const query::OutputColumn& column : right->columns) joined_->scope.columns.push_back({"", column.type});
  auto columns = both_columns(*joined_->plan, *right);
  joined_->plan = make_plan(std::move(join), std::move(columns), std::move(joined_->plan), std::move(right));
}

Result<Bound> ExpressionBinder::joined_aggregate(RightSide side, const query::Expression& value, SourcePosition at) {
  const std::size_t width = scope_.columns.size();
  query::Join join = TRY(keyed_join(side, width));
  const std::size_t keys = join.right_keys.size();
  auto result = TRY(over_calls(value, side.aggregates.calls, width + keys, true));
  std::vector<query::ExpressionPtr> groups = std::move(join.right_keys);
  join.right_keys = columns_of(groups);
  join_subquery(std::move(join), aggregated(std::move(side.plan), std::move(groups), std::move(side.aggregates.calls)));
  Bound bound = closed(std::move(result));
  bound.at = at;
  return bound;
}

Result<Bound> ExpressionBinder::joined_row(RightSide side, query::ExpressionPtr value, SourcePosition at) {
  const std::size_t width = scope_.columns.size();
  query::Join join = TRY(keyed_join(side, width));
  if (!is_unique(side.scope, join.right_keys)) {
    return not_yet("a subquery that refers to a column around it and may have several rows", at,
                   "an aggregate such as max() makes them one; otherwise use a join");
  }
  const std::size_t keys = join.right_keys.size();
  const Type type = value->type;
  std::vector<query::ExpressionPtr> outputs = std::move(join.right_keys);
  join.right_keys = columns_of(outputs);
  outputs.push_back(std::move(value));
  const std::vector<std::string> names(outputs.size());
  join_subquery(std::move(join), projected(std::move(side.plan), std::move(outputs), names));
  return closed(query::make_column(width + keys, type, at));
}

// It does not refer to the query around it: its own plan.
Result<Bound> ExpressionBinder::lone_subquery(RightSide side, query::ExpressionPtr value, SourcePosition at) {
  if (!side.aggregates.calls.empty()) {
    value = TRY(over_calls(*value, side.aggregates.calls, 0, false));
    side.plan = aggregated(std::move(side.plan), {}, std::move(side.aggregates.calls));
  }
  std::vector<query::ExpressionPtr> outputs;
  outputs.push_back(std::move(value));
  return closed(state().add_subquery(projected(std::move(side.plan), std::move(outputs), {""}), at));
}

Result<Bound> ExpressionBinder::node(const ScalarSubquery& subquery, SourcePosition at) {
  const Surroundings inside{state(), around_.tables, &scope_};
  const Query& query = *subquery.query;
  const SelectCore* core = as_plain_select(query, false);
  const bool apart = joined_ != nullptr && core != nullptr && !core->distinct && query.order_by.empty();
  if (!apart) {
    BoundQuery bound = TRY(bind_query(inside, query));
    if (bound.plan->columns.size() != 1) return wrong("42601", "subquery must return only one column", at);
    return closed(state().add_subquery(std::move(bound.plan), at));
  }
  TRY(state().count_query(query.at));
  RightSide side = TRY(take_apart(inside, *core));
  if (side.values.size() != 1) return wrong("42601", "subquery must return only one column", at);
  auto value = TRY(settle(state(), std::move(side.values.front())));
  if (refers_outside(*value)) return refers_in_value(at);
  if (side.conditions.empty()) return lone_subquery(std::move(side), std::move(value), at);
  if (side.aggregates.calls.empty()) return joined_row(std::move(side), std::move(value), at);
  return joined_aggregate(std::move(side), *value, at);
}

// Not at the top of a WHERE: the rows are counted, up to one where the subquery stands for itself.
Result<Bound> ExpressionBinder::node(const Exists& exists, SourcePosition at) {
  const Surroundings inside{state(), around_.tables, &scope_};
  const Query& query = *exists.query;
  const SelectCore* core = joined_ == nullptr ? nullptr : as_plain_select(query, true);
  if (core != nullptr) {
    const std::size_t subqueries = state().subqueries();
    TRY(state().count_query(query.at));
    RightSide side = TRY(take_apart(inside, *core));
    if (!side.conditions.empty() && side.aggregates.calls.empty()) {
      side.aggregates.calls.push_back(count_of_rows());
      const auto count = query::make_column(kAggregateColumn, kInt, at);
      return compare(">", TRY(joined_aggregate(std::move(side), *count, at)), closed(constant(Value(0), at)), at);
    }
    state().drop_subqueries_behind(subqueries);
  }
  BoundQuery bound = TRY(bind_query(inside, query));
  query::Aggregate counted;
  counted.calls.push_back(count_of_rows());
  auto plan = pass_through(query::Limit{constant(Value(1), at), nullptr}, std::move(bound.plan));
  plan = make_plan(std::move(counted), {{"count", kInt}}, std::move(plan));
  return compare(">", closed(state().add_subquery(std::move(plan), at)), closed(constant(Value(0), at)), at);
}

}  // namespace mneme::sql::binding
