// Limit: skips OFFSET rows, then lets LIMIT rows through and asks its input for no more.
#include <algorithm>

#include "query/operators.h"

namespace mneme::query {
namespace {

Result<std::optional<std::size_t>> row_count(const ExpressionPtr& expression, const ExecutionContext& context,
                                             std::string_view clause, const char* sqlstate) {
  if (expression == nullptr) return std::optional<std::size_t>();
  const Column value = TRY(evaluate_once(*expression, context));
  if (value.is_null(0)) return std::optional<std::size_t>();
  const std::int64_t count = value.values<std::int64_t>()[0];
  if (count >= 0) return std::optional(static_cast<std::size_t>(count));
  return Error(Code::invalid_argument, std::string(clause) + " must not be negative")
      .with_sqlstate(sqlstate)
      .at(expression->position);
}

class LimitOperator final : public Operator {  // One thread at a time.
 public:
  LimitOperator(RowWindow window, Input input) : window_(window), input_(std::move(input)) {}

  Result<std::optional<Batch>> next() override {
    while (window_.take > 0) {
      std::optional<Batch> batch = TRY(input_.next());
      if (!batch) return batch;
      const std::size_t rows = batch->rows();
      const std::size_t skipped = std::min(window_.skip, rows);
      const std::size_t taken = std::min(window_.take, rows - skipped);
      window_.skip -= skipped;
      window_.take -= taken;
      if (taken == 0) continue;
      Selection kept = every_row(skipped + taken);
      kept.erase(kept.begin(), kept.begin() + static_cast<std::ptrdiff_t>(skipped));
      return std::optional<Batch>(choose(std::move(*batch), kept));
    }
    return std::optional<Batch>();
  }

 private:
  RowWindow window_;
  Input input_;
};

}  // namespace

Result<RowWindow> row_window(const ExpressionPtr& limit, const ExpressionPtr& offset, const ExecutionContext& context) {
  RowWindow window;
  const auto take = TRY(row_count(limit, context, "LIMIT", "2201W"));
  const auto skip = TRY(row_count(offset, context, "OFFSET", "2201X"));
  if (take) window.take = *take;
  if (skip) window.skip = *skip;
  return window;
}

Result<OperatorPtr> make_limit(const Plan& plan, Inputs inputs, ExecutionContext& context) {
  const auto& limit = std::get<Limit>(plan.node);
  const RowWindow window = TRY(row_window(limit.limit, limit.offset, context));
  return OperatorPtr(std::make_unique<LimitOperator>(window, std::move(inputs.front())));
}

}  // namespace mneme::query
