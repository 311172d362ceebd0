// The right side of a join asked through an index, key by key, when the left side has few rows and the table many.
#pragma once

#include <span>

#include "query/execution.h"

namespace mneme::query {

constexpr std::size_t kLookupRowsMax = 256;  // Of the left side.

// The rows of `right` that match some row of `left`, which is all there is of the left side, and perhaps others. Null:
// reading the whole right side is right, or cheaper.
Result<OperatorPtr> make_lookup(const Join& join, const Plan& right, std::span<const std::shared_ptr<const Batch>> left,
                                ExecutionContext& context);

}  // namespace mneme::query
