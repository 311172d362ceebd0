#include "path.h"

#include <cmath>
#include <numbers>

namespace mneme::demo {
namespace {

constexpr double kPi = std::numbers::pi;
constexpr double kEarthRadiusMetres = 6'371'008.8;
constexpr Degrees kPadDegrees = {8.5456, 47.3977};

const Position& station(std::size_t index) noexcept { return kStationList[index % kStations].at; }

// Catmull-Rom between stations i and i + 1: passes through every station with a continuous velocity.
Position between_stations(std::size_t i, double u) noexcept {
  const Position& a = station(i + kStations - 1);
  const Position& b = station(i);
  const Position& c = station(i + 1);
  const Position& d = station(i + 2);
  const double u2 = u * u;
  const double u3 = u2 * u;
  return 0.5 * ((-u + 2 * u2 - u3) * a + (2 - 5 * u2 + 3 * u3) * b + (u + 4 * u2 - 3 * u3) * c + (-u2 + u3) * d);
}

double radians(double degree) noexcept { return degree * kPi / 180; }

}  // namespace

Position Path::at(double seconds) const noexcept {
  const double lap = std::floor(seconds / lap_seconds_);
  const double fraction = seconds / lap_seconds_ - lap;  // Of the lap.
  const double leg = fraction * static_cast<double>(kStations);
  const double u = leg - std::floor(leg);
  const double slowed = u - 0.8 * std::sin(2 * kPi * u) / (2 * kPi);
  const double stray = std::sin(kPi * fraction) * std::sin(kPi * fraction);  // Nothing on the pad.
  const Position off = {2.2 * std::sin(1.7 * lap), 2.2 * std::cos(2.3 * lap), 0.5 * std::sin(3.1 * lap)};
  return between_stations(static_cast<std::size_t>(leg), slowed) + stray * off;
}

Degrees degrees(Position at) noexcept {
  const double degrees_per_metre = 180 / kPi / kEarthRadiusMetres;
  return {kPadDegrees.longitude + at.x * degrees_per_metre / std::cos(radians(kPadDegrees.latitude)),
          kPadDegrees.latitude + at.y * degrees_per_metre};
}

double metres_between(Degrees a, Degrees b) noexcept {
  const double north = std::sin(radians(b.latitude - a.latitude) / 2);
  const double east = std::sin(radians(b.longitude - a.longitude) / 2);
  const double h = north * north + std::cos(radians(a.latitude)) * std::cos(radians(b.latitude)) * east * east;
  return 2 * kEarthRadiusMetres * std::asin(std::sqrt(h));
}

}  // namespace mneme::demo
