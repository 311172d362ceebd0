#include "query/execution.h"

#include <numeric>

namespace mneme::query {

Column placeholder(std::size_t rows) {
  Column column(Type{.kind = TypeKind::boolean});
  column.extend(rows);
  return column;
}

Result<std::optional<Batch>> Input::next() {
  TRY(check_stop(*context_));
  return source_->next();
}

Result<void> check_stop(ExecutionContext& context) {
  if (context.should_stop == nullptr || !context.should_stop(context.stop_argument)) return {};
  return Error(Code::cancelled, "the statement was cancelled or ran past its deadline").with_sqlstate("57014");
}

Result<Column> evaluate_once(const Expression& expression, const ExecutionContext& context) {
  const Batch none;
  return evaluate(expression, over(none, 1, context));
}

Result<Computed> Computed::of(const Expression& expression, const EvaluationInput& input, const Selection* selection) {
  Computed computed;
  if (expression.kind == ExpressionKind::column && selection == nullptr) {
    computed.borrowed_ = &input.batch.columns[expression.index];
  } else {
    computed.own_ = TRY(evaluate(expression, input, selection));
  }
  return computed;
}

Result<std::vector<Computed>> compute_all(const std::vector<ExpressionPtr>& expressions, const EvaluationInput& input,
                                          const Selection* selection) {
  std::vector<Computed> all;
  all.reserve(expressions.size());
  for (const ExpressionPtr& expression : expressions) {
    all.push_back(TRY(Computed::of(*expression, input, selection)));
  }
  return all;
}

std::vector<const Column*> pointers_to(const std::vector<Computed>& computed) {
  std::vector<const Column*> pointers;
  pointers.reserve(computed.size());
  for (const Computed& column : computed) pointers.push_back(&*column);
  return pointers;
}

std::vector<const Column*> pointers_to(const Batch& batch) {
  std::vector<const Column*> pointers;
  pointers.reserve(batch.columns.size());
  for (const Column& column : batch.columns) pointers.push_back(&column);
  return pointers;
}

std::size_t value_bytes(std::span<const Column* const> columns, std::size_t rows) noexcept {
  std::size_t bytes = 0;
  for (const Column* column : columns) {
    bytes += rows * column->type().width();
    if (!column->type().is_variable()) continue;
    for (std::size_t row = 0; row < rows; ++row) bytes += column->values<StringRef>()[row].bytes();
  }
  return bytes;
}

Batch choose(Batch&& batch, const Selection& rows) {
  if (rows.size() == batch.rows()) return std::move(batch);
  const auto shared = std::make_shared<const Batch>(std::move(batch));
  Batch chosen;
  chosen.columns.reserve(shared->columns.size());
  for (const Column& column : shared->columns) {
    chosen.columns.push_back(gather(column, rows));
    if (column.type().is_variable()) chosen.columns.back().keep_alive(shared);
  }
  return chosen;
}

Selection every_row(std::size_t rows) {
  Selection all(rows);
  std::iota(all.begin(), all.end(), RowIndex{0});
  return all;
}

std::vector<Type> types_of(const std::vector<OutputColumn>& columns) {
  std::vector<Type> types;
  types.reserve(columns.size());
  for (const OutputColumn& column : columns) types.push_back(column.type);
  return types;
}

std::vector<Type> types_of(const std::vector<ExpressionPtr>& expressions) {
  std::vector<Type> types;
  types.reserve(expressions.size());
  for (const ExpressionPtr& expression : expressions) types.push_back(expression->type);
  return types;
}

Result<void> hold(Reservation& reservation, std::size_t total_bytes) {
  if (total_bytes <= reservation.bytes()) {
    reservation.shrink(reservation.bytes() - total_bytes);
    return {};
  }
  auto held = reservation.grow_to(total_bytes);
  if (held) return {};
  return std::move(held).error().with_sqlstate("53200").with_hint(
      "raise memory_budget or narrow the query: sorts, groups and joins do not spill to disk yet");
}

}  // namespace mneme::query
