// Evaluates bound expressions over a batch, column at a time, with SQL's three-valued logic.
//
// AND, OR, CASE and COALESCE compute an operand only for the rows that need it: CASE WHEN x <> 0 THEN 1 / x END never
// divides by zero, and the right side of AND sees only the rows its left side did not already decide.
#pragma once

#include "query/expression.h"
#include "query/selection.h"
#include "table/transaction.h"

namespace mneme::query {

struct EvaluationInput {
  const Batch& batch;
  std::size_t rows = 0;                // Of the batch; stands alone because a batch may have no columns (SELECT 1).
  std::span<const Column> parameters;  // One row each.
  const Transaction* transaction = nullptr;  // Whose store has the blobs that values refer to; null: none does.
  MemoryBudget* budget = nullptr;  // What is made is charged to; null: no more than kUnchargedBytesMax may be made.
  // Where it is given, what several rows make together is refused beyond kMadeBytesMax, and this set: ask for fewer.
  bool* too_much = nullptr;
};
constexpr std::size_t kUnchargedBytesMax = std::size_t{1} << 20;
constexpr std::size_t kMadeBytesMax = 8 * kBatchBytesMax;

// One value per selected row (all rows when `selection` is null), dense. The result may borrow text from the input's
// batch, from its parameters and from the expression's constants: they must outlive it.
Result<Column> evaluate(const Expression& expression, const EvaluationInput& input,
                        const Selection* selection = nullptr);

// The rows in which a BOOL expression is true (not false, not NULL), among `selection`.
Result<Selection> filter(const Expression& predicate, const EvaluationInput& input,
                         const Selection* selection = nullptr);

}  // namespace mneme::query
