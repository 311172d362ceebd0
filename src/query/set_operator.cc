// SetOperation: INTERSECT and EXCEPT. The right input's distinct rows are counted, then the left one's rows pass or not
// as they come. NULLs are equal.
#include "query/group_table.h"
#include "query/operators.h"

namespace mneme::query {
namespace {

class SetOperator final : public Operator {  // One thread at a time.
 public:
  SetOperator(const Plan& plan, Inputs inputs, Reservation memory)
      : node_(std::get<SetOperation>(plan.node)),
        table_(types_of(plan.columns)),
        left_(std::move(inputs[0])),
        right_(std::move(inputs[1])),
        memory_(std::move(memory)) {}

  Result<std::optional<Batch>> next() override {
    if (right_) TRY(count_right());
    for (;;) {
      std::optional<Batch> batch = TRY(left_.next());
      if (!batch) return batch;
      const Selection kept = TRY(keep(*batch));
      if (!kept.empty()) return std::optional<Batch>(choose(std::move(*batch), kept));
    }
  }

 private:
  Result<void> count_right() {
    while (const auto batch = TRY(right_->next())) {
      TRY(add(*batch));
      counts_.resize(table_.groups(), 0);
      for (const GroupNumber group : groups_) ++counts_[group];
    }
    right_.reset();
    return {};
  }

  Result<void> add(const Batch& batch) {
    const auto columns = columns_of(batch);
    const std::size_t rows = batch.rows();
    TRY(hold(memory_, table_.memory_bytes_after(rows, value_bytes(columns, rows)) + count_bytes(rows)));
    table_.find_or_add(columns, rows, groups_);
    return hold(memory_, table_.memory_bytes() + count_bytes(0));
  }

  [[nodiscard]] std::size_t count_bytes(std::size_t more) const noexcept {  // A vector may double as it grows.
    return 2 * (table_.groups() + more) * sizeof(std::uint64_t);
  }

  Result<Selection> keep(const Batch& batch) {
    if (node_.op == SetOperation::Kind::except && !node_.all) {  // Neither on the right nor on the left before.
      const std::size_t before = table_.groups();
      TRY(add(batch));
      return first_of_each(groups_, before);
    }
    table_.find(columns_of(batch), batch.rows(), groups_);
    Selection kept;
    for (std::size_t row = 0; row < groups_.size(); ++row) {
      if (passes(groups_[row])) kept.push_back(static_cast<RowIndex>(row));
    }
    return kept;
  }

  // Each row on the right takes one on the left: INTERSECT ALL yields it, EXCEPT ALL drops it. INTERSECT takes all.
  bool passes(GroupNumber group) {
    const bool intersect = node_.op == SetOperation::Kind::intersect;
    if (group == kNoGroup || counts_[group] == 0) return !intersect;
    counts_[group] = node_.all ? counts_[group] - 1 : 0;
    return intersect;
  }

  [[nodiscard]] std::vector<const Column*> columns_of(const Batch& batch) const {
    auto columns = pointers_to(batch);
    columns.resize(left_.width());
    return columns;
  }

  const SetOperation& node_;
  GroupTable table_;                   // Of the right rows; of EXCEPT then of the left ones, too.
  std::vector<std::uint64_t> counts_;  // By group: right rows that have not met a left one.
  std::vector<GroupNumber> groups_;
  Input left_;
  std::optional<Input> right_;  // Until it is counted.
  Reservation memory_;
};

}  // namespace

Result<OperatorPtr> make_set(const Plan& plan, Inputs inputs, ExecutionContext& context) {
  Reservation memory = TRY(context.budget.reserve(0, MemoryShare::queries, "INTERSECT or EXCEPT"));
  return OperatorPtr(std::make_unique<SetOperator>(plan, std::move(inputs), std::move(memory)));
}

}  // namespace mneme::query
