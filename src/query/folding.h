// Folding: an accumulator whose state is a small value that takes one argument at a time.
#pragma once

#include "query/accumulator.h"

namespace mneme::query {

inline Error aggregate_overflow(std::string_view what) {
  return Error(Code::invalid_argument, std::string(what) + " is out of range").with_sqlstate("22003");
}

// Fold: `Value` (what the argument's column holds), `State` (begins empty), `bool add(State&, const Value&)` (false:
// out of range), `Result<void> finish(const State&, Column& out)`, `kName`.
template <class Fold>
class Folding final : public Accumulator {  // One thread at a time.
 public:
  explicit Folding(Fold fold) : fold_(fold) {}

  void resize(std::size_t groups) override { states_.resize(groups); }
  Result<void> add(std::span<const Column* const> arguments, std::span<const GroupNumber> groups) override {
    const Column& column = *arguments.front();
    const auto* values = column.values<typename Fold::Value>();
    for (std::size_t row = 0; row < groups.size(); ++row) {
      if (column.is_null(row)) continue;
      if (!fold_.add(states_[groups[row]], values[row])) return aggregate_overflow(Fold::kName);
    }
    return {};
  }
  Result<void> finish(std::size_t first, std::size_t count, Column& out) const override {
    for (std::size_t group = first; group < first + count; ++group) {
      TRY(fold_.finish(states_[group], out));
    }
    return {};
  }
  [[nodiscard]] std::size_t memory_bytes() const noexcept override {
    return states_.capacity() * sizeof(typename Fold::State);
  }
  [[nodiscard]] std::size_t state_bytes() const noexcept override { return sizeof(typename Fold::State); }

 private:
  const Fold fold_;
  std::vector<typename Fold::State> states_;
};

template <class Fold>
AccumulatorPtr folding(Fold fold) {
  return std::make_unique<Folding<Fold>>(fold);
}

}  // namespace mneme::query
