// Flight: the simulated flight, moment by moment, as a pure function of its options. Nothing here knows of a database,
// so what is computed from it predicts what a database must answer.
//
// A moment is the tenth of a second that begins with a camera frame and holds what every sensor said in it: 20 samples
// of the IMU (200 Hz), one GPS fix and one frame (10 Hz), now and then the battery (1 Hz), forces while the drone
// touches something (100 Hz), and notes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "path.h"
#include "scene.h"

namespace mneme::demo {

inline constexpr std::int64_t kSecondNs = 1'000'000'000;
inline constexpr std::int64_t kMomentNs = kSecondNs / 10;
inline constexpr std::size_t kImuPerMoment = 20;

struct FlightOptions {
  std::size_t laps = 4;
  std::size_t lap_seconds = 60;  // Divides 60, so that laps begin where buckets of time do.
  std::uint64_t seed = 1;
};

struct ImuSample {
  std::int64_t ts_ns;
  double ax, ay, az;  // m/s2, gravity included.
  double gx, gy, gz;  // rad/s.
};
struct GpsFix {
  std::int64_t ts_ns;
  Degrees place;
  double altitude_m;
};
struct BatteryState {
  std::int64_t ts_ns;
  double volts;
  std::int64_t percent;
};
struct Frame {
  std::int64_t ts_ns;
  Degrees place;
  std::string image;
  std::vector<float> embedding;
};
struct Force {
  std::int64_t ts_ns;
  double newtons;
  std::string part;  // Of the drone, that touched.
};
struct Note {
  std::int64_t ts_ns;
  std::string text;
};

struct Moment {
  std::vector<ImuSample> imu;
  GpsFix fix;
  Frame frame;
  std::vector<BatteryState> battery;
  std::vector<Force> forces;
  std::vector<Note> notes;
};

class Flight {  // Immutable.
 public:
  explicit Flight(const FlightOptions& options);
  [[nodiscard]] std::size_t moments() const noexcept { return options_.laps * options_.lap_seconds * 10; }
  [[nodiscard]] Moment moment(std::size_t index) const;
  [[nodiscard]] std::int64_t start_ns() const noexcept;  // 2026-06-01 09:00:00 UTC.
  [[nodiscard]] std::int64_t end_ns() const noexcept { return start_ns() + duration_ns(); }
  [[nodiscard]] std::int64_t duration_ns() const noexcept { return static_cast<std::int64_t>(moments()) * kMomentNs; }
  [[nodiscard]] const FlightOptions& options() const noexcept { return options_; }

 private:
  struct Touch {
    double begin_seconds, end_seconds, peak_newtons;
    const char* part;
  };
  struct Remark {
    double seconds;
    std::string text;
    bool gust;
  };
  void plan_lap(std::size_t lap);
  [[nodiscard]] double touch_newtons(double seconds, const char** part) const noexcept;
  [[nodiscard]] double gust(double seconds) const noexcept;  // m/s2.
  [[nodiscard]] ImuSample imu_at(std::int64_t since_start_ns) const;
  void add_rare(std::size_t index, Moment& moment) const;

  FlightOptions options_;
  Path path_;
  Scene scene_;
  std::vector<Touch> touches_;
  std::vector<Remark> remarks_;
};

// A whole flight, sensor by sensor: what predictions are computed from.
struct FlightLog {
  std::vector<ImuSample> imu;
  std::vector<GpsFix> fixes;
  std::vector<Frame> frames;
  std::vector<BatteryState> battery;
  std::vector<Force> forces;
  std::vector<Note> notes;
};
FlightLog whole_log(const Flight& flight);

}  // namespace mneme::demo
