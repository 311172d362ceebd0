#include "query/change_operator.h"

#include <algorithm>

#include "query/checks.h"

namespace mneme::query {

Result<std::optional<Batch>> ChangeOperator::next() {
  if (!done_) {
    done_ = true;
    TRY(change());
    TRY(context_.transaction.check_unique());
    if (returned_ != nullptr) reader_.emplace(returned_, returning_.size());
  }
  return reader_ ? reader_->next() : std::optional<Batch>();
}

Result<void> ChangeOperator::insert(Batch& rows) {
  TRY(context_.transaction.insert(table_.id, rows));
  return check(rows);  // Last: identity columns have their numbers now, and NULL where none may be was told first.
}

Result<void> ChangeOperator::check(const Batch& rows) const {
  return checks_ == nullptr ? Result<void>() : hold_checks(*checks_, table_, over(rows, context_));
}

Result<void> ChangeOperator::changed(const Batch& rows) {
  context_.changed_rows += rows.rows();
  if (!returns() || rows.rows() == 0) return {};
  if (returned_ == nullptr) returned_ = TRY(RowBuffer::make(types_of(returning_), context_.budget, "RETURNING"));
  const auto values = TRY(compute_all(returning_, over(rows, context_)));
  return returned_->append(pointers_to(values), rows.rows());
}

Result<EndedRows> EndedRows::make(ExecutionContext& context) {
  return EndedRows(TRY(context.budget.reserve(0, MemoryShare::queries, "rows to change")));
}

Result<Selection> EndedRows::add(const Column& row_ids) {
  TRY(hold(memory_, rows_.memory_bytes() + row_ids.rows() * RowSet::kInsertBytes));
  Selection fresh;
  for (std::size_t row = 0; row < row_ids.rows(); ++row) {
    if (rows_.insert(static_cast<RowId>(row_ids.values<std::int64_t>()[row]))) {
      fresh.push_back(static_cast<RowIndex>(row));
    }
  }
  return fresh;
}

bool reads_table(const Plan& plan, TableId table) {
  if (const auto* scan = std::get_if<Scan>(&plan.node)) return scan->table->id == table;
  return std::ranges::any_of(plan.inputs, [&](const PlanPtr& input) { return reads_table(*input, table); });
}

}  // namespace mneme::query
