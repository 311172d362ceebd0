// Project: one column per expression. Columns that only pass are moved, not copied. Where the rows of a batch make more
// together than a batch should hold, they come in several.
#include <numeric>

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
    for (;;) {
      std::shared_ptr<Batch> from = TRY(next_rows());
      if (from == nullptr) return std::optional<Batch>();
      bool too_much = false;
      auto made = make(from, too_much);
      if (!too_much) return made;
      put_back(std::move(from));
    }
  }

 private:
  // The rows to go on with, at most rows_max_; null at the end.
  Result<std::shared_ptr<Batch>> next_rows() {
    if (rest_ == nullptr) {
      std::optional<Batch> batch = TRY(input_.next());
      if (!batch) return std::shared_ptr<Batch>();
      rest_ = std::make_shared<Batch>(std::move(*batch));
      at_ = 0;
    }
    const std::size_t rows = rest_->rows(), count = std::min(rows_max_, rows - at_);
    if (count == rows) return std::exchange(rest_, nullptr);
    auto part = std::make_shared<Batch>();
    Selection chosen(count);
    std::iota(chosen.begin(), chosen.end(), static_cast<RowIndex>(at_));
    for (const Column& column : rest_->columns) {
      part->columns.push_back(gather(column, chosen));
      if (column.type().is_variable()) part->columns.back().keep_alive(rest_);
    }
    at_ += count;
    if (at_ == rows) rest_ = nullptr;
    rows_max_ = std::min(rows_max_ * 2, kBatchRowsMax);  // Rows that make so much may have been few.
    return part;
  }

  // In halves, then: nothing of them was moved away.
  void put_back(std::shared_ptr<Batch> rows) {
    rows_max_ = std::max<std::size_t>(rows->rows() / 2, 1);
    if (rest_ == nullptr) {
      rest_ = std::move(rows);
      at_ = 0;
    } else {
      at_ -= rows->rows();
    }
  }

  Result<std::optional<Batch>> make(const std::shared_ptr<Batch>& from, bool& too_much) {
    const std::size_t rows = from->rows();
    EvaluationInput input = over(*from, context_);
    input.too_much = &too_much;
    Batch out;
    for (std::size_t i = 0; i < expressions_.size(); ++i) {
      out.columns.emplace_back(expressions_[i]->type);
      if (moves(i)) continue;
      out.columns.back() = TRY(evaluate(*expressions_[i], input));
      if (out.columns.back().type().is_variable()) out.columns.back().keep_alive(from);
    }
    for (std::size_t i = 0; i < expressions_.size(); ++i) {  // Last, for others may be computed from them.
      if (moves(i)) out.columns[i] = std::move(from->columns[expressions_[i]->index]);
    }
    if (expressions_.empty()) out.columns.push_back(placeholder(rows));
    return std::optional<Batch>(std::move(out));
  }

  [[nodiscard]] bool moves(std::size_t i) const {
    return passes_[i] && !(shares_text_ && expressions_[i]->type.is_variable());
  }

  const std::vector<ExpressionPtr>& expressions_;
  std::vector<bool> passes_;
  bool shares_text_ = false;
  Input input_;
  std::shared_ptr<Batch> rest_;  // A batch of which rows are left, from at_ on.
  std::size_t at_ = 0;
  std::size_t rows_max_ = kBatchRowsMax;
  ExecutionContext& context_;
};

}  // namespace

Result<OperatorPtr> make_project(const Plan& plan, Inputs inputs, ExecutionContext& context) {
  const auto& expressions = std::get<Project>(plan.node).expressions;
  return OperatorPtr(std::make_unique<ProjectOperator>(expressions, std::move(inputs.front()), context));
}

}  // namespace mneme::query
