// Join: holds the right side and passes the left one by it, by key where there are keys, else row by row.
//
// Both ways make pairs of a left and a right row, a batch of them at a time, and let the residual decide. What differs
// between the kinds is what becomes of the pairs that pass, and of the rows that were in none.
// The left side is looked at first: when it is short, the right one may be asked by an index (join_lookup.h).
#include <array>

#include "query/join_lookup.h"
#include "query/join_rows.h"
#include "query/kernels.h"
#include "query/operators.h"

namespace mneme::query {
namespace {

class JoinOperator final : public Operator {  // One thread at a time.
 public:
  JoinOperator(const Plan& plan, Inputs inputs, ExecutionContext& context)
      : join_(std::get<Join>(plan.node)),
        right_plan_(*plan.inputs[1]),
        left_types_(types_of(plan.inputs[0]->columns)),
        right_types_(types_of(plan.inputs[1]->columns)),
        left_(std::move(inputs[0])),
        right_(std::move(inputs[1])),
        context_(context),
        outer_left_(join_.kind == JoinKind::left || join_.kind == JoinKind::full),
        outer_right_(join_.kind == JoinKind::right || join_.kind == JoinKind::full),
        left_only_(join_.kind == JoinKind::semi || join_.kind == JoinKind::anti),
        by_pair_(join_.null_aware && (join_.residual != nullptr || join_.left_keys.size() != 1)),
        judges_(join_.residual != nullptr || by_pair_) {}

  Result<std::optional<Batch>> next() override {
    if (!table_) TRY(build());
    for (;;) {
      TRY(check_stop(context_));
      if (batch_ == nullptr && !TRY(next_left())) break;
      std::optional<Batch> out = TRY(step());
      if (out) return out;
    }
    return unmatched_right();
  }

 private:
  Result<void> build() {
    static const std::vector<ExpressionPtr> kNone;
    std::vector<const Expression*> beside;
    for (const ExpressionPtr& key : join_.right_keys) {
      if (by_pair_) beside.push_back(key.get());
    }
    TRY(look_at_left());
    table_ = TRY(JoinTable::build(right_, right_types_, by_pair_ ? kNone : join_.right_keys, beside, context_));
    if (!outer_right_) return {};
    TRY(table_->hold_beside(table_->rows()->rows() / 8));
    right_matched_.resize(table_->rows()->rows());
    return {};
  }

  // Reads the left side as far as a short one would go.
  Result<void> look_at_left() {
    if (join_.left_keys.empty()) return {};
    std::size_t rows = 0;
    while (!left_ended_ && rows <= kLookupRowsMax) {
      TRY(read_left());
      if (!left_ended_) rows += ahead_.back()->rows();
    }
    if (!left_ended_) return {};
    OperatorPtr found = TRY(make_lookup(join_, right_plan_, ahead_, context_));
    if (found != nullptr) right_ = Input(std::move(found), right_types_.size(), context_);
    return {};
  }

  Result<void> read_left() {
    std::optional<Batch> batch = TRY(left_.next());
    left_ended_ = !batch;
    if (batch) ahead_.push_back(std::make_shared<const Batch>(*std::move(batch)));
    return {};
  }

  Result<bool> next_left() {
    if (ahead_.empty() && !left_ended_) TRY(read_left());
    if (ahead_.empty()) return false;
    batch_ = std::move(ahead_.front());
    ahead_.erase(ahead_.begin());
    left_keys_ = TRY(compute_all(join_.left_keys, over(*batch_, context_)));
    table_->find(by_pair_ ? std::vector<const Column*>() : pointers_to(left_keys_), batch_->rows(), firsts_);
    left_matched_.assign(batch_->rows(), 0);
    left_row_ = 0;
    right_row_ = firsts_.front();
    pairs_max_ = pairs_per_batch(*batch_, left_types_.size(), *table_->rows());
    return true;
  }

  // The next rows of the left batch at hand; none when it has no more, or none yet.
  Result<std::optional<Batch>> step() {
    if (left_only_ && !judges_) {
      for (std::size_t i = 0; i < firsts_.size(); ++i) left_matched_[i] = firsts_[i] != kNoRow;
      return end_left();
    }
    fill_pairs();
    if (pairs_.size() == 0) return end_left();
    Batch batch = joined(batch_, left_types_.size(), table_->rows(), held_width(), pairs_);
    Selection kept = judges_ ? TRY(judge(batch)) : every_row(pairs_.size());
    for (const RowIndex i : kept) {
      left_matched_[pairs_.left[i]] = 1;
      if (outer_right_ && pairs_.right[i] != kNoRow) right_matched_[pairs_.right[i]] = true;
    }
    if (left_only_ || kept.empty()) return std::optional<Batch>();
    return std::optional<Batch>(choose(std::move(batch), kept));
  }

