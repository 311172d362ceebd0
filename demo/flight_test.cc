// The flight is the same in every process, and its predictions are far from every edge on which rounding decides.
#include "flight.h"

#include <doctest/doctest.h>

#include <cmath>

#include "flight_tables.h"

using namespace mneme;
using namespace mneme::demo;

TEST_CASE("flight: a moment does not depend on the moments made before it") {
  const Flight one({2, 20, 7});
  const Flight other({2, 20, 7});
  for (std::size_t i = 0; i < one.moments(); ++i) (void)other.moment(i);
  for (const std::size_t i : {std::size_t{0}, std::size_t{123}, one.moments() - 1}) {
    for (const FlightTable& table : flight_tables()) {
      std::vector<Row> a;
      std::vector<Row> b;
      table.add_rows(one.moment(i), a);
      table.add_rows(other.moment(i), b);
      CHECK(a == b);
    }
  }
}

TEST_CASE("flight: sensors speak at their natural rates") {
  const Flight flight({2, 20, 1});
  const FlightLog log = whole_log(flight);
  CHECK(log.imu.size() == 40 * 200);
  CHECK(log.fixes.size() == 40 * 10);
  CHECK(log.frames.size() == 40 * 10);
  CHECK(log.battery.size() == 40);
  for (std::size_t i = 1; i < log.imu.size(); ++i) REQUIRE(log.imu[i].ts_ns - log.imu[i - 1].ts_ns == 5'000'000);
  // Two touches a lap, at 100 Hz: of the tank for 0.2 s and of the pad for 0.13 s.
  CHECK(std::abs(static_cast<double>(log.forces.size()) - 2 * 33) <= 4);
}

TEST_CASE("flight: no answer hangs on a rounding") {
  for (const FlightOptions& options : {FlightOptions{4, 60, 1}, FlightOptions{2, 20, 1}}) {
    const FlightLog log = whole_log(Flight(options));
    const Degrees pad = degrees(kStationList[kPad].at);
    const Degrees tank = degrees(kStationList[kTank].at);
    for (const Frame& frame : log.frames) CHECK(std::abs(metres_between(frame.place, pad) - 3) > 1e-4);
    for (const GpsFix& fix : log.fixes) CHECK(std::abs(metres_between(fix.place, tank) - 5) > 1e-4);
    for (const Force& force : log.forces) CHECK(std::abs(force.newtons - 2) > 1e-9);
  }
}

TEST_CASE("flight: a great circle's length") {
  CHECK(metres_between({0, 0}, {0, 90}) == doctest::Approx(6'371'008.8 * 3.14159265358979 / 2));
  CHECK(metres_between({8, 47}, {8, 47}) == 0);
  const Degrees there = degrees({30, 40, 0});
  CHECK(metres_between(degrees({}), there) == doctest::Approx(50).epsilon(1e-5));
}
