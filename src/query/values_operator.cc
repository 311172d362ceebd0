// Values: rows of expressions without columns.
#include "query/operators.h"

namespace mneme::query {
namespace {

class ValuesOperator final : public Operator {  // One thread at a time.
 public:
  ValuesOperator(const Plan& plan, ExecutionContext& context)
      : rows_(std::get<Values>(plan.node).rows), types_(types_of(plan.columns)), context_(context) {}

  Result<std::optional<Batch>> next() override {
    if (at_ == rows_.size()) return std::optional<Batch>();
    Batch batch;
    for (const Type& type : types_) batch.columns.emplace_back(type);
    std::size_t count = 0, bytes = 0;
    for (; at_ < rows_.size() && count < kBatchRowsMax && bytes < kBatchBytesMax; ++at_, ++count) {
      bytes += TRY(append_row(rows_[at_], batch));
    }
    if (types_.empty()) batch.columns.push_back(placeholder(count));
    return std::optional<Batch>(std::move(batch));
  }

 private:
  Result<std::size_t> append_row(const std::vector<ExpressionPtr>& row, Batch& batch) const {
    std::size_t bytes = 0;
    for (std::size_t i = 0; i < row.size(); ++i) {
      if (const Column* given = given_value(*row[i])) {
        bytes += append(*given, batch.columns[i]);
      } else {
        const Column value = TRY(evaluate_once(*row[i], context_));
        bytes += append(value, batch.columns[i]);
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
  static std::size_t append(const Column& value, Column& to) {
    to.append_run(value, 0, 1);
    const bool text = to.type().is_variable() && !value.is_null(0);
    return to.type().width() + (text ? value.bytes_at(0).size() : 0);
  }

  const std::vector<std::vector<ExpressionPtr>>& rows_;
  const std::vector<Type> types_;
  ExecutionContext& context_;
  std::size_t at_ = 0;
};

}  // namespace

Result<OperatorPtr> make_values(const Plan& plan, Inputs, ExecutionContext& context) {
  return OperatorPtr(std::make_unique<ValuesOperator>(plan, context));
}

}  // namespace mneme::query
