// CHECK: what a table asks of each row, whoever adds it.
#pragma once

#include "query/evaluate.h"
#include "query/plan.h"

namespace mneme::query {

// The columns of `rows` are the schema's. constraint, 23514: one of them violates a CHECK; what a predicate itself
// fails with.
Result<void> hold_checks(const std::vector<CheckExpression>& checks, const TableSchema& table,
                         const EvaluationInput& rows);

}  // namespace mneme::query
