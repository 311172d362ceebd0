#include "types/decimal.h"

#include <algorithm>
#include <charconv>

#include "types/date_time.h"
#include "types/text_cursor.h"
#include "types/text_form.h"

namespace mneme {
namespace {

// A number as it is written: digits without leading zeros, the point behind `point` of them (it may lie outside).
struct Numeral {
  bool negative = false;
  std::string digits;
  std::int64_t point = 0;
};

constexpr std::int64_t kExponentMax = 100'000;

bool read_exponent(TextCursor& cursor, std::int64_t& exponent) {
  if (!cursor.accept('e') && !cursor.accept('E')) return true;
  const bool negative = cursor.accept('-');
  if (!negative) cursor.accept('+');
  const std::string_view digits = cursor.digits();
  exponent = number_of(digits, kExponentMax) * (negative ? -1 : 1);
  return !digits.empty();
}

bool read_numeral(std::string_view text, Numeral& numeral) {
  TextCursor cursor(text);
  numeral.negative = cursor.accept('-');
  if (!numeral.negative) cursor.accept('+');
  const std::string_view whole = cursor.digits();
  const std::string_view fraction = cursor.accept('.') ? cursor.digits() : std::string_view();
  std::int64_t exponent = 0;
  if (whole.empty() && fraction.empty()) return false;
  if (!read_exponent(cursor, exponent) || !cursor.at_end()) return false;
  numeral.digits = std::string(whole) + std::string(fraction);
  numeral.point = static_cast<std::int64_t>(whole.size()) + exponent;
  const std::size_t zeros = std::min(numeral.digits.find_first_not_of('0'), numeral.digits.size());
  numeral.digits.erase(0, zeros);
  numeral.point -= static_cast<std::int64_t>(zeros);
  return true;
}

Error overflow(std::uint8_t precision, std::uint8_t scale) {
  return Error(Code::invalid_argument, "numeric field overflow")
      .with_sqlstate("22003")
      .with_hint("DECIMAL(" + std::to_string(precision) + ", " + std::to_string(scale) +
                 ") holds absolute values below 10^" + std::to_string(precision - scale));
}

}  // namespace

Result<std::int64_t> parse_decimal(std::string_view text, std::uint8_t precision, std::uint8_t scale) {
  Numeral numeral;
  if (!read_numeral(trim_spaces(text), numeral)) return invalid_syntax("numeric", text);
  const std::int64_t kept = numeral.point + scale;  // Digits that stay; the one behind them rounds.
  if (numeral.digits.empty() || kept < 0) return std::int64_t{0};
  if (kept > kDecimalPrecisionMax) return overflow(precision, scale);
  std::int64_t value = 0;
  const auto digit = [&](std::int64_t at) {
    return at < static_cast<std::int64_t>(numeral.digits.size()) ? numeral.digits[static_cast<std::size_t>(at)] - '0'
                                                                 : 0;
  };
  for (std::int64_t at = 0; at < kept; ++at) value = value * 10 + digit(at);
  value += static_cast<std::int64_t>(digit(kept) >= 5);
  if (value >= power_of_ten(precision)) return overflow(precision, scale);
  return numeral.negative ? -value : value;
}

void print_decimal(std::int64_t unscaled, std::uint8_t scale, std::string& out) {
  const Wide value = unscaled;
  const Wide magnitude = value < 0 ? -value : value;
  const std::int64_t unit = power_of_ten(scale);
  if (value < 0) out += '-';
  print_padded(static_cast<std::int64_t>(magnitude / unit), 1, out);
  if (scale == 0) return;
  out += '.';
  print_padded(static_cast<std::int64_t>(magnitude % unit), scale, out);
}

Result<std::int64_t> rescale(Wide unscaled, unsigned from_scale, std::uint8_t precision, std::uint8_t scale) {
  const Wide limit = power_of_ten(precision);
  Wide value = unscaled;
  for (; from_scale < scale; ++from_scale) {
    value *= 10;
    if (value >= limit || value <= -limit) return overflow(precision, scale);
  }
  if (from_scale > scale) {
    Wide unit = 1;
    for (; from_scale > scale; --from_scale) unit *= 10;  // REQUIRES: from_scale <= 36, so that 10^36 fits.
    const Wide half = unit / 2;
    value = (value < 0 ? value - half : value + half) / unit;
  }
  if (value >= limit || value <= -limit) return overflow(precision, scale);
  return static_cast<std::int64_t>(value);
}

}  // namespace mneme
