// Time, as the engine sees it: wall time for people and timestamps, monotonic time for waits and deadlines.
#pragma once

#include <cstdint>

namespace mneme {

class Clock {  // Thread-safe.
 public:
  virtual ~Clock() = default;
  virtual std::int64_t wall_ns() = 0;       // Since the Unix epoch, UTC. May jump either way.
  virtual std::int64_t monotonic_ns() = 0;  // Never goes back. Only differences mean anything.
};

}  // namespace mneme
