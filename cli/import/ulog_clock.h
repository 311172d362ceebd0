// The two clocks of a log: microseconds since boot, and UTC as a GPS receiver told it.
//
// The reference is a topic with the fields `timestamp` and `time_utc_usec` (vehicle_gps_position, sensor_gps ...): its
// first message with a 3-D fix, or, if there is none, its first with a plausible time (2010 to 2200). Where the topic
// says how much older the fix is than the message (timestamp_time_relative), that is taken into account. The info
// message time_ref_utc is a zone's offset for display and moves nothing: ts is UTC.
#pragma once

#include "import/ulog_format.h"
#include "import/ulog_scanner.h"

namespace mneme::cli {

// What to add to the boot clock to get microseconds since the Unix epoch; nothing if the log has no reference.
// Reads from the beginning as far as needed; damage ends the search quietly, because the reader proper reports it.
Result<std::optional<std::int64_t>> find_utc_offset_us(Input& input);

// The latest time a log has seen, by the timestamps of all its messages. One leap of more than ten minutes is not
// believed (a topic may be stamped by an earlier boot); two that agree are. One thread at a time.
class LogClock {
 public:
  explicit LogClock(std::uint64_t start_us) noexcept : now_us_(start_us) {}
  [[nodiscard]] std::uint64_t now_us() const noexcept { return now_us_; }
  void see(std::uint64_t t_us) noexcept {
    if (t_us <= now_us_) return;
    const std::uint64_t apart = t_us > leap_us_ ? t_us - leap_us_ : leap_us_ - t_us;
    if (t_us - now_us_ <= kLeapUs || (leap_us_ != 0 && apart <= kLeapUs)) {
      now_us_ = t_us;
    } else {
      leap_us_ = t_us;
    }
  }

 private:
  static constexpr std::uint64_t kLeapUs = 600'000'000;
  std::uint64_t now_us_;
  std::uint64_t leap_us_ = 0;  // The last one not believed.
};

// Full timestamps of one subscription, whose own may be narrow and wrap around. One thread at a time.
class UlogTimestamps {
 public:
  UlogTimestamps(UlogType type, std::uint32_t offset) noexcept : type_(type), offset_(offset) {}

  // Microseconds since boot of a message; `log_clock_us` is the latest time known, from any subscription.
  // A message of a series is never older than the one before it. REQUIRES: data holds the layout's bytes_min.
  std::uint64_t read(std::string_view data, std::uint64_t log_clock_us) noexcept;

 private:
  UlogType type_;
  std::uint32_t offset_;
  std::uint64_t last_us_ = 0;
};

}  // namespace mneme::cli
