#include "types/date_time.h"

#include "types/number.h"
#include "types/text_cursor.h"
#include "types/text_form.h"

namespace mneme {
namespace {

constexpr std::int64_t kYearMax = 5'874'897;  // PostgreSQL's last.
constexpr std::int64_t kZoneHoursEnd = 16;

// Reads one text; every step returns whether the text has the form, and notes fields whose value cannot be.
class DateTimeReader {  // One thread at a time.
 public:
  explicit DateTimeReader(std::string_view text) : cursor_(text) {}

  bool read() {
    if (!date()) return false;
    if (cursor_.accept('T') || cursor_.accept('t')) {
      if (!time()) return false;
    } else if (cursor_.skip_spaces() && cursor_.at_digit() && !time()) {
      return false;
    }
    return zone() && era() && cursor_.at_end();
  }
  [[nodiscard]] const DateTime& value() const noexcept { return value_; }
  [[nodiscard]] bool field_out_of_range() const noexcept { return out_of_range_; }
  [[nodiscard]] bool zone_out_of_range() const noexcept { return zone_out_of_range_; }
  [[nodiscard]] std::string_view unknown_zone() const noexcept { return unknown_zone_; }

 private:
  bool date() {
    const std::string_view first = cursor_.digits();
    if (first.size() == 8) return set_date(first.substr(0, 4), first.substr(4, 2), first.substr(6, 2));
    const char separator = cursor_.peek();
    if (first.empty() || (separator != '-' && separator != '/')) return false;
    cursor_.accept(separator);
    const std::string_view month = cursor_.digits();
    if (!cursor_.accept(separator)) return false;
    return set_date(first, month, cursor_.digits());
  }

  bool set_date(std::string_view year, std::string_view month, std::string_view day) {
    if (month.empty() || day.empty()) return false;
    const std::int64_t month_number = number_of(month, 99);
    const std::int64_t day_number = number_of(day, 99);
    value_.date.year = number_of(year, kYearMax);
    const bool fits = year.size() >= 3 && value_.date.year >= 1 && value_.date.year <= kYearMax && month_number >= 1 &&
                      month_number <= 12 && day_number >= 1 && day_number <= 31;
    out_of_range_ = out_of_range_ || !fits;
    if (!fits) return true;
    value_.date.month = static_cast<int>(month_number);
    value_.date.day = static_cast<int>(day_number);
    return true;
  }

  bool time() {
    const std::string_view first = cursor_.digits();
    const bool colons = cursor_.accept(':');
    std::string_view hour = first;
    std::string_view minute;
    std::string_view second = "0";
    if (colons) {
      minute = cursor_.digits();
      if (cursor_.accept(':')) second = cursor_.digits();
    } else if (first.size() == 4 || first.size() == 6) {
      hour = first.substr(0, 2);
      minute = first.substr(2, 2);
      if (first.size() == 6) second = first.substr(4);
    }
    if (hour.empty() || minute.empty() || second.empty()) return false;
    set_time(number_of(hour, 99), number_of(minute, 99), number_of(second, 99), parse_fraction_ns(cursor_));
    return true;
  }

  // 60 seconds are a leap second, which the clock counts into the next minute; 24:00:00 is the next midnight.
  void set_time(std::int64_t hour, std::int64_t minute, std::int64_t second, std::int64_t ns) {
    value_.ns_of_day = hour * kNsPerHour + minute * kNsPerMinute + second * kNsPerSecond + ns;
    out_of_range_ = out_of_range_ || hour > 24 || minute > 59 || second > 60 || (second == 60 && ns > 0) ||
                    value_.ns_of_day > kNsPerDay;
  }

  bool zone() {
    cursor_.skip_spaces();
    const char sign = cursor_.peek();
    if (sign == '+' || sign == '-') return offset();
    if (!is_letter(sign) || at_era()) return true;
    const std::string_view before = cursor_.rest();
    const std::string_view word = cursor_.letters();
    for (const std::string_view name : {"z", "utc", "gmt", "zulu", "ut"}) {
      if (equals_ignoring_case(word, name)) {
        const char next = cursor_.peek();
        return (next == '+' || next == '-') ? offset() : true;
      }
    }
    unknown_zone_ = before;
    return false;
  }

