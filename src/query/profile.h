// Profile: what each node of a plan yielded and how long it took, for EXPLAIN ANALYZE.
#pragma once

#include <cstdint>
#include <map>

#include "query/operator.h"

namespace mneme::query {

struct NodeProfile {
  std::uint64_t rows = 0;
  std::int64_t ns = 0;  // In next(), that of the nodes beneath it included.
};

class Profile {  // One thread at a time. Outlives the operators it watches.
 public:
  using Clock = std::int64_t (*)(void* argument);  // Monotonic, nanoseconds.
  explicit Profile(Clock clock, void* argument = nullptr) : clock_(clock), argument_(argument) {}

  [[nodiscard]] std::int64_t now_ns() const { return clock_(argument_); }
  NodeProfile& of(const Plan& plan) { return nodes_[&plan]; }
  [[nodiscard]] const NodeProfile* find(const Plan& plan) const;  // Null: it never ran.

 private:
  const Clock clock_;
  void* const argument_;
  std::map<const Plan*, NodeProfile> nodes_;  // Their addresses stay.
};

// `source`, counted and timed as `plan`.
OperatorPtr profiled(const Plan& plan, OperatorPtr source, Profile& profile);

// explain() with each node's rows and milliseconds behind it.
std::string explain(const Plan& plan, const Profile& profile);

}  // namespace mneme::query
