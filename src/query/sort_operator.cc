// Sort: holds its input and yields it in order; with a LIMIT above, only the rows that can still be among the first.
#include "query/operators.h"
#include "query/sorter.h"

namespace mneme::query {
namespace {

class SortOperator final : public Operator {  // One thread at a time.
 public:
  SortOperator(const Plan& plan, const RowWindow& window, Input input, ExecutionContext& context)
      : sorter_(std::get<Sort>(plan.node).keys, types_of(plan.columns), window.end(), context),
        input_(std::move(input)),
        context_(context),
        sorted_(window.end() == 0) {}

  Result<std::optional<Batch>> next() override {
    if (!sorted_) {
      TRY(drain());
      sorted_ = true;
    }
    return sorter_.next();
  }

 private:
  Result<void> drain() {
    for (;;) {
      const std::optional<Batch> batch = TRY(input_.next());
      if (!batch) return sorter_.finish();
      TRY(sorter_.add(over(*batch, context_), pointers_to(*batch)));
    }
  }

  Sorter sorter_;
  Input input_;
  ExecutionContext& context_;
  bool sorted_;
};

}  // namespace

Result<OperatorPtr> make_sort(const Plan& plan, Inputs inputs, ExecutionContext& context) {
  const auto& sort = std::get<Sort>(plan.node);
  const RowWindow window = TRY(row_window(sort.limit, sort.offset, context));
  return OperatorPtr(std::make_unique<SortOperator>(plan, window, std::move(inputs.front()), context));
}

}  // namespace mneme::query
