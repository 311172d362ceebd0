// What one kind of call took, call by call, and which of them the kernel interrupted: another thread got the processor
// in the middle (an involuntary switch), so that the time says nothing about the call.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace mneme::bench {

class Samples {  // One thread at a time.
 public:
  explicit Samples(std::size_t most) { taken_.reserve(most); }
  template <class Call>
  auto measure(const Call& call) {
    const long switches = involuntary_switches();
    const std::int64_t begun_ns = now_ns();
    auto outcome = call();
    const std::int64_t took_ns = now_ns() - begun_ns;
    taken_.push_back({took_ns, involuntary_switches() != switches});
    return outcome;
  }
  // "| what | samples | p50 | p99 | p99.9 | max | switched | p99.9 and max of the others |", in microseconds.
  [[nodiscard]] std::string row(const std::string& phase, const std::string& what) const;
  void clear() { taken_.clear(); }

  static std::int64_t now_ns();

 private:
  struct Sample {
    std::int64_t took_ns;
    bool switched;
  };
  static long involuntary_switches();  // Of this thread, since it began.

  std::vector<Sample> taken_;
};

std::string samples_head();

}  // namespace mneme::bench
