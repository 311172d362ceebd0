// Rules about joins: which conditions are keys. Pure functions: thread-safe.
#pragma once

#include <vector>

#include "query/plan.h"

namespace mneme::query {

// Whether `condition`, over both inputs' columns, is `left expression = right expression`; if so it is appended to the
// keys, each counted in its own input.
bool take_equal_key(const Expression& condition, std::size_t left_columns, std::vector<ExpressionPtr>& left_keys,
                    std::vector<ExpressionPtr>& right_keys);

// Whether equal values of these types have equal bytes, by which a join finds its keys: decimals of different scales
// have not. REQUIRES: `=` compares them without a cast.
bool are_one_key(const Type& left, const Type& right);

}  // namespace mneme::query
