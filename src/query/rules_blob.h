// Rule: a blob that lies in a blob file is not read where its length, a part of it, or that it is there is enough, and
// not where a change only carries it on: the new row refers to the same bytes.
// Pure functions: thread-safe. Recursion is bounded by the height of the plan.
#pragma once

#include "query/plan.h"

namespace mneme::query {

// Sets what scans and parameters give by reference; everything else comes as values. With `root_too` the statement's
// own rows may hold references. REQUIRES: no other rule follows. May be asked again of the same plan.
void pass_blobs_by_reference(StatementPlan& statement, bool root_too);

}  // namespace mneme::query
