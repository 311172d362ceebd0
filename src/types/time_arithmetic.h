// Arithmetic of TIMESTAMP and INTERVAL: sums, differences, fields, truncation, buckets. Everything is in UTC.
//
// Timestamps are nanoseconds since the epoch. What leaves their range, or an interval's, is 22008.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/result.h"
#include "mneme/type.h"
#include "types/interval.h"

namespace mneme {

// Months first (the day of the month is cut to the last one there is), then days, then time.
Result<std::int64_t> add_interval(std::int64_t timestamp, const Interval& interval);
Result<Interval> add(const Interval& a, const Interval& b);
Result<Interval> negate(const Interval& interval);
// Fractions of a month run down to its days, of a day to its time, as in PostgreSQL. `divisor` is not 0.
Result<Interval> multiply(const Interval& interval, double factor);
Result<Interval> divide(const Interval& interval, double divisor);
Interval difference(std::int64_t a, std::int64_t b) noexcept;  // In days and time.
Interval age(std::int64_t a, std::int64_t b) noexcept;         // In years, months, days and time.

enum class TimeField : std::uint8_t {
  nanoseconds,
  microseconds,
  milliseconds,
  second,
  minute,
  hour,
  day,
  week,
  month,
  quarter,
  year,
  decade,
  century,
  millennium,
  epoch,
  day_of_week,      // dow: Sunday is 0
  iso_day_of_week,  // isodow: Monday is 1
  day_of_year,
  iso_year,
  julian,
  timezone,
};
std::optional<TimeField> time_field(std::string_view name) noexcept;  // In any case, singular or plural.

// Nothing where the value has no such field (the day of the week of an interval).
std::optional<double> extract(TimeField field, std::int64_t timestamp) noexcept;
std::optional<double> extract(TimeField field, const Interval& interval) noexcept;

// Of a day, also of one beyond TIMESTAMP's range: nothing for the clock's fields either. Years before 1 are negative.
std::optional<double> extract_from_day(TimeField field, std::int32_t days) noexcept;
bool is_of_clock(TimeField field) noexcept;  // Hours and below.

// The last instant at or before, at which the field begins. Nothing where there is no such unit.
std::optional<Result<std::int64_t>> truncate(TimeField field, std::int64_t timestamp);
std::optional<Interval> truncate(TimeField field, const Interval& interval) noexcept;

// The beginning of the bucket of `width` that a timestamp falls in. Buckets are counted from `origin`: by default
// Monday 2000-01-03, for widths in months 2000-01-01. 22023 for a width that is not positive or mixes months with time.
Result<std::int64_t> time_bucket(const Interval& width, std::int64_t timestamp, std::optional<std::int64_t> origin);

}  // namespace mneme
