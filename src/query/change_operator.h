// ChangeOperator: what INSERT, UPDATE and DELETE share: CHECK, RETURNING, and the order of things. The first next()
// makes the whole change; what RETURNING asked for was computed on the way and is yielded after.
#pragma once

#include "query/group_table.h"
#include "query/operators.h"
#include "query/row_buffer.h"

namespace mneme::query {

class ChangeOperator : public Operator {  // One thread at a time.
 public:
  Result<std::optional<Batch>> next() final;

 protected:
  ChangeOperator(SchemaPtr table, const std::vector<CheckExpression>* checks,
                 const std::vector<ExpressionPtr>& returning, ExecutionContext& context)
      : table_(std::move(table)), checks_(checks), returning_(returning), context_(context) {}

  virtual Result<void> change() = 0;

  // Adds rows of the schema's columns and judges them.
  Result<void> insert(Batch& rows);
  // Counts changed rows and computes RETURNING over these.
  Result<void> changed(const Batch& rows);

  [[nodiscard]] const TableSchema& table() const noexcept { return *table_; }
  [[nodiscard]] ExecutionContext& context() noexcept { return context_; }
  [[nodiscard]] bool returns() const noexcept { return !returning_.empty(); }

 private:
  [[nodiscard]] Result<void> check(const Batch& rows) const;

  const SchemaPtr table_;
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
  // `may_repeat`: the input has joins that multiply rows.
  static Result<EndedRows> make(bool may_repeat, ExecutionContext& context);
  // The rows of the batch that are named for the first time.
  Result<Selection> add(const Column& row_ids);
  [[nodiscard]] std::span<const RowId> rows() const noexcept { return rows_; }

 private:
  EndedRows(bool may_repeat, Reservation memory);
  bool may_repeat_;
  std::vector<RowId> rows_;
  GroupTable met_;
  Reservation memory_;
};

// Whether a plan reads the table; whether rows of its leftmost scan may come more than once.
[[nodiscard]] bool reads_table(const Plan& plan, TableId table);
[[nodiscard]] bool may_repeat_rows(const Plan& plan);

}  // namespace mneme::query
