// POINT (longitude, latitude in degrees) and POINT3 (x, y, z in metres) as text.
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "base/result.h"

namespace mneme {

// POINT(1 2), (1,2) or 1,2. Longitudes within -180 .. 180 and latitudes within -90 .. 90; elsewhere is 22003.
Result<std::array<double, 2>> parse_point(std::string_view text);
// POINT(1 2 3), POINT Z (1 2 3), (1,2,3) or 1,2,3. Finite, or 22003.
Result<std::array<double, 3>> parse_point3(std::string_view text);

// POINT(1 2), POINT(1 2 3)
void print_point(const std::array<double, 2>& point, std::string& out);
void print_point(const std::array<double, 3>& point, std::string& out);

Result<void> check_point(const std::array<double, 2>& point);  // What every maker of a POINT asks.
Result<void> check_point(const std::array<double, 3>& point);

}  // namespace mneme
