// INTERVAL: months, days and nanoseconds, kept apart because the length of a month and of a day varies.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "mneme/type.h"

namespace mneme {

__extension__ using Wide = __int128;  // What an interval's length in ns, or a product of two INTs, needs.

// "1 year 2 mons 3 days 04:05:06.789", "50 ms", "1.5 hours", "1-2", "3 days ago", "P1Y2M3DT4H5M6S".
Result<Interval> parse_interval(std::string_view text);
void print_interval(const Interval& interval, std::string& out);

// What a field of an interval or a timestamp is called: "ms", "hours", "mon" ... in any case.
struct TimeUnit {
  std::int32_t months = 0;  // One of the three is not 0.
  std::int32_t days = 0;
  std::int64_t ns = 0;
};
std::optional<TimeUnit> time_unit(std::string_view name) noexcept;

// The sum of months, days and ns, or 22008 when a field is out of its range.
Result<Interval> make_interval(Wide months, Wide days, Wide ns);

// The length for comparing: months of 30 days, days of 24 hours.
Wide interval_length_ns(const Interval& interval) noexcept;

}  // namespace mneme
