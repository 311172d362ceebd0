#include "types/timestamp.h"

#include "types/date.h"
#include "types/date_time.h"
#include "types/text_form.h"

namespace mneme {

Result<std::int64_t> parse_timestamp(std::string_view text) {
  const DateTime fields = TRY(parse_date_time(text, "timestamp with time zone"));
  // Seconds cannot overflow (years have seven digits); only nanoseconds can. Taking a negative second apart keeps the
  // first instant of 1677 inside, whose own second begins before it.
  std::int64_t seconds = days_of(fields.date) * 86'400 + fields.ns_of_day / kNsPerSecond - fields.zone_seconds;
  std::int64_t part = fields.ns_of_day % kNsPerSecond;
  if (seconds < 0 && part > 0) {
    ++seconds;
    part -= kNsPerSecond;
  }
  std::int64_t ns = 0;
  if (__builtin_mul_overflow(seconds, kNsPerSecond, &ns) || __builtin_add_overflow(ns, part, &ns)) {
    return Error(Code::invalid_argument, "timestamp out of range: " + quoted_for_message(text)).with_sqlstate("22008");
  }
  return ns;
}

void print_timestamp(std::int64_t ns, std::string& out) {
  print_date(static_cast<std::int32_t>(floor_divide(ns, kNsPerDay)), out);
  out += ' ';
  print_time_of_day(floor_modulo(ns, kNsPerDay), out);
  out += "+00";
}

}  // namespace mneme
