// Distances on the sphere and in space, and boxes.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <random>

#include "types/box.h"
#include "types/great_circle.h"

namespace mneme {
namespace {

using Place = std::array<double, 2>;
constexpr double kDegreeM = kEarthRadiusM * 3.14159265358979323846 / 180;  // Of any great circle.

double haversine_m(const Place& a, const Place& b) {  // Another formula, in more digits.
  using Wide = long double;
  constexpr Wide kRadians = 3.14159265358979323846264338327950288L / 180;
  const Wide up = std::sin((Wide(b[1]) - Wide(a[1])) * kRadians / 2);
  const Wide across = std::sin((Wide(b[0]) - Wide(a[0])) * kRadians / 2);
  const Wide h = up * up + std::cos(Wide(a[1]) * kRadians) * std::cos(Wide(b[1]) * kRadians) * across * across;
  return static_cast<double>(2 * Wide(kEarthRadiusM) * std::asin(std::sqrt(std::min(h, Wide(1)))));
}

TEST_CASE("great circle: degrees along the equator and the meridians") {
  CHECK(distance_m(Place{0, 0}, Place{1, 0}) == doctest::Approx(kDegreeM).epsilon(1e-14));
  CHECK(distance_m(Place{0, 0}, Place{0, 90}) == doctest::Approx(90 * kDegreeM).epsilon(1e-14));
  CHECK(distance_m(Place{7, -90}, Place{7, 90}) == doctest::Approx(180 * kDegreeM).epsilon(1e-14));
  CHECK(distance_m(Place{0, 0}, Place{180, 0}) == doctest::Approx(180 * kDegreeM).epsilon(1e-14));
  // Equilateral: (0,0), (90,0) and the pole are 90 degrees apart; an octant's corner to its middle is acos(1/sqrt 3).
  CHECK(distance_m(Place{45, std::asin(1 / std::sqrt(3.0)) * 180 / M_PI}, Place{0, 90}) ==
        doctest::Approx(std::acos(1 / std::sqrt(3.0)) * kEarthRadiusM).epsilon(1e-14));
}

TEST_CASE("great circle: across the antimeridian, at the poles, and nowhere at all") {
  CHECK(distance_m(Place{179.5, 0}, Place{-179.5, 0}) == doctest::Approx(kDegreeM).epsilon(1e-12));
  CHECK(distance_m(Place{180, 12}, Place{-180, 12}) == 0);
  CHECK(distance_m(Place{13, 90}, Place{-77, 90}) < 1e-6);
  CHECK(distance_m(Place{13.25, 52.5}, Place{13.25, 52.5}) == 0);
}

TEST_CASE("great circle: short and long ways agree with another formula") {
  std::mt19937 random(1);
  std::uniform_real_distribution<double> longitude(-180, 180), latitude(-90, 90), exponent(-9, 0);
  for (int i = 0; i < 2'000; ++i) {
    const Place a{longitude(random), latitude(random)};
    const double near = std::pow(10.0, exponent(random));
    const Place b{std::clamp(a[0] + near, -180.0, 180.0), std::clamp(a[1] - near / 3, -90.0, 90.0)};
    const Place c{longitude(random), latitude(random)};
    // Coordinates near 180 are themselves exact to 3e-14 degrees only: 3e-9 m.
    CHECK(std::abs(distance_m(a, b) - haversine_m(a, b)) < 1e-8 + 1e-13 * haversine_m(a, b));
    CHECK(distance_m(a, c) == doctest::Approx(haversine_m(a, c)).epsilon(1e-9));  // asin is flat near antipodes.
    CHECK(distance_m(a, b) == doctest::Approx(distance_m(b, a)).epsilon(1e-9));
    for (const double radius : {distance_m(a, b), std::nextafter(distance_m(a, b), 0.0), distance_m(a, c), 5e5}) {
      CHECK(within_m(a, b, radius) == (distance_m(a, b) <= radius));
      CHECK(within_m(a, c, radius) == (distance_m(a, c) <= radius));
    }
  }
}

TEST_CASE("space: points in metres are apart as in school") {
  CHECK(distance_m({0, 0, 0}, {3, 4, 12}) == 13);
  CHECK(distance_m({1e200, 0, 0}, {-1e200, 0, 0}) == 2e200);  // No square overflows.
}

TEST_CASE("box: inside is without the edge, covered with it") {
  const Box<2> box{{-10, -5}, {10, 5}};
  CHECK(is_inside({0, 0}, box));
  CHECK_FALSE(is_inside({10, 0}, box));
  CHECK(is_covered({10, 0}, box));
  CHECK(is_covered({-10, -5}, box));
  CHECK_FALSE(is_covered({10.5, 0}, box));
  CHECK_FALSE(is_covered({0, std::nextafter(5, 6)}, box));
  const Box<3> space{{0, 0, 0}, {1, 2, 3}};
  CHECK(is_inside({0.5, 0.5, 0.5}, space));
  CHECK_FALSE(is_inside({0.5, 0.5, 3}, space));
  CHECK(is_covered({1, 2, 3}, space));
  CHECK_FALSE(is_covered({0.5, 0.5, -1}, space));
}

TEST_CASE("box: one whose west is east of its east crosses the antimeridian") {
  const Box<2> box{{170, -5}, {-170, 5}};
  for (const double longitude : {175.0, 180.0, -180.0, -175.0}) CHECK(is_inside({longitude, 0}, box));
  CHECK_FALSE(is_covered({0, 0}, box));
  CHECK(is_covered({170, 0}, box));
  CHECK_FALSE(is_inside({-170, 0}, box));
}

TEST_CASE("box: longitudes 180 and -180 are one meridian") {
  const Box<2> east{{170, -5}, {180, 5}}, west{{-180, -5}, {-170, 5}}, from{{180, -5}, {-170, 5}};
  const Box<2> to{{170, -5}, {-180, 5}}, around{{-180, -5}, {180, 5}};
  for (const double longitude : {180.0, -180.0}) {
    for (const auto& box : {east, west, from, to}) {
      CHECK(is_covered({longitude, 0}, box));
      CHECK_FALSE(is_inside({longitude, 0}, box));
    }
    CHECK(is_inside({longitude, 0}, around));
  }
  CHECK(is_inside({-175, 0}, from));
  CHECK_FALSE(is_covered({175, 0}, from));
  CHECK_FALSE(is_covered({0, 0}, to));
}

TEST_CASE("box: as text it reads back, and says what is wrong") {
  std::string text;
  print_box(Box<2>{{-10.5, 0}, {0.1, 90}}, text);
  CHECK(text == "BOX(-10.5 0,0.1 90)");
  CHECK(*parse_box(text) == Box<2>{{-10.5, 0}, {0.1, 90}});
  CHECK(*parse_box3(" box3d( 1 2  3 , 4 5 6 ) ") == Box<3>{{1, 2, 3}, {4, 5, 6}});
  for (const auto* bad : {"", "BOX", "BOX(1 2)", "BOX(1,2)", "BOX(1 2,3 4", "BOX(1 2 3,4 5 6)", "BOX(a b,c d)", "BOX()",
                          ")BOX(,", "BOX3D(1 2,3 4)", "BOX(1 2,3 4)x"}) {
    CHECK(parse_box(bad).error().sqlstate() == "22P02");
  }
  CHECK(parse_box("BOX(0 0,181 0)").error().sqlstate() == "22003");
  CHECK(parse_box("BOX(0 1,1 0)").error().sqlstate() == "22023");
  CHECK(parse_box3("BOX3D(0 0 0,1 1 -1)").error().sqlstate() == "22023");
  CHECK(parse_box3("BOX3D(0 0 0,1 1 inf)").error().sqlstate() == "22003");
}

}  // namespace
}  // namespace mneme
