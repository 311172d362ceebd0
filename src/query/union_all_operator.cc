// UnionAll: its inputs' rows, one input after the other.
#include "query/operators.h"

namespace mneme::query {
namespace {

class UnionAllOperator final : public Operator {  // One thread at a time.
 public:
  explicit UnionAllOperator(Inputs inputs) : inputs_(std::move(inputs)) {}

  Result<std::optional<Batch>> next() override {
    for (; at_ < inputs_.size(); ++at_) {
      std::optional<Batch> batch = TRY(inputs_[at_].next());
      if (batch) return batch;
    }
    return std::optional<Batch>();
  }

 private:
  Inputs inputs_;
  std::size_t at_ = 0;
};

}  // namespace

Result<OperatorPtr> make_union_all(const Plan&, Inputs inputs, ExecutionContext&) {
  return OperatorPtr(std::make_unique<UnionAllOperator>(std::move(inputs)));
}

}  // namespace mneme::query
