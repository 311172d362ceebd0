// Rule: conditions are tested as early as they can be - at the scan, or as a join's keys.
// Pure functions: thread-safe. Recursion is bounded by the height of the plan, that of the parsed tree.
#pragma once

#include "query/plan.h"

namespace mneme::query {

// The plan with every filter as far down as it goes. Yields the same rows.
PlanPtr push_filters(PlanPtr plan);

}  // namespace mneme::query
