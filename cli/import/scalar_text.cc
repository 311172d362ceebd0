// Integers by std::from_chars, fractions by fast_float (free of locale, several times as fast), the calendar by
// std::chrono.
#include "import/scalar_text.h"

#include <fast_float/fast_float.h>

#include <charconv>
#include <chrono>
#include <cmath>

namespace mneme::cli {
namespace {

constexpr std::int64_t kSecondNs = 1'000'000'000;

bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

// Without blanks and a fraction's plus sign; empty if a leading zero would be lost.
std::string_view number_part(std::string_view text) noexcept {
  text = trimmed(text);
  if (text.size() > 1 && text[0] == '+' && text[1] != '-' && !is_whole_number(text)) text.remove_prefix(1);
  const std::size_t first = !text.empty() && text[0] == '-' ? 1 : 0;
  const bool zero_lost = text.size() > first + 1 && text[first] == '0' && is_digit(text[first + 1]);
  return zero_lost ? std::string_view() : text;
}

// Up to here a double has every whole number; beyond, some are rounded to their neighbours.
constexpr double kWholeMax = 9'007'199'254'740'991;

bool is_zero(std::string_view number) noexcept {
  return number.substr(0, number.find_first_of("eE")).find_first_of("123456789") == std::string_view::npos;
}

// Reads from the front; every taker says whether it could.
class Cursor {
 public:
  explicit Cursor(std::string_view text) noexcept : rest_(text) {}
  [[nodiscard]] bool at_end() const noexcept { return rest_.empty(); }
  bool take(std::string_view any_of) noexcept {
    if (rest_.empty() || any_of.find(rest_[0]) == std::string_view::npos) return false;
    rest_.remove_prefix(1);
    return true;
  }
  bool digits(std::size_t count, int& value) noexcept {  // Exactly so many, leaving no further digit unread or read.
    value = 0;
    if (rest_.size() < count) return false;
    for (std::size_t i = 0; i < count; ++i) {
      if (!is_digit(rest_[i])) return false;
      value = value * 10 + (rest_[i] - '0');
    }
    rest_.remove_prefix(count);
    return true;
  }
  bool fraction_ns(std::int64_t& ns) noexcept {  // 1 to 9 digits.
    ns = 0;
    std::int64_t unit = kSecondNs;
    for (; unit > 1 && !rest_.empty() && is_digit(rest_[0]); rest_.remove_prefix(1)) {
      unit /= 10;
      ns += unit * (rest_[0] - '0');
    }
    return unit < kSecondNs;
  }

 private:
  std::string_view rest_;
};

bool take_date(Cursor& cursor, std::int64_t& days) noexcept {
  int year = 0;
  int month = 0;
  int day = 0;
  if (!cursor.digits(4, year) || !cursor.take("-") || !cursor.digits(2, month) || !cursor.take("-") ||
      !cursor.digits(2, day)) {
    return false;
  }
  const std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  days = date.ok() ? std::chrono::sys_days(date).time_since_epoch().count() : 0;
  return date.ok();
}

bool take_time(Cursor& cursor, std::int64_t& seconds, std::int64_t& ns) noexcept {
  int hour = 0;
  int minute = 0;
  int second = 0;
  ns = 0;
  if (!cursor.digits(2, hour) || !cursor.take(":") || !cursor.digits(2, minute)) return false;
  if (cursor.take(":")) {
    if (!cursor.digits(2, second)) return false;
    if (cursor.take(".") && !cursor.fraction_ns(ns)) return false;
  }
  seconds = (hour * 60 + minute) * 60 + second;
  return hour < 24 && minute < 60 && second < 60;
}

// Seconds east of UTC.
bool take_zone(Cursor& cursor, std::int64_t& seconds) noexcept {
  seconds = 0;
  if (cursor.at_end() || cursor.take("Zz")) return true;
  const bool west = cursor.take("-");
  int hours = 0;
  int minutes = 0;
  if (!west && !cursor.take("+")) return false;
  if (!cursor.digits(2, hours)) return false;
  if (!cursor.at_end()) {
    cursor.take(":");
    if (!cursor.digits(2, minutes)) return false;
  }
  seconds = (hours * 60 + minutes) * 60 * (west ? -1 : 1);
  return hours < 16 && minutes < 60;
}

}  // namespace

std::string_view trimmed(std::string_view text) noexcept {
  const std::size_t begin = text.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

std::optional<bool> parse_bool(std::string_view text) noexcept {
  text = trimmed(text);
  const auto is = [text](std::string_view word) {
    if (text.size() != word.size()) return false;
    for (std::size_t i = 0; i < word.size(); ++i) {
      if ((text[i] | 0x20) != word[i]) return false;
    }
    return true;
  };
  if (is("true")) return true;
  if (is("false")) return false;
  return std::nullopt;
}

bool is_whole_number(std::string_view text) noexcept {
  text = trimmed(text);
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) text.remove_prefix(1);
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

std::optional<std::int64_t> parse_int(std::string_view text) noexcept {
  text = number_part(text);
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<double> parse_float(std::string_view text) noexcept {
  text = number_part(text);
  double value = 0;
  const auto [end, error] = fast_float::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  if (std::isinf(value) && is_digit(text.back())) return std::nullopt;
  if (std::abs(value) > kWholeMax && is_whole_number(text)) return std::nullopt;
  if (value == 0 && !is_zero(text)) return std::nullopt;
  return value;
}

std::optional<std::int32_t> parse_date(std::string_view text) noexcept {
  Cursor cursor(trimmed(text));
  std::int64_t days = 0;
  if (!take_date(cursor, days) || !cursor.at_end()) return std::nullopt;
  return static_cast<std::int32_t>(days);
}

std::optional<std::int64_t> parse_timestamp(std::string_view text) noexcept {
  Cursor cursor(trimmed(text));
  std::int64_t days = 0;
  std::int64_t seconds = 0;
  std::int64_t fraction_ns = 0;
  std::int64_t east = 0;
  if (!take_date(cursor, days)) return std::nullopt;
  if (!cursor.at_end() && (!cursor.take(" Tt") || !take_time(cursor, seconds, fraction_ns))) return std::nullopt;
  if (!take_zone(cursor, east) || !cursor.at_end()) return std::nullopt;
  std::int64_t ns = 0;
  const std::int64_t since_1970 = days * 86'400 + seconds - east;
  if (__builtin_mul_overflow(since_1970, kSecondNs, &ns) || __builtin_add_overflow(ns, fraction_ns, &ns)) {
    return std::nullopt;
  }
  return ns;
}

}  // namespace mneme::cli
