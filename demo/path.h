// Path: where the drone is at a time. It flies laps over the same stations, slows down at each, and strays a little
// differently in every lap; every lap begins and ends on the pad.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

namespace mneme::demo {

struct Position {  // Metres east, north and up of the pad.
  double x = 0;
  double y = 0;
  double z = 0;
  friend Position operator+(Position a, Position b) noexcept { return {a.x + b.x, a.y + b.y, a.z + b.z}; }
  friend Position operator*(double s, Position a) noexcept { return {s * a.x, s * a.y, s * a.z}; }
};

struct Degrees {
  double longitude = 0;
  double latitude = 0;
};

struct Station {
  std::string_view name;
  Position at;
};

inline constexpr std::size_t kStations = 7;
inline constexpr std::size_t kPad = 0;
inline constexpr std::size_t kTank = 3;
inline constexpr std::array<Station, kStations> kStationList = {{{"pad", {0, 0, 1.5}},
                                                                 {"gate", {14, 3, 6}},
                                                                 {"tower", {26, 12, 12}},
                                                                 {"tank", {22, 26, 8}},
                                                                 {"roof", {8, 31, 10}},
                                                                 {"well", {-8, 24, 7}},
                                                                 {"orchard", {-16, 11, 6}}}};

class Path {  // Immutable.
 public:
  explicit Path(double lap_seconds) : lap_seconds_(lap_seconds) {}
  [[nodiscard]] Position at(double seconds) const noexcept;
  [[nodiscard]] double lap_seconds() const noexcept { return lap_seconds_; }
  // Since the lap began.
  [[nodiscard]] double seconds_of_station(std::size_t station) const noexcept {
    return lap_seconds_ * static_cast<double>(station) / static_cast<double>(kStations);
  }

 private:
  double lap_seconds_;
};

// On the sphere, near the pad, which stands at 8.5456 E 47.3977 N.
Degrees degrees(Position at) noexcept;
// The great circle's length in metres (haversine), by the mean radius of the Earth.
double metres_between(Degrees a, Degrees b) noexcept;

}  // namespace mneme::demo
