// AsofJoin: beside each left row the right row of the same key that is nearest in time, on the side asked for.
//
// The right side is held, its rows of each key sorted by time; a left row looks with a binary search, so the left side
// streams, in any order. Of several right rows of the one nearest time: backwards the last to arrive, forwards the
// first, as if rows of one time had happened one after another. Rows whose time is NULL match nothing.
#include <algorithm>
#include <cmath>

#include "query/join_rows.h"
#include "query/operators.h"
#include "query/sort_keys.h"
#include "types/calendar.h"
#include "types/interval.h"

namespace mneme::query {
namespace {

struct TimeEntry {
  std::uint64_t word = 0;  // The time, in its order.
  RowNumber row = 0;
};

// How far off a match may be. One thread at a time.
class Tolerance {
 public:
  static Result<Tolerance> of(const ExpressionPtr& within, const Type& time, const ExecutionContext& context) {
    Tolerance made;
    if (within == nullptr) return made;
    const Column value = TRY(evaluate_once(*within, context));
    made.bounded_ = true;
    made.floating_ = time.kind == TypeKind::floating || time.kind == TypeKind::real;
    made.unit_ = time.kind == TypeKind::date ? kNsPerDay : 1;
    if (value.is_null(0)) {
      made.longest_ = -1;  // Nothing is surely near enough.
      made.longest_float_ = -1;
    } else if (value.type().kind == TypeKind::interval) {
      made.longest_ = interval_length_ns(value.values<Interval>()[0]);
    } else if (value.type().kind == TypeKind::floating) {
      made.longest_float_ = value.values<double>()[0];
    } else {
      made.longest_ = Wide{value.values<std::int64_t>()[0]} * made.unit_;
      made.longest_float_ = static_cast<double>(value.values<std::int64_t>()[0]);
    }
    return made;
  }

  [[nodiscard]] bool holds(const Column& left, std::size_t left_row, const Column& right,
                           std::size_t right_row) const noexcept {
    if (!bounded_) return true;
    if (floating_) return std::abs(number(left, left_row) - number(right, right_row)) <= longest_float_;
    const Wide apart = (Wide{ticks(left, left_row)} - ticks(right, right_row)) * unit_;
    return (apart < 0 ? -apart : apart) <= longest_;
  }

 private:
  static std::int64_t ticks(const Column& column, std::size_t row) noexcept {
    return column.type().width() == 4 ? column.values<std::int32_t>()[row] : column.values<std::int64_t>()[row];
  }
  static double number(const Column& column, std::size_t row) noexcept {
    return column.type().kind == TypeKind::real ? static_cast<double>(column.values<float>()[row])
                                                : column.values<double>()[row];
  }

  bool bounded_ = false;
  bool floating_ = false;
  std::int64_t unit_ = 1;  // Of a time's ticks, in those of the tolerance.
  Wide longest_ = 0;
  double longest_float_ = 0;
};

class AsofJoinOperator final : public Operator {  // One thread at a time.
 public:
  AsofJoinOperator(const Plan& plan, Inputs inputs, const Tolerance& tolerance, ExecutionContext& context)
      : join_(std::get<AsofJoin>(plan.node)),
        left_types_(types_of(plan.inputs[0]->columns)),
        right_types_(types_of(plan.inputs[1]->columns)),
        left_(std::move(inputs[0])),
        right_(std::move(inputs[1])),
        tolerance_(tolerance),
        context_(context) {}

  Result<std::optional<Batch>> next() override {
    if (!table_) TRY(build());
    for (;;) {
      if (at_ == pairs_.size()) {
        std::optional<Batch> batch = TRY(left_.next());
        if (!batch) return batch;
        batch_ = std::make_shared<const Batch>(*std::move(batch));
        TRY(match());
        at_ = 0;
        if (pairs_.size() == 0) continue;
      }
      return std::optional<Batch>(emit());
    }
  }

