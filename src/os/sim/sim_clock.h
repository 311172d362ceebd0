// SimClock: virtual time. It stands still while anybody works and moves only when the scheduler finds all threads
// waiting, or when a test moves it.
#pragma once

#include <algorithm>
#include <atomic>

#include "os/clock.h"

namespace mneme::sim {

class SimClock final : public Clock {  // Thread-safe: each number is read and written whole, and orders nothing else.
 public:
  std::int64_t wall_ns() override { return monotonic_ns() + wall_offset_ns_.load(std::memory_order_relaxed); }
  std::int64_t monotonic_ns() override { return now_ns_.load(std::memory_order_relaxed); }

  // Never goes back: an earlier time changes nothing.
  void advance_to(std::int64_t now_ns) { now_ns_.store(std::max(now_ns, monotonic_ns()), std::memory_order_relaxed); }
  // What people set their clocks to may jump either way.
  void jump_wall(std::int64_t by_ns) { wall_offset_ns_.fetch_add(by_ns, std::memory_order_relaxed); }

 private:
  std::atomic<std::int64_t> now_ns_{1'000'000'000};
  std::atomic<std::int64_t> wall_offset_ns_{1'700'000'000'000'000'000};  // In November 2023.
};

}  // namespace mneme::sim
