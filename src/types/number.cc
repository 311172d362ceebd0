#include "types/number.h"

#include <fast_float/fast_float.h>

#include <array>
#include <charconv>
#include <cmath>

#include "types/text_cursor.h"
#include "types/text_form.h"

namespace mneme {
namespace {

Error out_of_range(std::string_view type, std::string_view text) {
  return Error(Code::invalid_argument, quoted_for_message(text) + " is out of range for type " + std::string(type))
      .with_sqlstate("22003");
}

// The text is a beginning of `word` with at least `least` letters.
bool begins(std::string_view text, std::string_view word, std::size_t least) noexcept {
  return text.size() >= least && text.size() <= word.size() && equals_ignoring_case(text, word.substr(0, text.size()));
}

// Digits other than 0 before the exponent: a zero that was written is no underflow.
bool says_zero(std::string_view text) noexcept {
  for (const char c : text) {
    if (to_lower(c) == 'e') return true;
    if (c >= '1' && c <= '9') return false;
  }
  return true;
}

bool is_word(std::string_view text) noexcept {
  return text.find_first_of("nN") != std::string_view::npos;  // NaN, inf, Infinity.
}

template <class T>
Result<T> parse_float(std::string_view text, std::string_view type) {
  std::string_view digits = trim_spaces(text);
  const bool plus = digits.starts_with('+');
  if (plus) digits.remove_prefix(1);
  T value = 0;
  const auto end = fast_float::from_chars(digits.data(), digits.data() + digits.size(), value);
  const bool again_signed = plus && !digits.empty() && digits.front() == '-';
  const bool whole = !digits.empty() && end.ptr == digits.data() + digits.size();
  if (!whole || again_signed) return invalid_syntax(type, text);
  if (std::isinf(value) && !is_word(digits)) return out_of_range(type, trim_spaces(text));
  if (value == 0 && !says_zero(digits)) return out_of_range(type, trim_spaces(text));
  return value;
}

// PostgreSQL's choice of form: kExponentEnd is where the positional form ends.
template <class T>
void print_float(T value, int exponent_end, std::string& out) {
  if (std::isnan(value)) {
    out += "NaN";
    return;
  }
  if (std::isinf(value)) {
    out += value < 0 ? "-Infinity" : "Infinity";
    return;
  }
  std::array<char, 64> buffer;
  const auto shortest =
      std::to_chars(buffer.data(), buffer.data() + buffer.size(), value, std::chars_format::scientific);
  const std::string_view scientific(buffer.data(), static_cast<std::size_t>(shortest.ptr - buffer.data()));
  const std::size_t mark = scientific.find('e');
  const std::int64_t size = number_of(scientific.substr(mark + 2), 999);
  const std::int64_t exponent = scientific[mark + 1] == '-' ? -size : size;
  if (exponent < -4 || exponent >= exponent_end) {
    out += scientific;
    return;
  }
  const auto fixed = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value, std::chars_format::fixed);
  out.append(buffer.data(), fixed.ptr);
}

}  // namespace

Result<std::uint8_t> parse_boolean(std::string_view text) {
  const std::string_view word = trim_spaces(text);
  if (begins(word, "true", 1) || begins(word, "yes", 1) || begins(word, "on", 2) || word == "1") return std::uint8_t{1};
  if (begins(word, "false", 1) || begins(word, "no", 1) || begins(word, "off", 2) || word == "0") {
    return std::uint8_t{0};
  }
  return invalid_syntax("boolean", text);
}

Result<std::int64_t> parse_integer(std::string_view text) {
  std::string_view digits = trim_spaces(text);
  if (digits.starts_with('+') && digits.size() > 1 && is_digit(digits[1])) digits.remove_prefix(1);
  std::int64_t value = 0;
  const auto end = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (end.ptr != digits.data() + digits.size() || end.ec == std::errc::invalid_argument) {
    return invalid_syntax("integer", text);
  }
  if (end.ec == std::errc::result_out_of_range) {
    return Error(Code::invalid_argument, "value " + quoted_for_message(text) + " is out of range for type integer")
        .with_sqlstate("22003");
  }
  return value;
}

Result<double> parse_floating(std::string_view text) { return parse_float<double>(text, "double precision"); }
Result<float> parse_real(std::string_view text) { return parse_float<float>(text, "real"); }

void print_integer(std::int64_t value, std::string& out) {
  std::array<char, 24> buffer;
  out.append(buffer.data(), std::to_chars(buffer.data(), buffer.data() + buffer.size(), value).ptr);
}
void print_floating(double value, std::string& out) { print_float(value, 15, out); }
void print_real(float value, std::string& out) { print_float(value, 6, out); }

}  // namespace mneme
