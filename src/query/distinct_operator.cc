// Distinct: of equal rows the first one, as it comes. NULLs are equal.
#include "query/group_table.h"
#include "query/operators.h"

namespace mneme::query {
namespace {

class DistinctOperator final : public Operator {  // One thread at a time.
 public:
  DistinctOperator(const Plan& plan, Input input, Reservation memory)
      : seen_(types_of(plan.columns)), input_(std::move(input)), memory_(std::move(memory)) {}

  Result<std::optional<Batch>> next() override {
    for (;;) {
      std::optional<Batch> batch = TRY(input_.next());
      if (!batch) return batch;
      auto columns = pointers_to(*batch);
      columns.resize(input_.width());
      const std::size_t before = seen_.groups(), rows = batch->rows();
      TRY(hold(memory_, seen_.memory_bytes_after(rows, value_bytes(columns, rows))));
      seen_.find_or_add(columns, rows, groups_);
      TRY(hold(memory_, seen_.memory_bytes()));
      const Selection fresh = first_of_each(before);
      if (!fresh.empty()) return std::optional<Batch>(choose(std::move(*batch), fresh));
    }
  }

 private:
  // Numbers grow with first appearance, so a row is the first of its key when its number is the next new one.
  [[nodiscard]] Selection first_of_each(std::size_t next) const {
    Selection fresh;
    for (std::size_t row = 0; row < groups_.size(); ++row) {
      if (groups_[row] != next) continue;
      fresh.push_back(static_cast<RowIndex>(row));
      ++next;
    }
    return fresh;
  }

  GroupTable seen_;
  std::vector<GroupNumber> groups_;
  Input input_;
  Reservation memory_;
};

}  // namespace

Result<OperatorPtr> make_distinct(const Plan& plan, Inputs inputs, ExecutionContext& context) {
  Reservation memory = TRY(context.budget.reserve(0, MemoryShare::queries, "DISTINCT"));
  return OperatorPtr(std::make_unique<DistinctOperator>(plan, std::move(inputs.front()), std::move(memory)));
}

}  // namespace mneme::query
