#include "types/great_circle.h"

#include <cmath>

namespace mneme {
namespace {

constexpr double kRadiansOfDegree = 3.14159265358979323846 / 180;

}  // namespace

// Vincenty's formula for a sphere: an arc by its sine and cosine, neither of which is small where the other is flat.
double distance_m(const std::array<double, 2>& a, const std::array<double, 2>& b) noexcept {
  if (a == b) return 0;
  const double turn = std::remainder(b[0] - a[0], 360.0) * kRadiansOfDegree;
  const double sin_a = std::sin(a[1] * kRadiansOfDegree);
  const double cos_a = std::cos(a[1] * kRadiansOfDegree);
  const double sin_b = std::sin(b[1] * kRadiansOfDegree);
  const double cos_b = std::cos(b[1] * kRadiansOfDegree);
  const double east = cos_b * std::sin(turn);
  const double north = cos_a * sin_b - sin_a * cos_b * std::cos(turn);
  const double along = sin_a * sin_b + cos_a * cos_b * std::cos(turn);
  return kEarthRadiusM * std::atan2(std::hypot(east, north), along);
}

double distance_m(const std::array<double, 3>& a, const std::array<double, 3>& b) noexcept {
  return std::hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2]);
}

bool within_m(const std::array<double, 2>& a, const std::array<double, 2>& b, double radius_m) noexcept {
  // No way is shorter than the difference of latitudes. The margin is above what rounding can make of either.
  constexpr double kMarginM = 1e-6;
  const double apart_m = std::abs(a[1] - b[1]) * (kRadiansOfDegree * kEarthRadiusM);
  if (apart_m > radius_m * (1 + 1e-12) + kMarginM) return false;
  return distance_m(a, b) <= radius_m;
}

bool within_m(const std::array<double, 3>& a, const std::array<double, 3>& b, double radius_m) noexcept {
  return distance_m(a, b) <= radius_m;
}

}  // namespace mneme
