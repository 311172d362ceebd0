// ChangeOperator: what INSERT, UPDATE and DELETE share: CHECK, RETURNING, and the order of things. The first next()
// makes the whole change; what RETURNING asked for was computed on the way and is yielded after.
#pragma once

#include "query/operators.h"
#include "query/row_buffer.h"

namespace mneme::query {

class ChangeOperator : public Operator {  // One thread at a time.
 public:
  Result<std::optional<Batch>> next() final;

 protected:
  ChangeOperator(const SchemaPtr& table, const std::vector<CheckExpression>* checks,
                 const std::vector<ExpressionPtr>& returning, ExecutionContext& context)
      : table_(*table), checks_(checks), returning_(returning), context_(context) {}

  virtual Result<void> change() = 0;

  // Adds rows of the schema's columns and judges them.
  Result<void> insert(Batch& rows);
  Result<void> check(const Batch& rows) const;  // constraint, 23514: a row violates a CHECK.
  // Counts changed rows and computes RETURNING over these.
  Result<void> changed(const Batch& rows);

  [[nodiscard]] const TableSchema& table() const noexcept { return table_; }
  [[nodiscard]] ExecutionContext& context() noexcept { return context_; }
  [[nodiscard]] bool returns() const noexcept { return !returning_.empty(); }

 private:
  const TableSchema& table_;                          // Of the plan.
  const std::vector<CheckExpression>* const checks_;  // Null: rows only go.
  const std::vector<ExpressionPtr>& returning_;
  ExecutionContext& context_;
  bool done_ = false;
  std::shared_ptr<RowBuffer> returned_;  // Null: nothing is asked for, or no row has changed yet.
  std::optional<BufferReader> reader_;
};

// Rows that UPDATE and DELETE are to end, drained before anything changes, each once: a join may name a row often.
class EndedRows {  // One thread at a time.
 public:
  static Result<EndedRows> make(ExecutionContext& context);
  // The rows of the batch that are named for the first time.
  Result<Selection> add(const Column& row_ids);
  [[nodiscard]] const RowSet& rows() const noexcept { return rows_; }

 private:
  explicit EndedRows(Reservation memory) : memory_(std::move(memory)) {}
  RowSet rows_;
  Reservation memory_;
};

// Whether a plan reads the table.
[[nodiscard]] bool reads_table(const Plan& plan, TableId table);

}  // namespace mneme::query
