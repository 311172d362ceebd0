#include "types/time_arithmetic.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "types/calendar.h"
#include "types/text_form.h"

namespace mneme {
namespace {

Error timestamp_out_of_range() {
  return Error(Code::invalid_argument, "timestamp out of range").with_sqlstate("22008");
}

Result<std::int64_t> timestamp_of(Wide ns) {
  if (ns < INT64_MIN || ns > INT64_MAX) return timestamp_out_of_range();
  return static_cast<std::int64_t>(ns);
}

struct Fields {
  CivilDate date;
  std::int64_t days;
  std::int64_t ns_of_day;
};
Fields fields_of(std::int64_t timestamp) noexcept {
  const std::int64_t days = floor_divide(timestamp, kNsPerDay);
  return {civil_of(days), days, floor_modulo(timestamp, kNsPerDay)};
}

CivilDate add_months(CivilDate date, std::int64_t months) noexcept {
  const std::int64_t index = date.year * 12 + (date.month - 1) + months;
  const std::int64_t year = floor_divide(index, 12);
  const int month = static_cast<int>(floor_modulo(index, 12)) + 1;
  return {year, month, std::min(date.day, days_in_month(year, month))};
}

constexpr std::int64_t kMonthsOfRange = 12'000;  // More than all of TIMESTAMP: keeps the calendar's numbers small.

}  // namespace

Result<std::int64_t> add_interval(std::int64_t timestamp, const Interval& interval) {
  Wide ns = timestamp;
  if (interval.months != 0) {
    if (std::abs(std::int64_t{interval.months}) > kMonthsOfRange) return timestamp_out_of_range();
    const Fields fields = fields_of(timestamp);
    ns = Wide{days_of(add_months(fields.date, interval.months))} * kNsPerDay + fields.ns_of_day;
  }
  return timestamp_of(ns + Wide{interval.days} * kNsPerDay + interval.ns);
}

Result<Interval> add(const Interval& a, const Interval& b) {
  return make_interval(Wide{a.months} + b.months, Wide{a.days} + b.days, Wide{a.ns} + b.ns);
}
Result<Interval> negate(const Interval& interval) {
  return make_interval(-Wide{interval.months}, -Wide{interval.days}, -Wide{interval.ns});
}

namespace {

// Whether a product of an interval's field is a number that Wide holds; its own range is make_interval's to judge.
bool fits_wide(double value) noexcept { return std::abs(value) < 1e30; }
double to_microseconds(double seconds) noexcept { return std::nearbyint(seconds * 1e6) / 1e6; }

// Fractions of months become days of 30 to a month, those of days time.
Result<Interval> run_down(double months, double days, double ns) {
  if (!fits_wide(months) || !fits_wide(days) || !fits_wide(ns)) return make_interval(Wide{1} << 100, 0, 0);
  constexpr double kSecondsPerDay = 86'400;
  const double whole_months = std::trunc(months);
  const double whole_days = std::trunc(days);
  const double month_days = to_microseconds((months - whole_months) * 30);
  const double rest = to_microseconds((days - whole_days + month_days - std::trunc(month_days)) * kSecondsPerDay);
  const double rest_days = std::trunc(rest / kSecondsPerDay);
  const double rest_ns = (rest - rest_days * kSecondsPerDay) * static_cast<double>(kNsPerSecond);
  return make_interval(static_cast<Wide>(whole_months),
                       static_cast<Wide>(whole_days + std::trunc(month_days) + rest_days),
                       static_cast<Wide>(std::nearbyint(ns + rest_ns)));
}

}  // namespace

Result<Interval> multiply(const Interval& interval, double factor) {
  constexpr double kExactMax = 1e18;
  if (factor == std::floor(factor) && std::abs(factor) < kExactMax) {  // Whole factors are exact.
    const auto times = static_cast<std::int64_t>(factor);
    return make_interval(Wide{interval.months} * times, Wide{interval.days} * times, Wide{interval.ns} * times);
  }
  return run_down(interval.months * factor, interval.days * factor, static_cast<double>(interval.ns) * factor);
}

// Not by the reciprocal: 49 * (1 / 49.0) is less than 1.
Result<Interval> divide(const Interval& interval, double divisor) {
  if (divisor == 1) return interval;  // A double would not have every ns.
  return run_down(interval.months / divisor, interval.days / divisor, static_cast<double>(interval.ns) / divisor);
}

Interval difference(std::int64_t a, std::int64_t b) noexcept {
  const Wide ns = Wide{a} - b;
  return {0, static_cast<std::int32_t>(ns / kNsPerDay), static_cast<std::int64_t>(ns % kNsPerDay)};
}

Interval age(std::int64_t a, std::int64_t b) noexcept {
  if (a < b) {
    const Interval reversed = age(b, a);
    return {-reversed.months, -reversed.days, -reversed.ns};
  }
  const Fields later = fields_of(a);
  const Fields earlier = fields_of(b);
  std::int64_t months = (later.date.year - earlier.date.year) * 12 + later.date.month - earlier.date.month;
  std::int64_t days = later.date.day - earlier.date.day;
  std::int64_t ns = later.ns_of_day - earlier.ns_of_day;
  if (ns < 0) {
    ns += kNsPerDay;
    --days;
  }
  if (days < 0) {  // A month is borrowed: the earlier one's length, as PostgreSQL has it.
    days += days_in_month(earlier.date.year, earlier.date.month);
    --months;
  }
  return {static_cast<std::int32_t>(months), static_cast<std::int32_t>(days), ns};
}

namespace {

struct NamedField {
  std::string_view name;
  TimeField field;
};
constexpr std::array<NamedField, 55> kFields{{
    {"nanosecond", TimeField::nanoseconds},
    {"nanoseconds", TimeField::nanoseconds},
    {"ns", TimeField::nanoseconds},
    {"microsecond", TimeField::microseconds},
    {"microseconds", TimeField::microseconds},
    {"us", TimeField::microseconds},
    {"usec", TimeField::microseconds},
    {"millisecond", TimeField::milliseconds},
    {"milliseconds", TimeField::milliseconds},
    {"ms", TimeField::milliseconds},
    {"msec", TimeField::milliseconds},
    {"second", TimeField::second},
    {"seconds", TimeField::second},
    {"sec", TimeField::second},
    {"s", TimeField::second},
    {"minute", TimeField::minute},
    {"minutes", TimeField::minute},
    {"min", TimeField::minute},
    {"m", TimeField::minute},
    {"hour", TimeField::hour},
    {"hours", TimeField::hour},
    {"h", TimeField::hour},
    {"day", TimeField::day},
    {"days", TimeField::day},
    {"d", TimeField::day},
    {"week", TimeField::week},
    {"weeks", TimeField::week},
    {"w", TimeField::week},
    {"month", TimeField::month},
    {"months", TimeField::month},
    {"mon", TimeField::month},
    {"quarter", TimeField::quarter},
    {"quarters", TimeField::quarter},
    {"year", TimeField::year},
    {"years", TimeField::year},
    {"y", TimeField::year},
    {"decade", TimeField::decade},
    {"decades", TimeField::decade},
    {"century", TimeField::century},
    {"centuries", TimeField::century},
    {"millennium", TimeField::millennium},
    {"millennia", TimeField::millennium},
    {"epoch", TimeField::epoch},
    {"dow", TimeField::day_of_week},
    {"isodow", TimeField::iso_day_of_week},
    {"doy", TimeField::day_of_year},
    {"isoyear", TimeField::iso_year},
    {"julian", TimeField::julian},
    {"timezone", TimeField::timezone},
    {"timezone_hour", TimeField::timezone},
    {"timezone_minute", TimeField::timezone},
    {"hr", TimeField::hour},
    {"mins", TimeField::minute},
    {"secs", TimeField::second},
    {"yr", TimeField::year},
}};

int iso_day_of_week(std::int64_t days) noexcept {
  const int day = day_of_week(days);
  return day == 0 ? 7 : day;
}
// The Thursday of its week decides which year a week belongs to.
std::int64_t thursday_of_week(std::int64_t days) noexcept { return days - iso_day_of_week(days) + 4; }
std::int64_t day_of_year(std::int64_t days) noexcept { return days - days_of({civil_of(days).year, 1, 1}) + 1; }
// There is no year 0, nor a century 0: the calendar's 0 is 1 BC, which is written -1.
std::int64_t shown_year(std::int64_t year) noexcept { return year > 0 ? year : year - 1; }
std::int64_t group_of_year(std::int64_t year, std::int64_t size) noexcept {
  const std::int64_t group = floor_divide(year - 1, size);
  return group < 0 ? group : group + 1;
}

// The double nearest to ns / unit: whole and rest apart, so that an epoch of today keeps its microseconds.
double ratio(Wide ns, std::int64_t unit) noexcept {
  return static_cast<double>(ns / unit) + static_cast<double>(ns % unit) / static_cast<double>(unit);
}

std::optional<double> clock_field(TimeField field, std::int64_t ns_of_minute) noexcept {
  switch (field) {
    case TimeField::nanoseconds: return static_cast<double>(ns_of_minute);
    case TimeField::microseconds: return ratio(ns_of_minute, 1'000);
    case TimeField::milliseconds: return ratio(ns_of_minute, 1'000'000);
    case TimeField::second: return ratio(ns_of_minute, kNsPerSecond);
    default: return std::nullopt;
  }
}

std::optional<std::int64_t> date_field(TimeField field, const Fields& fields) noexcept {
  const std::int64_t year = fields.date.year;
  switch (field) {
    case TimeField::minute: return fields.ns_of_day % kNsPerHour / kNsPerMinute;
    case TimeField::hour: return fields.ns_of_day / kNsPerHour;
    case TimeField::day: return fields.date.day;
    case TimeField::week: return (day_of_year(thursday_of_week(fields.days)) - 1) / 7 + 1;
    case TimeField::month: return fields.date.month;
    case TimeField::quarter: return (fields.date.month - 1) / 3 + 1;
    case TimeField::year: return shown_year(year);
    case TimeField::decade: return floor_divide(year, 10);
    case TimeField::century: return group_of_year(year, 100);
    case TimeField::millennium: return group_of_year(year, 1'000);
    case TimeField::day_of_week: return day_of_week(fields.days);
    case TimeField::iso_day_of_week: return iso_day_of_week(fields.days);
    case TimeField::day_of_year: return day_of_year(fields.days);
    case TimeField::iso_year: return shown_year(civil_of(thursday_of_week(fields.days)).year);
    case TimeField::timezone: return 0;
    default: return std::nullopt;
  }
}

std::optional<double> extract_from(TimeField field, const Fields& fields) noexcept {
  if (const auto clock = clock_field(field, fields.ns_of_day % kNsPerMinute)) return clock;
  if (field == TimeField::epoch) return ratio(Wide{fields.days} * kNsPerDay + fields.ns_of_day, kNsPerSecond);
  constexpr std::int64_t kJulianOfEpoch = 2'440'588;
  if (field == TimeField::julian) {
    return static_cast<double>(fields.days + kJulianOfEpoch) +
           static_cast<double>(fields.ns_of_day) / static_cast<double>(kNsPerDay);
  }
  const auto date = date_field(field, fields);
  if (!date) return std::nullopt;
  return static_cast<double>(*date);
}

}  // namespace

std::optional<TimeField> time_field(std::string_view name) noexcept {
  for (const NamedField& named : kFields) {
    if (equals_ignoring_case(name, named.name)) return named.field;
  }
  return std::nullopt;
}

bool is_of_clock(TimeField field) noexcept { return field <= TimeField::hour; }

std::optional<double> extract(TimeField field, std::int64_t timestamp) noexcept {
  return extract_from(field, fields_of(timestamp));
}

std::optional<double> extract_from_day(TimeField field, std::int32_t days) noexcept {
  if (is_of_clock(field) || field == TimeField::timezone) return std::nullopt;
  return extract_from(field, {civil_of(days), days, 0});
}

std::optional<double> extract(TimeField field, const Interval& interval) noexcept {
  if (const auto clock = clock_field(field, interval.ns % kNsPerMinute)) return clock;
  const std::int32_t years = interval.months / 12;
  switch (field) {
    case TimeField::minute: return static_cast<double>(interval.ns % kNsPerHour / kNsPerMinute);
    case TimeField::hour: return static_cast<double>(interval.ns / kNsPerHour);
    case TimeField::day: return interval.days;
    case TimeField::month: return interval.months % 12;
    case TimeField::quarter: return interval.months % 12 / 3 + 1;
    case TimeField::year: return years;
    case TimeField::decade: return years / 10;
    case TimeField::century: return years / 100;
    case TimeField::millennium: return years / 1'000;
    case TimeField::epoch:  // Years of 365.25 days, months of 30.
      return years * 365.25 * 86'400 + (interval.months % 12 * 30.0 + interval.days) * 86'400 +
             ratio(interval.ns, kNsPerSecond);
    default: return std::nullopt;
  }
}

namespace {

// The first day of the unit that the day falls in; nothing when the field is no unit of days.
std::optional<CivilDate> first_day(TimeField field, const Fields& fields) noexcept {
  const std::int64_t year = fields.date.year;
  switch (field) {
    case TimeField::week: return civil_of(fields.days - iso_day_of_week(fields.days) + 1);
    case TimeField::month: return CivilDate{year, fields.date.month, 1};
    case TimeField::quarter: return CivilDate{year, (fields.date.month - 1) / 3 * 3 + 1, 1};
    case TimeField::year: return CivilDate{year, 1, 1};
    case TimeField::decade: return CivilDate{year / 10 * 10, 1, 1};
    case TimeField::century: return CivilDate{(year - 1) / 100 * 100 + 1, 1, 1};
    case TimeField::millennium: return CivilDate{(year - 1) / 1'000 * 1'000 + 1, 1, 1};
    default: return std::nullopt;
  }
}

// ns of a unit of fixed length; 0: it has none.
std::int64_t unit_ns(TimeField field) noexcept {
  switch (field) {
    case TimeField::nanoseconds: return 1;
    case TimeField::microseconds: return 1'000;
    case TimeField::milliseconds: return 1'000'000;
    case TimeField::second: return kNsPerSecond;
    case TimeField::minute: return kNsPerMinute;
    case TimeField::hour: return kNsPerHour;
    case TimeField::day: return kNsPerDay;
    default: return 0;
  }
}

}  // namespace

std::optional<Result<std::int64_t>> truncate(TimeField field, std::int64_t timestamp) {
  if (const std::int64_t unit = unit_ns(field); unit != 0) {
    return timestamp_of(Wide{floor_divide(timestamp, unit)} * unit);
  }
  const auto first = first_day(field, fields_of(timestamp));
  if (!first) return std::nullopt;
  return timestamp_of(Wide{days_of(*first)} * kNsPerDay);
}

std::optional<Interval> truncate(TimeField field, const Interval& interval) noexcept {
  if (field == TimeField::day) return Interval{interval.months, interval.days, 0};
  if (const std::int64_t unit = unit_ns(field); unit != 0) {
    return Interval{interval.months, interval.days, interval.ns / unit * unit};
  }
  const auto months = [&](std::int32_t unit) { return Interval{interval.months / unit * unit, 0, 0}; };
  switch (field) {
    case TimeField::month: return months(1);
    case TimeField::quarter: return months(3);
    case TimeField::year: return months(12);
    case TimeField::decade: return months(120);
    case TimeField::century: return months(1'200);
    case TimeField::millennium: return months(12'000);
    default: return std::nullopt;
  }
}

namespace {

Error bad_width(std::string message) {
  return Error(Code::invalid_argument, std::move(message)).with_sqlstate("22023");
}

Wide floor_to(Wide value, Wide width) noexcept {
  const Wide rest = value % width;
  return value - rest - (rest < 0 ? width : 0);
}

Result<std::int64_t> month_bucket(std::int64_t width, std::int64_t timestamp, std::int64_t origin) {
  const auto month_index = [](const CivilDate& date) { return date.year * 12 + date.month - 1; };
  const Fields from = fields_of(origin);
  if (from.date.day != 1 || from.ns_of_day != 0) {
    return bad_width("the origin of a bucket of months must be the first instant of a month");
  }
  const std::int64_t first = month_index(from.date);
  const auto index = static_cast<std::int64_t>(floor_to(month_index(fields_of(timestamp).date) - first, width)) + first;
  const CivilDate date{floor_divide(index, 12), static_cast<int>(floor_modulo(index, 12)) + 1, 1};
  return timestamp_of(Wide{days_of(date)} * kNsPerDay);
}

}  // namespace

Result<std::int64_t> time_bucket(const Interval& width, std::int64_t timestamp, std::optional<std::int64_t> origin) {
  constexpr std::int64_t kMonday = 10'959 * kNsPerDay;  // 2000-01-03
  constexpr std::int64_t kFirst = 10'957 * kNsPerDay;   // 2000-01-01
  if (width.months != 0 && (width.days != 0 || width.ns != 0)) {
    return bad_width("a bucket's width is in months, or in days and time, not in both");
  }
  const Wide ns = Wide{width.days} * kNsPerDay + width.ns;
  if (width.months < 0 || (width.months == 0 && ns <= 0)) return bad_width("a bucket's width must be greater than 0");
  if (width.months > 0) return month_bucket(width.months, timestamp, origin.value_or(kFirst));
  const std::int64_t from = origin.value_or(kMonday);
  return timestamp_of(floor_to(Wide{timestamp} - from, ns) + from);
}

}  // namespace mneme
