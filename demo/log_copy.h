// What a flight log says, kept in plain arrays: the ground from which the answers about a log are predicted, without
// the database. Needs the topics sensor_combined, vehicle_local_position, vehicle_attitude and log_messages.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "import/table_sink.h"

namespace mneme::demo {

inline constexpr std::size_t kFeltSamples = 16;  // The accelerometer's last ones, three axes each.

struct LogCopy {
  struct Imu {
    std::int64_t t_us;
    std::array<float, 3> acceleration;
  };
  struct Pose {
    std::int64_t t_us;
    std::array<float, 3> at;  // Metres north, east, down.
    std::array<float, 3> velocity;
  };
  struct Attitude {
    std::int64_t t_us;
    std::array<float, 4> q;
  };
  struct Message {
    std::int64_t t_us;
    std::string level;
    std::string text;
  };
  // A pose with what the accelerometer felt until then: a vector of 48.
  struct Moment {
    std::int64_t t_us;
    std::array<float, 3> at;
    std::vector<float> felt;
  };
  std::vector<Imu> imu;
  std::vector<Pose> poses;
  std::vector<Attitude> attitudes;
  std::vector<Message> messages;
  std::vector<Moment> moments;
};

// not_found: the log has no such topic.
Result<LogCopy> copy_of_log(const std::string& path);

}  // namespace mneme::demo
