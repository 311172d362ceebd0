// Dice: the one source of chance in the simulated world. splitmix64 (Vigna): one seed, one sequence.
#pragma once

#include <cstdint>

namespace mneme::sim {

class Dice {  // One thread at a time.
 public:
  explicit Dice(std::uint64_t seed) noexcept : state_(seed) {}
  std::uint64_t next() noexcept {
    std::uint64_t z = state_ += 0x9e3779b97f4a7c15U;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
    return z ^ (z >> 31);
  }
  bool coin() noexcept { return (next() & 1) != 0; }
  std::uint64_t below(std::uint64_t bound) noexcept { return next() % bound; }  // REQUIRES: bound > 0.

 private:
  std::uint64_t state_;
};

}  // namespace mneme::sim