  bool offset() {
    const bool east = cursor_.take(1) == "+";
    std::string_view hours = cursor_.digits();
    std::string_view minutes = "0";
    std::string_view seconds = "0";
    if (hours.size() == 4 || hours.size() == 6) {
      if (hours.size() == 6) seconds = hours.substr(4);
      minutes = hours.substr(2, 2);
      hours = hours.substr(0, 2);
    } else if (cursor_.accept(':')) {
      minutes = cursor_.digits();
      if (cursor_.accept(':')) seconds = cursor_.digits();
    }
    if (hours.empty() || hours.size() > 2 || minutes.empty() || seconds.empty()) return false;
    const std::int64_t h = number_of(hours, 99);
    const std::int64_t m = number_of(minutes, 99);
    const std::int64_t s = number_of(seconds, 99);
    zone_out_of_range_ = h >= kZoneHoursEnd || m > 59 || s > 59;
    value_.zone_seconds = (h * 3'600 + m * 60 + s) * (east ? 1 : -1);
    return true;
  }

  [[nodiscard]] bool at_era() const noexcept {
    return to_lower(cursor_.peek(1)) == (to_lower(cursor_.peek()) == 'b' ? 'c' : 'd') && !is_letter(cursor_.peek(2)) &&
           (to_lower(cursor_.peek()) == 'b' || to_lower(cursor_.peek()) == 'a');
  }
  bool era() {
    cursor_.skip_spaces();
    if (at_era() && to_lower(cursor_.take(2)[0]) == 'b') value_.date.year = 1 - value_.date.year;
    out_of_range_ = out_of_range_ || value_.date.day > days_in_month(value_.date.year, value_.date.month);
    return true;
  }

  TextCursor cursor_;
  DateTime value_;
  bool out_of_range_ = false;
  bool zone_out_of_range_ = false;
  std::string_view unknown_zone_;
};

Error not_a_constant(std::string_view text, std::string_view type, std::string_view word) {
  return invalid_syntax(type, text, "22007")
      .with_hint("\"" + std::string(word) + "\" is not a constant: use now() or current_date");
}

}  // namespace

Result<DateTime> parse_date_time(std::string_view text, std::string_view type) {
  const std::string_view trimmed = trim_spaces(text);
  if (equals_ignoring_case(trimmed, "epoch")) return DateTime{};
  for (const std::string_view word : {"now", "today", "tomorrow", "yesterday"}) {
    if (equals_ignoring_case(trimmed, word)) return not_a_constant(text, type, word);
  }
  for (const std::string_view word : {"infinity", "-infinity", "+infinity"}) {
    if (!equals_ignoring_case(trimmed, word)) continue;
    return Error(Code::unsupported, "an infinite " + std::string(type) + " cannot be stored").with_sqlstate("22008");
  }
  DateTimeReader reader(trimmed);
  const bool well_formed = reader.read();
  if (!reader.unknown_zone().empty() && !reader.field_out_of_range()) {
    return Error(Code::invalid_argument, "time zone " + quoted_for_message(reader.unknown_zone()) + " not recognized")
        .with_sqlstate("22007")
        .with_hint("use an offset such as +02:00, or UTC");
  }
  if (!well_formed) return invalid_syntax(type, text, "22007");
  if (reader.field_out_of_range()) {
    return Error(Code::invalid_argument, "date/time field value out of range: " + quoted_for_message(text))
        .with_sqlstate("22008");
  }
  if (reader.zone_out_of_range()) {
    return Error(Code::invalid_argument, "time zone displacement out of range: " + quoted_for_message(text))
        .with_sqlstate("22009");
  }
  return reader.value();
}

std::int64_t parse_fraction_ns(TextCursor& cursor) noexcept {
  if (!cursor.accept('.') && !cursor.accept(',')) return 0;
  const std::string_view digits = cursor.digits();
  std::int64_t ns = 0;
  for (std::size_t i = 0; i < 9; ++i) ns = ns * 10 + (i < digits.size() ? digits[i] - '0' : 0);
  return ns + static_cast<std::int64_t>(digits.size() > 9 && digits[9] >= '5');
}

void print_padded(std::int64_t value, std::size_t digits, std::string& out) {
  const std::size_t at = out.size();
  print_integer(value, out);
  if (const std::size_t made = out.size() - at; made < digits) out.insert(at, digits - made, '0');
}

void print_time_of_day(std::int64_t ns, std::string& out) {
  print_padded(ns / kNsPerHour, 2, out);
  out += ':';
  print_padded(ns % kNsPerHour / kNsPerMinute, 2, out);
  out += ':';
  print_padded(ns % kNsPerMinute / kNsPerSecond, 2, out);
  if (ns % kNsPerSecond == 0) return;
  out += '.';
  print_padded(ns % kNsPerSecond, 9, out);
  out.erase(out.find_last_not_of('0') + 1);
}

}  // namespace mneme
