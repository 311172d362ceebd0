// Series: generate_series over INT or TIMESTAMP. Each value is the one before plus the step, as in PostgreSQL: from
// 31 January a step of a month gives 28 February, then 28 March. A value past the type's range ends the series.
#include <algorithm>

#include "query/operators.h"
#include "types/calendar.h"
#include "types/interval.h"

namespace mneme::query {
namespace {

// Months by the calendar (the day is cut to the month's last), then days, then time. None: out of range.
std::optional<std::int64_t> plus(std::int64_t ns, const Interval& step) {
  std::int64_t days = floor_divide(ns, kNsPerDay);
  if (step.months != 0) {
    CivilDate date = civil_of(days);
    const std::int64_t months = date.year * 12 + date.month - 1 + step.months;
    date.year = floor_divide(months, 12);
    date.month = static_cast<int>(floor_modulo(months, 12)) + 1;
    date.day = std::min(date.day, days_in_month(date.year, date.month));
    days = days_of(date);
  }
  const Wide sum = Wide{days + step.days} * kNsPerDay + floor_modulo(ns, kNsPerDay) + step.ns;
  const auto narrow = static_cast<std::int64_t>(sum);
  return narrow == sum ? std::optional(narrow) : std::nullopt;
}

class SeriesOperator final : public Operator {  // One thread at a time.
 public:
  struct Step {
    Interval interval;
    std::int64_t integer = 0;
    bool is_interval = false;
    bool descends = false;
  };
  SeriesOperator(Type type, std::optional<std::int64_t> first, std::int64_t last, Step step)
      : type_(type), at_(first), last_(last), step_(step) {}

  Result<std::optional<Batch>> next() override {
    Column column(type_);
    while (at_ && column.rows() < kBatchRowsMax && (step_.descends ? *at_ >= last_ : *at_ <= last_)) {
      column.append(*at_);
      at_ = after(*at_);
    }
    if (column.rows() == 0) return std::optional<Batch>();
    Batch batch;
    batch.columns.push_back(std::move(column));
    return std::optional<Batch>(std::move(batch));
  }

 private:
  [[nodiscard]] std::optional<std::int64_t> after(std::int64_t value) const {
    if (step_.is_interval) return plus(value, step_.interval);
    std::int64_t sum = 0;
    return __builtin_add_overflow(value, step_.integer, &sum) ? std::nullopt : std::optional(sum);
  }

  const Type type_;
  std::optional<std::int64_t> at_;
  const std::int64_t last_;
  const Step step_;
};

}  // namespace

Result<OperatorPtr> make_series(const Plan& plan, Inputs, ExecutionContext& context) {
  const auto& series = std::get<Series>(plan.node);
  const Column first = TRY(evaluate_once(*series.first, context));
  const Column last = TRY(evaluate_once(*series.last, context));
  const Column by = TRY(evaluate_once(*series.step, context));
  const Type type = plan.columns.front().type;
  if (first.is_null(0) || last.is_null(0) || by.is_null(0)) {
    return OperatorPtr(std::make_unique<SeriesOperator>(type, std::nullopt, 0, SeriesOperator::Step{}));
  }
  SeriesOperator::Step step{.interval = {}, .is_interval = by.type().kind == TypeKind::interval};
  Wide length = 0;
  if (step.is_interval) {
    step.interval = by.values<Interval>()[0];
    length = interval_length_ns(step.interval);
  } else {
    length = step.integer = by.values<std::int64_t>()[0];
  }
  step.descends = length < 0;
  if (length == 0) {
    return Error(Code::invalid_argument, "step size cannot equal zero")
        .with_sqlstate("22023")
        .at(series.step->position);
  }
  return OperatorPtr(
      std::make_unique<SeriesOperator>(type, first.values<std::int64_t>()[0], last.values<std::int64_t>()[0], step));
}

}  // namespace mneme::query
