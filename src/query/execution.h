// What operators share: asking to go on, computing expressions over a batch, choosing rows of one.
#pragma once

#include "query/evaluate.h"
#include "query/operator.h"

namespace mneme::query {

// A batch of no columns cannot say how many rows it has, so an operator whose plan has no columns yields one column
// that nobody asked for. Operators count by the plan's columns, never by the batch's.
Column placeholder(std::size_t rows);

// A node's input: asks whether to stop, once a batch. One thread at a time.
class Input {
 public:
  Input(OperatorPtr source, std::size_t width, ExecutionContext& context)
      : source_(std::move(source)), width_(width), context_(&context) {}
  Result<std::optional<Batch>> next();
  [[nodiscard]] std::size_t width() const noexcept { return width_; }  // Columns of the plan.

 private:
  OperatorPtr source_;
  std::size_t width_;
  ExecutionContext* context_;
};

Result<void> check_stop(ExecutionContext& context);

inline EvaluationInput over(const Batch& batch, std::size_t rows, const ExecutionContext& context) {
  return {.batch = batch,
          .rows = rows,
          .parameters = context.parameters,
          .transaction = &context.transaction,
          .budget = &context.budget};
}
inline EvaluationInput over(const Batch& batch, const ExecutionContext& context) {
  return over(batch, batch.rows(), context);
}
// The value of an expression without columns: one row.
Result<Column> evaluate_once(const Expression& expression, const ExecutionContext& context);

// An expression's column: the input's own where it only names one, else computed. One thread at a time.
class Computed {
 public:
  static Result<Computed> of(const Expression& expression, const EvaluationInput& input,
                             const Selection* selection = nullptr);
  const Column& operator*() const noexcept { return borrowed_ != nullptr ? *borrowed_ : *own_; }
  const Column* operator->() const noexcept { return &**this; }

 private:
  const Column* borrowed_ = nullptr;
  std::optional<Column> own_;
};
Result<std::vector<Computed>> compute_all(const std::vector<ExpressionPtr>& expressions, const EvaluationInput& input,
                                          const Selection* selection = nullptr);
// Pointers to the columns of all: what tables and buffers take.
std::vector<const Column*> pointers_to(const std::vector<Computed>& computed);
std::vector<const Column*> pointers_to(const Batch& batch);
// Bytes of the first `rows` values, text included.
std::size_t value_bytes(std::span<const Column* const> columns, std::size_t rows) noexcept;

// The chosen rows of a batch that ends here; borrowed text keeps the batch alive. All rows: the batch itself.
Batch choose(Batch&& batch, const Selection& rows);
Selection every_row(std::size_t rows);

std::vector<Type> types_of(const std::vector<OutputColumn>& columns);
std::vector<Type> types_of(const std::vector<ExpressionPtr>& expressions);

// Charges `total_bytes` to a reservation of the share `queries`; the refusal says what a user can do.
Result<void> hold(Reservation& reservation, std::size_t total_bytes);

}  // namespace mneme::query
