// DELETE: finds every row first, then ends them.
#include "query/change_operator.h"

namespace mneme::query {
namespace {

class DeleteOperator final : public ChangeOperator {  // One thread at a time.
 public:
  DeleteOperator(const Plan& plan, Input input, EndedRows ended, ExecutionContext& context)
      : ChangeOperator(std::get<Delete>(plan.node).table, nullptr, std::get<Delete>(plan.node).returning, context),
        input_(std::move(input)),
        ended_(std::move(ended)) {}

 private:
  Result<void> change() override {
    const std::size_t row_id = table().columns.size();
    for (;;) {
      std::optional<Batch> batch = TRY(input_.next());
      if (!batch) break;
      const Selection fresh = TRY(ended_.add(batch->columns[row_id]));
      if (fresh.empty()) continue;
      Batch rows = choose(*std::move(batch), fresh);
      rows.columns.erase(rows.columns.begin() + static_cast<std::ptrdiff_t>(row_id));
      TRY(changed(rows));
    }
    return context().transaction.remove(table().id, ended_.rows());
  }

  Input input_;
  EndedRows ended_;
};

}  // namespace

Result<OperatorPtr> make_delete(const Plan& plan, Inputs inputs, ExecutionContext& context) {
  EndedRows ended = TRY(EndedRows::make(context));
  return OperatorPtr(std::make_unique<DeleteOperator>(plan, std::move(inputs.front()), std::move(ended), context));
}

}  // namespace mneme::query
