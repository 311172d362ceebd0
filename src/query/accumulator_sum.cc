// Sums, averages and variances.
#include <cmath>

#include "query/folding.h"
#include "types/calendar.h"
#include "types/interval.h"

namespace mneme::query {
namespace {

constexpr Wide kDecimalEnd = 1'000'000'000'000'000'000;  // 10^18: one more digit than a DECIMAL has.

struct WholeState {
  Wide sum = 0;
  std::int64_t count = 0;
};

struct WholeSum {  // INT, DECIMAL: 2^64 rows cannot overflow 128 bits, so only the result is judged.
  using Value = std::int64_t;
  using State = WholeState;
  static constexpr std::string_view kName = "sum";
  bool decimal;
  bool add(State& state, Value value) const noexcept {
    state.sum += value;
    ++state.count;
    return true;
  }
  Result<void> finish(const State& state, Column& out) const {
    if (state.count == 0) return out.append_null(), Result<void>();
    const auto sum = static_cast<std::int64_t>(state.sum);
    if (sum != state.sum) return aggregate_overflow("sum: INT");
    if (decimal && (state.sum >= kDecimalEnd || state.sum <= -kDecimalEnd)) return aggregate_overflow("sum: DECIMAL");
    out.append(sum);
    return {};
  }
};

struct WholeAverage {
  using Value = std::int64_t;
  using State = WholeState;
  static constexpr std::string_view kName = "avg";
  double scale;  // 10^scale of a DECIMAL.
  bool add(State& state, Value value) const noexcept {
    state.sum += value;
    ++state.count;
    return true;
  }
  Result<void> finish(const State& state, Column& out) const {
    if (state.count == 0) return out.append_null(), Result<void>();
    out.append(static_cast<double>(state.sum) / static_cast<double>(state.count) / scale);
    return {};
  }
};

struct FloatState {
  double sum = 0;
  std::int64_t count = 0;
};

// Infinite because of an infinite argument is a value; because of too many finite ones it is an overflow.
bool add_float(FloatState& state, double value) noexcept {
  const double sum = state.sum + value;
  if (std::isinf(sum) && !std::isinf(state.sum) && !std::isinf(value)) return false;
  state.sum = sum;
  ++state.count;
  return true;
}

template <class T, bool kAverage>
struct FloatSum {
  using Value = T;
  using State = FloatState;
  static constexpr std::string_view kName = kAverage ? "avg: FLOAT" : "sum: FLOAT";
  bool add(State& state, Value value) const noexcept { return add_float(state, static_cast<double>(value)); }
  Result<void> finish(const State& state, Column& out) const {
    if (state.count == 0) return out.append_null(), Result<void>();
    out.append(kAverage ? state.sum / static_cast<double>(state.count) : state.sum);
    return {};
  }
};

struct IntervalState {
  std::int64_t months = 0;
  std::int64_t days = 0;
  Wide ns = 0;
  std::int64_t count = 0;
};
bool add_interval(IntervalState& state, const Interval& value) noexcept {
  state.months += value.months;  // 2^32 rows of 32 bits each: no overflow.
  state.days += value.days;
  state.ns += value.ns;
  ++state.count;
  return true;
}

Result<void> append_interval(Wide months, Wide days, Wide ns, Column& out) {
  const Interval interval = TRY(make_interval(months, days, ns));
  out.append(interval);
  return {};
}

struct IntervalSum {
  using Value = Interval;
  using State = IntervalState;
  static constexpr std::string_view kName = "sum: INTERVAL";
  bool add(State& state, const Value& value) const noexcept { return add_interval(state, value); }
  Result<void> finish(const State& state, Column& out) const {
    if (state.count == 0) return out.append_null(), Result<void>();
    return append_interval(state.months, state.days, state.ns, out);
  }
};

struct IntervalAverage {  // What is left of months becomes days (30 to a month), what is left of days time.
  using Value = Interval;
  using State = IntervalState;
  static constexpr std::string_view kName = "avg: INTERVAL";
  bool add(State& state, const Value& value) const noexcept { return add_interval(state, value); }
  Result<void> finish(const State& state, Column& out) const {
    if (state.count == 0) return out.append_null(), Result<void>();
    const Wide n = state.count;
    const Wide days_of_months = Wide{state.months % state.count} * 30;
    const Wide day_rest = days_of_months % n + state.days % n;
    const Wide days = days_of_months / n + state.days / state.count;
    return append_interval(state.months / state.count, days, (state.ns + day_rest * kNsPerDay) / n, out);
  }
};

struct WelfordState {
  double mean = 0;
  double squares = 0;  // Sum of the squared distances from the mean.
  std::int64_t count = 0;
};

struct Variance {  // Welford's: stable where the sum of squares would cancel.
  using Value = double;
  using State = WelfordState;
  static constexpr std::string_view kName = "variance";
  bool sample;
  bool deviation;
  bool add(State& state, Value value) const noexcept {
    ++state.count;
    const double from_old = value - state.mean;
    state.mean += from_old / static_cast<double>(state.count);
    state.squares += from_old * (value - state.mean);
    return true;
  }
  Result<void> finish(const State& state, Column& out) const {
    const std::int64_t divisor = state.count - (sample ? 1 : 0);
    if (divisor <= 0) return out.append_null(), Result<void>();
    const double variance = state.squares / static_cast<double>(divisor);
    out.append(deviation ? std::sqrt(variance) : variance);
    return {};
  }
};

}  // namespace

AccumulatorPtr make_sum(const Type& argument, const Type& result) {
  switch (argument.kind) {
    case TypeKind::integer:
    case TypeKind::decimal: return folding(WholeSum{.decimal = result.kind == TypeKind::decimal});
    case TypeKind::floating: return folding(FloatSum<double, false>{});
    case TypeKind::interval: return folding(IntervalSum{});
    default: return nullptr;
  }
}

AccumulatorPtr make_average(const Type& argument, const Type&) {
  switch (argument.kind) {
    case TypeKind::integer: return folding(WholeAverage{.scale = 1});
    case TypeKind::decimal: return folding(WholeAverage{.scale = std::pow(10.0, argument.scale)});
    case TypeKind::floating: return folding(FloatSum<double, true>{});
    case TypeKind::real: return folding(FloatSum<float, true>{});
    case TypeKind::interval: return folding(IntervalAverage{});
    default: return nullptr;
  }
}

AccumulatorPtr make_variance(AggregateKind kind, const Type& argument) {
  if (argument.kind != TypeKind::floating) return nullptr;
  const bool sample = kind == AggregateKind::variance_sample || kind == AggregateKind::deviation_sample;
  const bool deviation = kind == AggregateKind::deviation_sample || kind == AggregateKind::deviation_population;
  return folding(Variance{.sample = sample, .deviation = deviation});
}

}  // namespace mneme::query
