// Distinct: of equal rows the first one, as it comes. NULLs are equal.
#include "query/group_table.h"
#include "query/operators.h"

namespace mneme::query {
namespace {

class DistinctOperator final : public Operator {  // One thread at a time.
 public:
  DistinctOperator(const Plan& plan, Input input, ExecutionContext& context, Reservation memory)
      : on_(std::get<Distinct>(plan.node).on),
        seen_(on_.empty() ? types_of(plan.columns) : types_of(on_)),
        input_(std::move(input)),
        context_(context),
        memory_(std::move(memory)) {}

  Result<std::optional<Batch>> next() override {
    for (;;) {
      std::optional<Batch> batch = TRY(input_.next());
      if (!batch) return batch;
      const std::size_t before = seen_.groups();
      TRY(number(*batch));
      const Selection fresh = first_of_each(groups_, before);
      if (!fresh.empty()) return std::optional<Batch>(choose(std::move(*batch), fresh));
    }
  }

 private:
  Result<void> number(const Batch& batch) {
    const auto computed = TRY(compute_all(on_, over(batch, context_)));
    auto columns = on_.empty() ? pointers_to(batch) : pointers_to(computed);
    if (on_.empty()) columns.resize(input_.width());
    const std::size_t rows = batch.rows();
    TRY(hold(memory_, seen_.memory_bytes_after(rows, value_bytes(columns, rows))));
    seen_.find_or_add(columns, rows, groups_);
    return hold(memory_, seen_.memory_bytes());
  }

  const std::vector<ExpressionPtr>& on_;
  GroupTable seen_;
  std::vector<GroupNumber> groups_;
  Input input_;
  ExecutionContext& context_;
  Reservation memory_;
};

}  // namespace

Result<OperatorPtr> make_distinct(const Plan& plan, Inputs inputs, ExecutionContext& context) {
  Reservation memory = TRY(context.budget.reserve(0, MemoryShare::queries, "DISTINCT"));
  return OperatorPtr(std::make_unique<DistinctOperator>(plan, std::move(inputs.front()), context, std::move(memory)));
}

}  // namespace mneme::query