 private:
  Result<void> build() {
    const Expression* const time = join_.right_time.get();
    table_ = TRY(JoinTable::build(right_, right_types_, join_.right_keys, {&time, 1}, context_));
    const RowBuffer& rows = *table_->rows();
    TRY(table_->hold_beside(rows.rows() * sizeof(TimeEntry) + (table_->groups() + 1) * sizeof(std::size_t)));
    entries_.reserve(rows.rows());
    begins_.reserve(table_->groups() + 1);
    for (std::size_t group = 0; group < table_->groups(); ++group) {
      begins_.push_back(entries_.size());
      for (RowNumber row = table_->first_of(static_cast<GroupNumber>(group)); row != kNoRow; row = table_->after(row)) {
        const Column& times = rows.column(row, right_types_.size());
        if (times.is_null(rows.row_in_chunk(row))) continue;
        entries_.push_back({order_word(times, rows.row_in_chunk(row)), row});
      }
      const auto begin = entries_.begin() + static_cast<std::ptrdiff_t>(begins_.back());
      std::sort(begin, entries_.end(), [](const TimeEntry& a, const TimeEntry& b) noexcept {
        return a.word != b.word ? a.word < b.word : a.row < b.row;
      });
    }
    begins_.push_back(entries_.size());
    return {};
  }

  Result<void> match() {
    const EvaluationInput input = over(*batch_, context_);
    const auto keys = TRY(compute_all(join_.left_keys, input));
    const auto times = TRY(Computed::of(*join_.left_time, input));
    table_->find_groups(pointers_to(keys), input.rows, groups_);
    pairs_.clear();
    for (std::size_t row = 0; row < input.rows; ++row) {
      const RowNumber found = nearest(*times, row, groups_[row]);
      if (found != kNoRow || join_.left_outer) pairs_.add(row, found);
    }
    return {};
  }

  [[nodiscard]] RowNumber nearest(const Column& times, std::size_t row, GroupNumber group) const {
    if (group == kNoGroup || times.is_null(row)) return kNoRow;
    const std::uint64_t word = order_word(times, row);
    const std::span entries = std::span(entries_).subspan(begins_[group], begins_[group + 1] - begins_[group]);
    // Backwards: the last entry before (or at) the time; forwards: the first one after (or at) it.
    const bool upper = join_.forward == join_.strict;
    const auto at = upper ? std::ranges::upper_bound(entries, word, {}, &TimeEntry::word)
                          : std::ranges::lower_bound(entries, word, {}, &TimeEntry::word);
    if (join_.forward ? at == entries.end() : at == entries.begin()) return kNoRow;
    const RowNumber found = join_.forward ? at->row : std::prev(at)->row;
    const RowBuffer& rows = *table_->rows();
    const bool near = tolerance_.holds(times, row, rows.column(found, right_types_.size()), rows.row_in_chunk(found));
    return near ? found : kNoRow;
  }

  Batch emit() {
    const std::size_t most = pairs_per_batch(*batch_, left_types_.size(), *table_->rows());
    const std::size_t count = std::min(most, pairs_.size() - at_);
    const auto first = static_cast<std::ptrdiff_t>(at_), last = static_cast<std::ptrdiff_t>(at_ + count);
    const Pairs some{.left = {pairs_.left.begin() + first, pairs_.left.begin() + last},
                     .right = {pairs_.right.begin() + first, pairs_.right.begin() + last}};
    at_ += count;
    return joined(batch_, left_types_.size(), table_->rows(), right_types_.size(), some);
  }

  const AsofJoin& join_;
  const std::vector<Type> left_types_;
  const std::vector<Type> right_types_;
  Input left_;
  Input right_;
  const Tolerance tolerance_;
  ExecutionContext& context_;
  std::optional<JoinTable> table_;
  std::vector<TimeEntry> entries_;   // Of one key after another.
  std::vector<std::size_t> begins_;  // By group, and the end.
  std::vector<GroupNumber> groups_;  // Of the left batch at hand, as all below.
  std::shared_ptr<const Batch> batch_;
  Pairs pairs_;
  std::size_t at_ = 0;
};

}  // namespace

Result<OperatorPtr> make_asof_join(const Plan& plan, Inputs inputs, ExecutionContext& context) {
  const auto& join = std::get<AsofJoin>(plan.node);
  if (!has_order_word(join.right_time->type)) {
    return Error(Code::unsupported, "ASOF JOIN cannot compare " + type_name(join.right_time->type))
        .with_sqlstate("0A000")
        .with_hint("compare timestamps, dates or numbers")
        .at(join.right_time->position);
  }
  const Tolerance tolerance = TRY(Tolerance::of(join.within, join.right_time->type, context));
  return OperatorPtr(std::make_unique<AsofJoinOperator>(plan, std::move(inputs), tolerance, context));
}

}  // namespace mneme::query
