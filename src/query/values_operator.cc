// Values: rows of expressions without columns.
#include "query/operators.h"

namespace mneme::query {
namespace {

class ValuesOperator final : public Operator {  // One thread at a time.
 public:
  ValuesOperator(const Plan& plan, ExecutionContext& context)
      : rows_(std::get<Values>(plan.node).rows), columns_(plan.columns), context_(context) {}

  Result<std::optional<Batch>> next() override {
    if (at_ == rows_.size()) return std::optional<Batch>();
    Batch batch;
    batch.columns.reserve(columns_.size());
    for (const OutputColumn& column : columns_) batch.columns.emplace_back(column.type);
    std::size_t count = 0, bytes = 0;
    for (; at_ < rows_.size() && count < kBatchRowsMax && bytes < kBatchBytesMax; ++at_, ++count) {
      bytes += TRY(append_row(rows_[at_], batch));
    }
    if (columns_.empty()) batch.columns.push_back(placeholder(count));
    return std::optional<Batch>(std::move(batch));
  }

 private:
  Result<std::size_t> append_row(const std::vector<ExpressionPtr>& row, Batch& batch) const {
    std::size_t bytes = 0;
    for (std::size_t i = 0; i < row.size(); ++i) {
      if (const Column* given = given_value(*row[i])) {
        batch.columns[i].append_lent(*given, 0, 1);  // The plan and the parameters outlive the batch.
        bytes += bytes_of(*given);
      } else {
        const Column value = TRY(evaluate_once(*row[i], context_));
        batch.columns[i].append_run(value, 0, 1);
        bytes += bytes_of(value);
      }
    }
    return bytes;
  }
  // Null: it has to be computed.
  [[nodiscard]] const Column* given_value(const Expression& expression) const {
    if (expression.kind == ExpressionKind::constant) return &*expression.value;
    const bool given = expression.kind == ExpressionKind::parameter && expression.index < context_.parameters.size();
    return given ? &context_.parameters[expression.index] : nullptr;
  }
  static std::size_t bytes_of(const Column& value) {
    const bool text = value.type().is_variable() && !value.is_null(0);
    return value.type().width() + (text ? value.bytes_at(0).size() : 0);
  }

  const std::vector<std::vector<ExpressionPtr>>& rows_;
  const std::vector<OutputColumn>& columns_;
  ExecutionContext& context_;
  std::size_t at_ = 0;
};

}  // namespace

Result<OperatorPtr> make_values(const Plan& plan, Inputs, ExecutionContext& context) {
  return OperatorPtr(std::make_unique<ValuesOperator>(plan, context));
}

}  // namespace mneme::query
