// Operators and functions of TIMESTAMP, DATE and INTERVAL.
#include <array>
#include <cmath>

#include "query/adapt.h"
#include "query/kernel_error.h"
#include "query/signature.h"
#include "types/calendar.h"
#include "types/decimal.h"
#include "types/text_form.h"
#include "types/time_arithmetic.h"

namespace mneme::query {
namespace {

using Timestamp = std::int64_t;
using Days = std::int32_t;
using Integer = std::int64_t;

// --- Operators.
Result<Timestamp> timestamp_plus(Timestamp t, Interval i) { return add_interval(t, i); }
Result<Timestamp> plus_timestamp(Interval i, Timestamp t) { return add_interval(t, i); }
Result<Timestamp> timestamp_minus(Timestamp t, Interval i) { return add_interval(t, TRY(negate(i))); }
Interval timestamp_difference(Timestamp a, Timestamp b) { return difference(a, b); }

Result<Timestamp> midnight(Days days) {
  Timestamp ns = 0;
  if (__builtin_mul_overflow(std::int64_t{days}, kNsPerDay, &ns)) {
    return bad_argument("date out of range for timestamp", "22008");
  }
  return ns;
}
Result<Timestamp> date_plus_interval(Days d, Interval i) { return add_interval(TRY(midnight(d)), i); }
Result<Timestamp> interval_plus_date(Interval i, Days d) { return date_plus_interval(d, i); }
Result<Timestamp> date_minus_interval(Days d, Interval i) { return date_plus_interval(d, TRY(negate(i))); }

Result<Days> days_of_wide(Wide days) {
  if (days < INT32_MIN || days > INT32_MAX) return bad_argument("date out of range", "22008");
  return static_cast<Days>(days);
}
Result<Days> date_plus(Days d, Integer n) { return days_of_wide(Wide{d} + n); }
Result<Days> plus_date(Integer n, Days d) { return days_of_wide(Wide{d} + n); }
Result<Days> date_minus(Days d, Integer n) { return days_of_wide(Wide{d} - n); }
Integer date_difference(Days a, Days b) { return Integer{a} - b; }

Result<Interval> interval_plus(Interval a, Interval b) { return add(a, b); }
Result<Interval> interval_minus(Interval a, Interval b) { return add(a, TRY(negate(b))); }
Result<Interval> interval_negated(Interval a) { return negate(a); }
Interval interval_itself(Interval a) { return a; }
Result<Interval> interval_times(Interval i, double factor) { return multiply(i, factor); }
Result<Interval> times_interval(double factor, Interval i) { return multiply(i, factor); }
Result<Interval> interval_over(Interval i, double divisor) {
  if (divisor == 0) return bad_argument("division by zero", "22012");
  return divide(i, divisor);
}

// --- Fields.
template <class T>
constexpr std::string_view kTypeName = std::is_same_v<T, Interval> ? "interval"
                                       : std::is_same_v<T, Days>   ? "date"
                                                                   : "timestamp with time zone";

template <class T>
Result<TimeField> field_of(std::string_view name) {
  if (const auto field = time_field(trim_spaces(name))) return *field;
  return bad_argument("unit " + quoted_for_message(name) + " not recognized for type " + std::string(kTypeName<T>),
                      "22023");
}
template <class T>
Error not_supported(std::string_view name) {
  return Error(Code::unsupported,
               "unit " + quoted_for_message(name) + " not supported for type " + std::string(kTypeName<T>))
      .with_sqlstate("0A000");
}

template <class T>
Result<double> extract_field(std::string_view name, T value) {
  const auto extracted = extract(TRY(field_of<T>(name)), value);
  if (!extracted) return not_supported<T>(name);
  return *extracted;
}
// DATE has days beyond TIMESTAMP's range, and no fields of the clock; date_part() reads them of its midnight.
template <bool kOfMidnight>
Result<double> extract_from_date(std::string_view name, Days days) {
  const TimeField field = TRY(field_of<Days>(name));
  if (const auto extracted = extract_from_day(field, days)) return *extracted;
  if (kOfMidnight && is_of_clock(field)) return 0.0;
  return not_supported<Days>(name);
}
Result<Timestamp> truncate_timestamp(std::string_view name, Timestamp t) {
  auto truncated = truncate(TRY(field_of<Timestamp>(name)), t);
  if (!truncated) return not_supported<Timestamp>(name);
  return *std::move(truncated);
}
Result<Interval> truncate_interval(std::string_view name, Interval i) {
  const auto truncated = truncate(TRY(field_of<Interval>(name)), i);
  if (!truncated) return not_supported<Interval>(name);
  return *truncated;
}

// --- Makers.
Result<Days> make_date(Integer year, Integer month, Integer day) {
  const bool fits = year != 0 && std::abs(year) <= 5'874'897 && month >= 1 && month <= 12 && day >= 1;
  const Integer civil_year = year < 0 ? year + 1 : year;  // -1 is 1 BC.
  if (!fits || day > days_in_month(civil_year, static_cast<int>(month))) {
    return bad_argument("date field value out of range: " + std::to_string(year) + "-" + std::to_string(month) + "-" +
                            std::to_string(day),
                        "22008");
  }
  return days_of_wide(days_of({civil_year, static_cast<int>(month), static_cast<int>(day)}));
}

Result<Timestamp> timestamp_of_wide(Wide ns) {
  if (ns < INT64_MIN || ns > INT64_MAX) return bad_argument("timestamp out of range", "22008");
  return static_cast<Timestamp>(ns);
}

// Seconds as a double, to the nanosecond; whole seconds apart, so that nothing is lost on them.
Result<Wide> ns_of_seconds(double seconds) {
  if (!(std::abs(seconds) < 1e12)) return bad_argument("timestamp out of range", "22008");
  const double whole = std::floor(seconds);
  return Wide{static_cast<std::int64_t>(whole)} * kNsPerSecond +
         static_cast<std::int64_t>(std::nearbyint((seconds - whole) * static_cast<double>(kNsPerSecond)));
}

Result<Timestamp> make_timestamp(Integer year, Integer month, Integer day, Integer hour, Integer minute,
                                 double second) {
  const Days days = TRY(make_date(year, month, day));
  const bool fits = hour >= 0 && hour <= 24 && minute >= 0 && minute < 60 && second >= 0 && second <= 60;
  if (!fits || (hour == 24 && (minute > 0 || second > 0)))
    return bad_argument("time field value out of range", "22008");
  return timestamp_of_wide(Wide{days} * kNsPerDay + hour * kNsPerHour + minute * kNsPerMinute +
                           TRY(ns_of_seconds(second)));
}

// make_interval(years, months, weeks, days, hours, mins, secs): any number of them from the first.
Result<void> make_intervals(Operands operands, std::size_t rows, Column& out) {
  return try_map_rows<Interval>(operands, rows, out, [&](std::size_t row, Interval& result) -> Result<void> {
    std::array<Wide, 6> given{};
    for (std::size_t i = 0; i < std::min(operands.size(), given.size()); ++i) given[i] = operands[i].at<Integer>(row);
    const Wide seconds = operands.size() == 7 ? TRY(ns_of_seconds(operands[6].at<double>(row))) : Wide{0};
    result = TRY(make_interval(given[0] * 12 + given[1], given[2] * 7 + given[3],
                               given[4] * kNsPerHour + given[5] * kNsPerMinute + seconds));
    return {};
  });
}

Result<Timestamp> timestamp_of_seconds(double seconds) { return timestamp_of_wide(TRY(ns_of_seconds(seconds))); }
template <Integer kUnit>
Result<Timestamp> timestamp_of_count(Integer count) {
  return timestamp_of_wide(Wide{count} * kUnit);
}
template <Integer kUnit>
Integer count_since_epoch(Timestamp t) {
  return floor_divide(t, kUnit);
}

Interval age_between(Timestamp a, Timestamp b) { return age(a, b); }

// --- 24 hours become a day and 30 days a month; of two neighbouring fields the larger one's sign is both's.
void lend(Wide& large, Wide& small, Wide unit) noexcept {
  if (large > 0 && small < 0) small += unit, --large;
  if (large < 0 && small > 0) small -= unit, ++large;
}
Result<Interval> justify_hours(Interval i) {
  Wide days = Wide{i.days} + i.ns / kNsPerDay;
  Wide ns = i.ns % kNsPerDay;
  lend(days, ns, kNsPerDay);
  return make_interval(i.months, days, ns);
}
Result<Interval> justify_days(Interval i) {
  Wide months = Wide{i.months} + i.days / 30;
  Wide days = i.days % 30;
  lend(months, days, 30);
  return make_interval(months, days, i.ns);
}
Result<Interval> justify_interval(Interval i) {
  Wide days = Wide{i.days} + i.ns / kNsPerDay;
  Wide ns = i.ns % kNsPerDay;
  Wide months = i.months + days / 30;
  days %= 30;
  if (months > 0 && (days < 0 || (days == 0 && ns < 0))) days += 30, --months;
  if (months < 0 && (days > 0 || (days == 0 && ns > 0))) days -= 30, ++months;
  lend(days, ns, kNsPerDay);
  return make_interval(months, days, ns);
}

// --- Buckets.
Result<Timestamp> bucket(Interval width, Timestamp t) { return time_bucket(width, t, std::nullopt); }
Result<Timestamp> bucket_from(Interval width, Timestamp t, Timestamp origin) { return time_bucket(width, t, origin); }
Result<Days> date_bucket(Interval width, Days days) {
  const Timestamp start = TRY(midnight(days));
  return static_cast<Days>(floor_divide(TRY(bucket(width, start)), kNsPerDay));
}
Result<Timestamp> bin(Interval width, Timestamp t, Timestamp origin) {
  if (width.months != 0) {
    return Error(Code::unsupported, "timestamps cannot be binned into intervals containing months or years")
        .with_sqlstate("0A000")
        .with_hint("time_bucket() takes months");
  }
  return time_bucket(width, t, origin);
}
Result<Integer> integer_bucket_from(Integer width, Integer value, Integer offset) {
  if (width <= 0) return bad_argument("a bucket's width must be greater than 0", "22023");
  const Wide from = Wide{value} - offset;
  const Wide rest = from % width;
  const Wide start = from - rest - (rest < 0 ? width : 0) + offset;
  if (start < INT64_MIN || start > INT64_MAX) return bad_argument("integer out of range", "22003");
  return static_cast<Integer>(start);
}
Result<Integer> integer_bucket(Integer width, Integer value) { return integer_bucket_from(width, value, 0); }

constexpr TypeKind kTs = TypeKind::timestamp;
constexpr TypeKind kDate = TypeKind::date;
constexpr TypeKind kIv = TypeKind::interval;
constexpr TypeKind kI = TypeKind::integer;
constexpr TypeKind kF = TypeKind::floating;
constexpr TypeKind kT = TypeKind::text;

constexpr Signature kSignatures[] = {
    signature("+", adapt<timestamp_plus>, returns<kTs>, kTs, kIv),
    signature("+", adapt<plus_timestamp>, returns<kTs>, kIv, kTs),
    signature("-", adapt<timestamp_minus>, returns<kTs>, kTs, kIv),
    signature("-", adapt<timestamp_difference>, returns<kIv>, kTs, kTs),
    signature("+", adapt<date_plus_interval>, returns<kTs>, kDate, kIv),
    signature("+", adapt<interval_plus_date>, returns<kTs>, kIv, kDate),
    signature("-", adapt<date_minus_interval>, returns<kTs>, kDate, kIv),
    signature("+", adapt<date_plus>, returns<kDate>, kDate, kI),
    signature("+", adapt<plus_date>, returns<kDate>, kI, kDate),
    signature("-", adapt<date_minus>, returns<kDate>, kDate, kI),
    signature("-", adapt<date_difference>, returns<kI>, kDate, kDate),
    signature("+", adapt<interval_plus>, returns<kIv>, kIv, kIv),
    signature("-", adapt<interval_minus>, returns<kIv>, kIv, kIv),
    signature("-", adapt<interval_negated>, returns<kIv>, kIv),
    signature("+", adapt<interval_itself>, returns<kIv>, kIv),
    signature("*", adapt<interval_times>, returns<kIv>, kIv, kF),
    signature("*", adapt<times_interval>, returns<kIv>, kF, kIv),
    signature("/", adapt<interval_over>, returns<kIv>, kIv, kF),
    signature("extract", adapt<extract_field<Timestamp>>, returns<kF>, kT, kTs),
    signature("extract", adapt<extract_field<Interval>>, returns<kF>, kT, kIv),
    signature("extract", adapt<extract_from_date<false>>, returns<kF>, kT, kDate),
    signature("date_part", adapt<extract_field<Timestamp>>, returns<kF>, kT, kTs),
    signature("date_part", adapt<extract_field<Interval>>, returns<kF>, kT, kIv),
    signature("date_part", adapt<extract_from_date<true>>, returns<kF>, kT, kDate),
    signature("date_trunc", adapt<truncate_timestamp>, returns<kTs>, kT, kTs),
    signature("date_trunc", adapt<truncate_interval>, returns<kIv>, kT, kIv),
    signature("make_date", adapt<make_date>, returns<kDate>, kI, kI, kI),
    signature("make_timestamp", adapt<make_timestamp>, returns<kTs>, kI, kI, kI, kI, kI, kF),
    signature("make_timestamptz", adapt<make_timestamp>, returns<kTs>, kI, kI, kI, kI, kI, kF),
    signature("make_interval", make_intervals, returns<kIv>, kI),
    signature("make_interval", make_intervals, returns<kIv>, kI, kI),
    signature("make_interval", make_intervals, returns<kIv>, kI, kI, kI),
    signature("make_interval", make_intervals, returns<kIv>, kI, kI, kI, kI),
    signature("make_interval", make_intervals, returns<kIv>, kI, kI, kI, kI, kI),
    signature("make_interval", make_intervals, returns<kIv>, kI, kI, kI, kI, kI, kI),
    signature("make_interval", make_intervals, returns<kIv>, kI, kI, kI, kI, kI, kI, kF),
    signature("to_timestamp", adapt<timestamp_of_seconds>, returns<kTs>, kF),
    signature("epoch_ns", adapt<count_since_epoch<1>>, returns<kI>, kTs),
    signature("epoch_us", adapt<count_since_epoch<1'000>>, returns<kI>, kTs),
    signature("epoch_ms", adapt<count_since_epoch<1'000'000>>, returns<kI>, kTs),
    signature("from_epoch_ns", adapt<timestamp_of_count<1>>, returns<kTs>, kI),
    signature("from_epoch_us", adapt<timestamp_of_count<1'000>>, returns<kTs>, kI),
    signature("from_epoch_ms", adapt<timestamp_of_count<1'000'000>>, returns<kTs>, kI),
    signature("age", adapt<age_between>, returns<kIv>, kTs, kTs),
    signature("justify_hours", adapt<justify_hours>, returns<kIv>, kIv),
    signature("justify_days", adapt<justify_days>, returns<kIv>, kIv),
    signature("justify_interval", adapt<justify_interval>, returns<kIv>, kIv),
    signature("time_bucket", adapt<bucket>, returns<kTs>, kIv, kTs),
    signature("time_bucket", adapt<bucket_from>, returns<kTs>, kIv, kTs, kTs),
    signature("time_bucket", adapt<date_bucket>, returns<kDate>, kIv, kDate),
    signature("time_bucket", adapt<integer_bucket>, returns<kI>, kI, kI),
    signature("time_bucket", adapt<integer_bucket_from>, returns<kI>, kI, kI, kI),
    signature("date_bin", adapt<bin>, returns<kTs>, kIv, kTs, kTs),
};

}  // namespace

std::span<const Signature> time_signatures() noexcept { return kSignatures; }

}  // namespace mneme::query
