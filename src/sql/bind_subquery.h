// A subquery taken apart, so that its conditions over columns of the query around it can be a join's.
#pragma once

#include "sql/bind_query.h"

namespace mneme::sql::binding {

// The right input of the join to be, and what must hold between a left and a right row. `values` are the subquery's
// outputs. Columns of the query around it are counted from kOuterColumn, aggregate calls from kAggregateColumn.
struct RightSide {
  query::PlanPtr plan;
  Scope scope;
  std::vector<query::ExpressionPtr> conditions;
  std::vector<Bound> values;
  AggregateCalls aggregates;
};

// A plain SELECT, whose rows are those of its FROM and WHERE (or one row of aggregates over them): only such a one can
// be taken apart. Null: it is another.
const SelectCore* as_plain_select(const Query& query, bool for_exists);
// `around.outer` is the scope of the query around it.
Result<RightSide> take_apart(const Surroundings& around, const SelectCore& core);
bool refers_outside(const query::Expression& expression);
// Over the join's rows: left columns, then right ones.
query::ExpressionPtr over_both(const query::Expression& expression, std::size_t left_columns);

}  // namespace mneme::sql::binding
