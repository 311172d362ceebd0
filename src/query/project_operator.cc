// Project: one column per expression. Columns that only pass are moved, not copied.
#include "query/operators.h"

namespace mneme::query {
namespace {

class ProjectOperator final : public Operator {  // One thread at a time.
 public:
  ProjectOperator(const std::vector<ExpressionPtr>& expressions, Input input, ExecutionContext& context)
      : expressions_(expressions), input_(std::move(input)), context_(context) {
    std::vector<std::size_t> uses(input_.width());
    for (const ExpressionPtr& e : expressions_) {
      if (e->kind == ExpressionKind::column) ++uses[e->index];
    }
    for (const ExpressionPtr& e : expressions_) {
      const bool passes = e->kind == ExpressionKind::column && uses[e->index] == 1;
      passes_.push_back(passes);
      // Text that was computed, or that several columns share, may borrow from the batch, which then must stay whole.
      if (!passes && e->type.is_variable()) shares_text_ = true;
    }
  }

  Result<std::optional<Batch>> next() override {
    std::optional<Batch> batch = TRY(input_.next());
    if (!batch) return batch;
    const std::size_t rows = batch->rows();
    const auto from = std::make_shared<Batch>(std::move(*batch));
    Batch out;
    for (std::size_t i = 0; i < expressions_.size(); ++i) {
      out.columns.emplace_back(expressions_[i]->type);
      if (moves(i)) continue;
      out.columns.back() = TRY(evaluate(*expressions_[i], over(*from, context_)));
      if (out.columns.back().type().is_variable()) out.columns.back().keep_alive(from);
    }
    for (std::size_t i = 0; i < expressions_.size(); ++i) {  // Last, for others may be computed from them.
      if (moves(i)) out.columns[i] = std::move(from->columns[expressions_[i]->index]);
    }
    if (expressions_.empty()) out.columns.push_back(placeholder(rows));
    return std::optional<Batch>(std::move(out));
  }

 private:
  [[nodiscard]] bool moves(std::size_t i) const {
    return passes_[i] && !(shares_text_ && expressions_[i]->type.is_variable());
  }

  const std::vector<ExpressionPtr>& expressions_;
  std::vector<bool> passes_;
  bool shares_text_ = false;
  Input input_;
  ExecutionContext& context_;
};

}  // namespace

Result<OperatorPtr> make_project(const Plan& plan, Inputs inputs, ExecutionContext& context) {
  const auto& expressions = std::get<Project>(plan.node).expressions;
  return OperatorPtr(std::make_unique<ProjectOperator>(expressions, std::move(inputs.front()), context));
}

}  // namespace mneme::query
