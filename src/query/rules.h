// Rules: rewrite a bound plan into a cheaper one that yields the same rows.
#pragma once

#include "query/plan.h"

namespace mneme::query {

// Filters move down to scans and become join keys; scans keep only the columns that are used; comparisons with
// constants become zone-map bounds and index access; LIMIT moves into the sort beneath it; constants are folded.
void apply_rules(StatementPlan& statement);

}  // namespace mneme::query
