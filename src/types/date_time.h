// DateTime: the fields of a date with or without a time of day and a zone, read from ISO 8601 text.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "types/calendar.h"

namespace mneme {

struct DateTime {
  CivilDate date;
  std::int64_t ns_of_day = 0;     // 0 .. kNsPerDay: 24:00:00 is the next midnight.
  std::int64_t zone_seconds = 0;  // East of UTC.
};

// 2024-01-31, 20240131 or 2024/1/31, then T or space and 12:34[:56[.123456789]] or 123456, then Z, UTC, GMT, +02,
// +02:30, -0230; BC for a year before 1; or the word epoch. `type` is for the message.
Result<DateTime> parse_date_time(std::string_view text, std::string_view type);

// 04:05:06[.789]: hours may exceed 24. REQUIRES: ns >= 0.
void print_time_of_day(std::int64_t ns, std::string& out);
void print_padded(std::int64_t value, std::size_t digits, std::string& out);  // 7, 2 -> "07". REQUIRES: value >= 0.

// Reads .123 (or ,123) behind seconds as nanoseconds, rounded at the tenth digit; 0 when there is none.
std::int64_t parse_fraction_ns(class TextCursor& cursor) noexcept;

}  // namespace mneme
