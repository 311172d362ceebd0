// Rules about joins: which conditions are keys. Pure functions: thread-safe.
#pragma once

#include <vector>

#include "query/plan.h"

namespace mneme::query {

// Whether `condition`, over both inputs' columns, is `left expression = right expression`; if so it is appended to the
// keys, each counted in its own input.
bool take_equal_key(const Expression& condition, std::size_t left_columns, std::vector<ExpressionPtr>& left_keys,
                    std::vector<ExpressionPtr>& right_keys);

// Numbers of one scale: equal values have equal words, and their order. INT has none behind the point.
bool have_one_scale(const Type& left, const Type& right) noexcept;

// Two sides that `=` compares without a cast become keys that a join finds by their bytes: of numbers of different
// scales the finer takes the coarser one's, NULL where it cannot, as it equals nothing there.
void make_one_key(ExpressionPtr& left, ExpressionPtr& right);

}  // namespace mneme::query
