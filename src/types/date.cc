#include "types/date.h"

#include "types/date_time.h"

namespace mneme {

Result<std::int32_t> parse_date(std::string_view text) {
  const DateTime fields = TRY(parse_date_time(text, "date"));
  return static_cast<std::int32_t>(days_of(fields.date));  // Years of at most 5,874,897 fit.
}

void print_date(std::int32_t days, std::string& out) {
  const CivilDate date = civil_of(days);
  print_padded(date.year > 0 ? date.year : 1 - date.year, 4, out);
  out += '-';
  print_padded(date.month, 2, out);
  out += '-';
  print_padded(date.day, 2, out);
  if (date.year <= 0) out += " BC";
}

}  // namespace mneme
