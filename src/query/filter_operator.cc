// Filter: the rows in which a predicate is true.
#include "query/operators.h"

namespace mneme::query {
namespace {

class FilterOperator final : public Operator {  // One thread at a time.
 public:
  FilterOperator(const Expression& predicate, Input input, ExecutionContext& context)
      : predicate_(predicate), input_(std::move(input)), context_(context) {}

  Result<std::optional<Batch>> next() override {
    for (;;) {
      std::optional<Batch> batch = TRY(input_.next());
      if (!batch) return batch;
      const Selection kept = TRY(filter(predicate_, over(*batch, context_)));
      if (!kept.empty()) return std::optional<Batch>(choose(std::move(*batch), kept));
    }
  }

 private:
  const Expression& predicate_;
  Input input_;
  ExecutionContext& context_;
};

}  // namespace

Result<OperatorPtr> make_filter(const Plan& plan, Inputs inputs, ExecutionContext& context) {
  const auto& predicate = *std::get<Filter>(plan.node).predicate;
  return OperatorPtr(std::make_unique<FilterOperator>(predicate, std::move(inputs.front()), context));
}

}  // namespace mneme::query
