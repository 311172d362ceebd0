#include "types/point.h"

#include <cmath>
#include <span>

#include "types/number.h"
#include "types/text_cursor.h"
#include "types/text_form.h"

namespace mneme {
namespace {

bool accept_word(TextCursor& cursor, std::string_view lower) noexcept {
  TextCursor ahead = cursor;
  if (!equals_ignoring_case(ahead.letters(), lower)) return false;
  cursor = ahead;
  cursor.skip_spaces();
  return true;
}

bool read_number(TextCursor& cursor, double& number) {
  cursor.skip_spaces();
  std::size_t size = 0;
  while (cursor.peek(size) != '\0' && cursor.peek(size) != ',' && cursor.peek(size) != ')' &&
         !is_space(cursor.peek(size))) {
    ++size;
  }
  const auto parsed = parse_floating(cursor.take(size));
  if (!parsed) return false;
  number = *parsed;
  return true;
}

bool read_point(std::string_view text, std::span<double> numbers) {
  TextCursor cursor(trim_spaces(text));
  const bool named = accept_word(cursor, "point");
  if (named && numbers.size() == 3) accept_word(cursor, "z");
  const bool parentheses = cursor.accept('(');
  if (named && !parentheses) return false;
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    const bool spaces = cursor.skip_spaces();
    if (i > 0 && !cursor.accept(',') && !spaces) return false;
    if (!read_number(cursor, numbers[i])) return false;
  }
  cursor.skip_spaces();
  return cursor.accept(')') == parentheses && cursor.at_end();
}

template <std::size_t N>
Result<std::array<double, N>> parse(std::string_view text) {
  std::array<double, N> point{};
  if (!read_point(text, point)) return invalid_syntax(N == 2 ? "point" : "point3", text);
  TRY(check_point(point));
  return point;
}

template <std::size_t N>
void print(const std::array<double, N>& point, std::string& out) {
  out += "POINT";
  for (std::size_t i = 0; i < N; ++i) {
    out += i == 0 ? '(' : ' ';
    print_floating(point[i], out);
  }
  out += ')';
}

}  // namespace

Result<std::array<double, 2>> parse_point(std::string_view text) { return parse<2>(text); }
Result<std::array<double, 3>> parse_point3(std::string_view text) { return parse<3>(text); }
void print_point(const std::array<double, 2>& point, std::string& out) { print(point, out); }
void print_point(const std::array<double, 3>& point, std::string& out) { print(point, out); }

Result<void> check_point(const std::array<double, 2>& point) {
  if (std::abs(point[0]) <= 180 && std::abs(point[1]) <= 90) return {};
  std::string text;
  print_point(point, text);
  return Error(Code::invalid_argument, text + " is not on Earth")
      .with_sqlstate("22003")
      .with_hint("a POINT is (longitude, latitude) in degrees, within 180 and 90; POINT3 takes metres");
}

Result<void> check_point(const std::array<double, 3>& point) {
  if (std::isfinite(point[0]) && std::isfinite(point[1]) && std::isfinite(point[2])) return {};
  return Error(Code::invalid_argument, "coordinates of a POINT3 must be finite").with_sqlstate("22003");
}

}  // namespace mneme