  // Left rows without any match stay in their place when that is known at once; else they follow in end_left().
  void fill_pairs() {
    pairs_.clear();
    while (pairs_.size() < pairs_max_ && left_row_ < firsts_.size()) {
      const bool settled = left_only_ && left_matched_[left_row_] != 0;
      if (right_row_ != kNoRow && !settled) {
        pairs_.add(left_row_, right_row_);
        right_row_ = table_->after(right_row_);
        continue;
      }
      if (outer_left_ && !judges_ && firsts_[left_row_] == kNoRow) pairs_.add(left_row_, kNoRow);
      ++left_row_;
      right_row_ = left_row_ < firsts_.size() ? firsts_[left_row_] : kNoRow;
    }
  }

  // The pairs that count as matches: the residual is true and, for NOT IN by pair, no key surely differs.
  Result<Selection> judge(const Batch& batch) {
    const EvaluationInput input = over(batch, context_);
    Selection kept = every_row(input.rows);
    if (join_.residual != nullptr) kept = TRY(filter(*join_.residual, input));
    if (!by_pair_) return kept;
    for (std::size_t i = 0; i < left_keys_.size(); ++i) {
      const Column left = gather(*left_keys_[i], pairs_.left);
      const Column& right = batch.columns[left_types_.size() + right_types_.size() + i];
      Column equal(Type{.kind = TypeKind::boolean});
      const std::array<Operand, 2> operands{{{&left, false}, {&right, false}}};
      TRY(comparison("=", left.type())->kernel(operands, input.rows, equal));
      std::erase_if(kept, [&](RowIndex row) { return !equal.is_null(row) && equal.values<std::uint8_t>()[row] == 0; });
    }
    return kept;
  }

  Result<std::optional<Batch>> end_left() {
    const auto batch = std::move(batch_);
    Selection rows;
    const bool wanted = join_.kind == JoinKind::semi;
    for (std::size_t i = 0; i < batch->rows(); ++i) {
      if ((left_matched_[i] != 0) == wanted && is_certain(i)) rows.push_back(static_cast<RowIndex>(i));
    }
    if (rows.empty() || !(left_only_ || (outer_left_ && judges_))) return std::optional<Batch>();
    if (left_only_) return std::optional<Batch>(left_alone(batch, rows));
    Pairs pairs{.left = std::move(rows), .right = {}};
    pairs.right.assign(pairs.left.size(), kNoRow);
    return std::optional<Batch>(joined(batch, left_types_.size(), table_->rows(), right_types_.size(), pairs));
  }

  [[nodiscard]] Batch left_alone(const std::shared_ptr<const Batch>& from, const Selection& rows) const {
    Batch out;
    for (std::size_t i = 0; i < left_types_.size(); ++i) {
      out.columns.push_back(gather(from->columns[i], rows));
      if (out.columns.back().type().is_variable()) out.columns.back().keep_alive(from);
    }
    if (out.columns.empty()) out.columns.push_back(placeholder(rows.size()));
    return out;
  }

  // NOT IN of one key: any NULL on the right, or on the left beside a right side that is not empty, and nobody knows.
  [[nodiscard]] bool is_certain(std::size_t row) const {
    if (!join_.null_aware || by_pair_ || table_->rows()->rows() == 0) return true;
    return !table_->has_null_key() && !left_keys_.front()->is_null(row);
  }

  Result<std::optional<Batch>> unmatched_right() {
    std::vector<RowNumber> rows;
    while (right_at_ < right_matched_.size() && rows.size() < table_->rows()->rows_per_batch()) {
      if (!right_matched_[right_at_]) rows.push_back(static_cast<RowNumber>(right_at_));
      ++right_at_;
    }
    if (rows.empty()) return std::optional<Batch>();
    return std::optional<Batch>(right_alone(left_types_, table_->rows(), right_types_.size(), rows));
  }

  [[nodiscard]] std::size_t held_width() const noexcept { return table_->rows()->types().size(); }

  const Join& join_;
  const Plan& right_plan_;
  const std::vector<Type> left_types_;
  const std::vector<Type> right_types_;
  Input left_;
  Input right_;
  ExecutionContext& context_;
  const bool outer_left_;
  const bool outer_right_;
  const bool left_only_;  // Semi and anti.
  const bool by_pair_;    // NOT IN with a condition or of several columns: which NULLs matter, pairs must tell.
  const bool judges_;     // A pair may fail.

  std::optional<JoinTable> table_;
  std::vector<bool> right_matched_;  // For right and full.
  std::size_t right_at_ = 0;
  bool left_ended_ = false;
  std::vector<std::shared_ptr<const Batch>> ahead_;  // Left batches read and not joined yet.

  // Of the left batch at hand.
  std::shared_ptr<const Batch> batch_;
  std::vector<Computed> left_keys_;
  std::vector<RowNumber> firsts_;
  std::vector<std::uint8_t> left_matched_;
  std::size_t left_row_ = 0;
  RowNumber right_row_ = kNoRow;  // The next candidate of left_row_.
  std::size_t pairs_max_ = 0;
  Pairs pairs_;
};

}  // namespace

Result<OperatorPtr> make_join(const Plan& plan, Inputs inputs, ExecutionContext& context) {
  return OperatorPtr(std::make_unique<JoinOperator>(plan, std::move(inputs), context));
}

}  // namespace mneme::query
