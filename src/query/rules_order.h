// Rule: ORDER BY ... LIMIT. Rows that an index yields in order are not sorted; what is sorted keeps no more than the
// limit asks for.
// Pure functions: thread-safe. Recursion is bounded by the height of the plan.
#pragma once

#include "query/plan.h"

namespace mneme::query {

// ORDER BY ... LIMIT over a scan whose conditions are all a range of an index that has the order: read in it.
PlanPtr order_by_index(PlanPtr plan);
// REQUIRES: the scans' access is chosen (rules_scan.h). Sorts of what an index yields in order go; the others learn of
// the limit above them.
PlanPtr bound_sorts(PlanPtr plan);

}  // namespace mneme::query
