#include "types/box.h"

#include <cmath>
#include <span>

#include "types/number.h"
#include "types/point.h"
#include "types/text_cursor.h"
#include "types/text_form.h"

namespace mneme {
namespace {

// The numbers of one corner, apart by spaces: "1 2".
bool read_corner(std::string_view text, std::span<double> numbers) {
  std::string_view rest = trim_spaces(text);
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    rest = trim_spaces(rest);
    std::size_t size = 0;
    while (size < rest.size() && !is_space(rest[size])) ++size;
    const auto number = parse_floating(rest.substr(0, size));
    if (!number) return false;
    numbers[i] = *number;
    rest.remove_prefix(size);
  }
  return trim_spaces(rest).empty();
}

template <std::size_t N>
Result<Box<N>> parse(std::string_view text) {
  constexpr std::string_view kWord = N == 2 ? "box" : "box3d";
  const std::string_view trimmed = trim_spaces(text);
  const std::size_t open = trimmed.find('(');
  const std::size_t comma = trimmed.find(',');
  Box<N> box;
  const bool fits = open < comma && comma != std::string_view::npos && trimmed.back() == ')' &&
                    equals_ignoring_case(trim_spaces(trimmed.substr(0, open)), kWord);
  if (!fits || !read_corner(trimmed.substr(open + 1, comma - open - 1), box.low) ||
      !read_corner(trimmed.substr(comma + 1, trimmed.size() - comma - 2), box.high)) {
    return invalid_syntax(kWord, text);
  }
  TRY(check_box(box));
  return box;
}

template <std::size_t N>
void print(const Box<N>& box, std::string& out) {
  out += N == 2 ? "BOX(" : "BOX3D(";
  for (const auto* corner : {&box.low, &box.high}) {
    for (std::size_t i = 0; i < N; ++i) {
      if (i > 0) out += ' ';
      print_floating((*corner)[i], out);
    }
    out += corner == &box.low ? ',' : ')';
  }
}

Error upside_down(std::string_view what) {
  return Error(Code::invalid_argument, "the first corner of a box is its lower one: " + std::string(what))
      .with_sqlstate("22023");
}

// `edge`: the edge belongs to the box.
bool between(double value, double low, double high, bool edge) noexcept {
  return edge ? low <= value && value <= high : low < value && value < high;
}

bool has_longitude(double longitude, double west, double east, bool edge) noexcept {
  if (west > east && west == 180) west = -180;  // It begins at the antimeridian,
  if (west > east && east == -180) east = 180;  // or ends there, and does not cross it.
  if (west > east) return edge ? longitude >= west || longitude <= east : longitude > west || longitude < east;
  if (between(longitude, west, east, edge)) return true;
  const bool antimeridian = std::abs(longitude) == 180;
  if (west == -180 && east == 180) return antimeridian;  // All the way round: there is no edge.
  return edge && antimeridian && (west == -180 || east == 180);
}

bool contains(const std::array<double, 2>& place, const Box<2>& box, bool edge) noexcept {
  return between(place[1], box.low[1], box.high[1], edge) && has_longitude(place[0], box.low[0], box.high[0], edge);
}
bool contains(const std::array<double, 3>& place, const Box<3>& box, bool edge) noexcept {
  return between(place[0], box.low[0], box.high[0], edge) && between(place[1], box.low[1], box.high[1], edge) &&
         between(place[2], box.low[2], box.high[2], edge);
}

}  // namespace

Result<Box<2>> parse_box(std::string_view text) { return parse<2>(text); }
Result<Box<3>> parse_box3(std::string_view text) { return parse<3>(text); }
void print_box(const Box<2>& box, std::string& out) { print(box, out); }
void print_box(const Box<3>& box, std::string& out) { print(box, out); }

Result<void> check_box(const Box<2>& box) {
  TRY(check_point(box.low));
  TRY(check_point(box.high));
  if (box.low[1] > box.high[1]) return upside_down("its south is above its north");
  return {};
}

Result<void> check_box(const Box<3>& box) {
  TRY(check_point(box.low));
  TRY(check_point(box.high));
  for (std::size_t i = 0; i < 3; ++i) {
    if (box.low[i] > box.high[i]) return upside_down("no coordinate is above the second's");
  }
  return {};
}

bool is_inside(const std::array<double, 2>& place, const Box<2>& box) noexcept { return contains(place, box, false); }
bool is_inside(const std::array<double, 3>& place, const Box<3>& box) noexcept { return contains(place, box, false); }
bool is_covered(const std::array<double, 2>& place, const Box<2>& box) noexcept { return contains(place, box, true); }
bool is_covered(const std::array<double, 3>& place, const Box<3>& box) noexcept { return contains(place, box, true); }

}  // namespace mneme
