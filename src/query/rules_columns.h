// Rule: no column is read, joined or carried along that nobody uses; projections that change nothing go.
// Pure functions: thread-safe. Recursion is bounded by the height of the plan.
#pragma once

#include "query/plan.h"

namespace mneme::query {

// Yields the same columns; what lies beneath yields fewer.
PlanPtr narrow_columns(PlanPtr plan);

}  // namespace mneme::query
