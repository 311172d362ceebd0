#include "flight.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <numbers>

#include "draw.h"

namespace mneme::demo {
namespace {

enum Stream : std::uint64_t { kVibration = 1, kGyro, kGpsNoise, kBatteryNoise };
constexpr std::int64_t kStartNs = 1'780'304'400 * kSecondNs;  // 2026-06-01 09:00:00 UTC.
constexpr std::int64_t kImuNs = kSecondNs / 200;
constexpr std::int64_t kForceNs = kSecondNs / 100;
constexpr std::int64_t kForceOffsetNs = 3'000'000;  // The force sensor's clock beats between the camera's.
constexpr std::size_t kMomentsPerKeyFrame = 50;     // A large picture every 5 s, a thumbnail otherwise.
constexpr std::size_t kKeyFramePixels = 288;        // 83 KB: over 64 KiB, so it is stored as a blob file's range.
constexpr std::size_t kThumbnailPixels = 32;
constexpr double kMassKg = 1.2;
constexpr double kGravity = 9.80665;
constexpr double kGustSeconds = 0.8;

double to_seconds(std::int64_t ns) noexcept { return static_cast<double>(ns) / static_cast<double>(kSecondNs); }

}  // namespace

Flight::Flight(const FlightOptions& options)
    : options_(options), path_(static_cast<double>(options.lap_seconds)), scene_(options.seed) {
  remarks_.push_back({0, "take-off from the pad", false});
  for (std::size_t lap = 0; lap < options_.laps; ++lap) plan_lap(lap);
}

// Every lap probes the tank, harder each time, and touches the pad at its end; one in two meets a gust.
void Flight::plan_lap(std::size_t lap) {
  const double begin = static_cast<double>(lap * options_.lap_seconds);
  const double tank = begin + path_.seconds_of_station(kTank);
  const double end = begin + path_.lap_seconds();
  const double leg = path_.seconds_of_station(1);  // 8.6 s at full length: shorter laps have shorter touches.
  const auto number = std::to_string(lap + 1);
  touches_.push_back({tank - 0.035 * leg, tank + 0.035 * leg, 1.4 + 0.6 * static_cast<double>(lap), "probe"});
  touches_.push_back({end - 0.175 * leg, end - 0.13 * leg, 4.5, "skid"});
  for (std::size_t station = 1; lap == 0 && station < kStations; ++station) {
    remarks_.push_back({path_.seconds_of_station(station) + 0.05,
                        "first seen: the " + std::string(kStationList[station].name), false});
  }
  remarks_.push_back({tank + 0.03 * leg, "probed the tank in lap " + number, false});
  if (lap % 2 == 1) remarks_.push_back({begin + 0.6 * path_.lap_seconds(), "gust from the west, lap " + number, true});
  remarks_.push_back({end - 0.15 * leg, "touched the pad in lap " + number, false});
}

std::int64_t Flight::start_ns() const noexcept { return kStartNs; }

// Half a sine between a touch's begin and end.
double Flight::touch_newtons(double seconds, const char** part) const noexcept {
  for (const Touch& touch : touches_) {
    if (seconds < touch.begin_seconds || seconds >= touch.end_seconds) continue;
    *part = touch.part;
    const double u = (seconds - touch.begin_seconds) / (touch.end_seconds - touch.begin_seconds);
    return touch.peak_newtons * std::sin(std::numbers::pi * u);
  }
  return 0;
}

double Flight::gust(double seconds) const noexcept {
  for (const Remark& remark : remarks_) {
    const double u = (seconds - remark.seconds) / kGustSeconds;
    if (remark.gust && u >= 0 && u < 1) return 6 * std::sin(std::numbers::pi * u);
  }
  return 0;
}

ImuSample Flight::imu_at(std::int64_t since_start_ns) const {
  const double t = to_seconds(since_start_ns);
  const double h = to_seconds(kImuNs);
  const Position now = path_.at(t);
  const Position sum = path_.at(t + h) + path_.at(t > h ? t - h : 0);
  const Position acceleration = (1 / (h * h)) * (sum + -2.0 * now);
  const auto draw = [&, n = static_cast<std::uint64_t>(since_start_ns / kImuNs)](Stream stream, std::uint64_t axis) {
    return normal(options_.seed, stream, n * 3 + axis);
  };
  const char* part = nullptr;
  ImuSample sample{};
  sample.ts_ns = kStartNs + since_start_ns;
  sample.ax = std::clamp(acceleration.x, -4.0, 4.0) + gust(t) + 0.05 * draw(kVibration, 0);
  sample.ay = std::clamp(acceleration.y, -4.0, 4.0) + 0.05 * draw(kVibration, 1);
  sample.az = kGravity + touch_newtons(t, &part) / kMassKg + 0.08 * draw(kVibration, 2);
  sample.gx = 0.01 * draw(kGyro, 0);
  sample.gy = 0.01 * draw(kGyro, 1) + 0.05 * gust(t);
  sample.gz = 0.01 * draw(kGyro, 2) + 2 * std::numbers::pi / path_.lap_seconds();
  return sample;
}

// What does not happen in every moment.
void Flight::add_rare(std::size_t index, Moment& moment) const {
  const std::int64_t begin_ns = static_cast<std::int64_t>(index) * kMomentNs;
  const double part_flown = to_seconds(begin_ns) / to_seconds(duration_ns());
  if (index % 10 == 0) {
    const double volts = 12.6 - 1.4 * part_flown + 0.02 * normal(options_.seed, kBatteryNoise, index);
    moment.battery.push_back({kStartNs + begin_ns, volts, static_cast<std::int64_t>(100 - 70 * part_flown)});
  }
  for (std::int64_t ns = begin_ns + kForceOffsetNs; ns < begin_ns + kMomentNs; ns += kForceNs) {
    const char* part = "";
    const double newtons = touch_newtons(to_seconds(ns), &part);
    if (newtons > 0) moment.forces.push_back({kStartNs + ns, newtons, part});
  }
  for (const Remark& remark : remarks_) {
    const auto at_ns = static_cast<std::int64_t>(std::llround(remark.seconds * 1e3)) * 1'000'000;
    if (at_ns >= begin_ns && at_ns < begin_ns + kMomentNs) moment.notes.push_back({kStartNs + at_ns, remark.text});
  }
}

Moment Flight::moment(std::size_t index) const {
  const std::int64_t begin_ns = static_cast<std::int64_t>(index) * kMomentNs;
  const Position at = path_.at(to_seconds(begin_ns));
  const auto noise = [&](std::uint64_t axis) { return 0.15 * normal(options_.seed, kGpsNoise, index * 3 + axis); };
  const std::size_t pixels = index % kMomentsPerKeyFrame == 0 ? kKeyFramePixels : kThumbnailPixels;
  Moment moment;
  for (std::size_t i = 0; i < kImuPerMoment; ++i) {
    moment.imu.push_back(imu_at(begin_ns + static_cast<std::int64_t>(i) * kImuNs));
  }
  moment.fix = {kStartNs + begin_ns, degrees(at + Position{noise(0), noise(1), 0}), at.z + noise(2)};
  moment.frame = {kStartNs + begin_ns, degrees(at), scene_.picture(at, pixels), scene_.embedding(at, index)};
  add_rare(index, moment);
  return moment;
}

FlightLog whole_log(const Flight& flight) {
  FlightLog log;
  const auto move_all = [](auto& from, auto& to) {
    to.insert(to.end(), std::make_move_iterator(from.begin()), std::make_move_iterator(from.end()));
  };
  for (std::size_t i = 0; i < flight.moments(); ++i) {
    Moment moment = flight.moment(i);
    move_all(moment.imu, log.imu);
    log.fixes.push_back(moment.fix);
    log.frames.push_back(std::move(moment.frame));
    move_all(moment.battery, log.battery);
    move_all(moment.forces, log.forces);
    move_all(moment.notes, log.notes);
  }
  return log;
}

}  // namespace mneme::demo
