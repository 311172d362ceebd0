// Boxes of places, as text: BOX(west south,east north) in degrees, BOX3D(x y z,x y z) in metres, as PostGIS writes
// them. A box is no type of its own: it is what ST_MakeEnvelope makes and ST_Within takes.
//
// A box whose west is east of its east crosses the antimeridian. Longitudes -180 and 180 are one meridian. Otherwise
// places are compared by their coordinates, at the poles too. Inside is without the edge, covered with it.
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "base/result.h"

namespace mneme {

template <std::size_t N>
struct Box {
  std::array<double, N> low{};
  std::array<double, N> high{};
  friend bool operator==(const Box&, const Box&) = default;
};

Result<Box<2>> parse_box(std::string_view text);  // 22P02; 22003 off the Earth; 22023 for a south above the north.
Result<Box<3>> parse_box3(std::string_view text);
void print_box(const Box<2>& box, std::string& out);
void print_box(const Box<3>& box, std::string& out);
Result<void> check_box(const Box<2>& box);
Result<void> check_box(const Box<3>& box);

bool is_inside(const std::array<double, 2>& place, const Box<2>& box) noexcept;
bool is_inside(const std::array<double, 3>& place, const Box<3>& box) noexcept;
bool is_covered(const std::array<double, 2>& place, const Box<2>& box) noexcept;
bool is_covered(const std::array<double, 3>& place, const Box<3>& box) noexcept;

}  // namespace mneme
