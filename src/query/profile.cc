#include "query/profile.h"

namespace mneme::query {
namespace {

class ProfiledOperator final : public Operator {  // One thread at a time.
 public:
  ProfiledOperator(OperatorPtr source, Profile& profile, NodeProfile& node)
      : source_(std::move(source)), profile_(profile), node_(node) {}

  Result<std::optional<Batch>> next() override {
    const std::int64_t begin = profile_.now_ns();
    auto batch = source_->next();
    node_.ns += profile_.now_ns() - begin;
    if (batch && *batch) node_.rows += (*batch)->rows();
    return batch;
  }

 private:
  OperatorPtr source_;
  Profile& profile_;
  NodeProfile& node_;
};

}  // namespace

const NodeProfile* Profile::find(const Plan& plan) const {
  const auto found = nodes_.find(&plan);
  return found == nodes_.end() ? nullptr : &found->second;
}

OperatorPtr profiled(const Plan& plan, OperatorPtr source, Profile& profile) {
  return std::make_unique<ProfiledOperator>(std::move(source), profile, profile.of(plan));
}

}  // namespace mneme::query
