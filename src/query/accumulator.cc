#include "query/accumulator.h"

#include "query/folding.h"

namespace mneme::query {
namespace {

class Counter final : public Accumulator {  // One thread at a time.
 public:
  explicit Counter(bool rows) : rows_(rows) {}
  void resize(std::size_t groups) override { counts_.resize(groups); }
  Result<void> add(std::span<const Column* const> arguments, std::span<const GroupNumber> groups) override {
    if (rows_ || !arguments.front()->has_nulls()) {
      if (counts_.size() == 1) return counts_.front() += static_cast<std::int64_t>(groups.size()), Result<void>();
      for (const GroupNumber group : groups) ++counts_[group];
      return {};
    }
    for (std::size_t row = 0; row < groups.size(); ++row) {
      counts_[groups[row]] += arguments.front()->is_null(row) ? 0 : 1;
    }
    return {};
  }
  Result<void> finish(std::size_t first, std::size_t count, Column& out) const override {
    for (std::size_t group = first; group < first + count; ++group) out.append(counts_[group]);
    return {};
  }
  [[nodiscard]] std::size_t memory_bytes() const noexcept override { return counts_.capacity() * 8; }
  [[nodiscard]] std::size_t state_bytes() const noexcept override { return 8; }

 private:
  const bool rows_;  // count(*)
  std::vector<std::int64_t> counts_;
};

struct Every {  // bool_and, and bool_or with the roles of true and false changed.
  using Value = std::uint8_t;
  using State = std::uint8_t;  // 0: none yet; 1: `dominant` not met; 2: met.
  static constexpr std::string_view kName = "bool";
  bool dominant;
  bool add(State& state, Value value) const noexcept {
    const State now = (value != 0) == dominant ? 2 : 1;
    if (now > state) state = now;
    return true;
  }
  Result<void> finish(const State& state, Column& out) const {
    if (state == 0) return out.append_null(), Result<void>();
    out.append(static_cast<std::uint8_t>((state == 2) == dominant));
    return {};
  }
};

}  // namespace

AccumulatorPtr make_accumulator(AggregateKind kind, std::span<const Type> arguments, const Type& result) {
  if (kind == AggregateKind::count_rows) return std::make_unique<Counter>(true);
  if (arguments.empty()) return nullptr;
  const Type& first = arguments.front();
  switch (kind) {
    case AggregateKind::count_rows:
    case AggregateKind::count: return std::make_unique<Counter>(false);
    case AggregateKind::sum: return make_sum(first, result);
    case AggregateKind::average: return make_average(first, result);
    case AggregateKind::least: return make_extreme(first, false);
    case AggregateKind::greatest: return make_extreme(first, true);
    case AggregateKind::first:
    case AggregateKind::last:
      return arguments.size() == 2 ? make_at_time(first, arguments[1], kind == AggregateKind::last) : nullptr;
    case AggregateKind::variance_sample:
    case AggregateKind::variance_population:
    case AggregateKind::deviation_sample:
    case AggregateKind::deviation_population: return make_variance(kind, first);
    case AggregateKind::bool_and:
    case AggregateKind::bool_or:
      if (first.kind != TypeKind::boolean) return nullptr;
      return folding(Every{.dominant = kind == AggregateKind::bool_or});
    case AggregateKind::string_agg: return arguments.size() == 2 ? make_string_agg() : nullptr;
  }
  return nullptr;
}

}  // namespace mneme::query
