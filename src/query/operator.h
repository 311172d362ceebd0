// Operator: one running node of a plan. Pulls batches from its inputs, yields batches.
#pragma once

#include <memory>
#include <optional>

#include "query/plan.h"
#include "storage/memory_budget.h"
#include "table/transaction.h"

namespace mneme::query {

class Profile;  // profile.h

// What one execution of a statement runs in. Outlives its operators.
struct ExecutionContext {
  Transaction& transaction;
  MemoryBudget& budget;            // Operators reserve from its share `queries` before they hold rows.
  std::vector<Column> parameters;  // One row each, of StatementPlan::parameter_types; start() adds the rest.
  std::uint64_t changed_rows = 0;  // By INSERT, UPDATE, DELETE.
  // Asked once a batch: cancelled or past its deadline. Null: never.
  bool (*should_stop)(void*) = nullptr;
  void* stop_argument = nullptr;
  Profile* profile = nullptr;  // For EXPLAIN ANALYZE; null: nobody asks.
};

class Operator {  // One thread at a time.
 public:
  virtual ~Operator() = default;
  // The next batch with at least one row, at most kBatchRowsMax rows and about kBatchBytesMax; null at the end, after
  // which it is not called again. Text may be borrowed; the batch's columns keep its owners alive.
  virtual Result<std::optional<Batch>> next() = 0;
};
using OperatorPtr = std::unique_ptr<Operator>;

// `plan` and `context` outlive the operator.
Result<OperatorPtr> make_operator(const Plan& plan, ExecutionContext& context);
// Appends now() and the values of the scalar subqueries to context.parameters, then makes the root.
Result<OperatorPtr> start(const StatementPlan& statement, ExecutionContext& context);

// EXPLAIN: one line a node, children indented by two, e.g. "Scan moments (ts, place) filter ... index pk (id = $1)".
std::string explain(const Plan& plan);

}  // namespace mneme::query
