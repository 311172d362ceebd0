// Rule: ORDER BY ... LIMIT. Rows that an index yields in order are not sorted; what is sorted keeps no more than the
// limit asks for.
// Pure functions: thread-safe. Recursion is bounded by the height of the plan.
#pragma once

#include "query/plan.h"

namespace mneme::query {

// REQUIRES: the scans' access is chosen (rules_scan.h).
PlanPtr use_order(PlanPtr plan);

}  // namespace mneme::query
