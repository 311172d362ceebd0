// Distances between places, for scans and indexes alike.
//
// A POINT lies on a sphere of the Earth's mean radius, as PostGIS has it for spherical distances: along a great circle,
// off the true ellipsoid by at most 0.6 %. The computation is stable from nanometres to the antipodes. A POINT3 lies in
// plain space.
#pragma once

#include <array>

namespace mneme {

constexpr double kEarthRadiusM = 6'371'008.7714150598;  // (2 a + b) / 3 of WGS 84.

// Metres. Longitudes are taken modulo 360; at a pole they do not matter.
double distance_m(const std::array<double, 2>& a, const std::array<double, 2>& b) noexcept;
double distance_m(const std::array<double, 3>& a, const std::array<double, 3>& b) noexcept;

// distance_m(a, b) <= radius_m, most often decided without computing it.
bool within_m(const std::array<double, 2>& a, const std::array<double, 2>& b, double radius_m) noexcept;
bool within_m(const std::array<double, 3>& a, const std::array<double, 3>& b, double radius_m) noexcept;

}  // namespace mneme
