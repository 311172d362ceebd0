// Draws: random numbers that are a pure function of (seed, stream, index), so that any moment of the flight can be made
// without the ones before it, in any process.
#pragma once

#include <cstdint>

namespace mneme::demo {

// SplitMix64's finaliser: every input bit changes half of the output bits.
constexpr std::uint64_t mixed(std::uint64_t x) noexcept {
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
  return x ^ (x >> 31);
}

// In [0, 1).
constexpr double uniform(std::uint64_t seed, std::uint64_t stream, std::uint64_t index) noexcept {
  const std::uint64_t bits = mixed(mixed(seed * 0x9e3779b97f4a7c15ULL + stream) + index * 0xd1342543de82ef95ULL);
  return static_cast<double>(bits >> 11) * 0x1p-53;
}

// About normal, mean 0 and deviation 1, within +-3.5: the sum of four uniform draws.
constexpr double normal(std::uint64_t seed, std::uint64_t stream, std::uint64_t index) noexcept {
  double sum = -2;
  for (std::uint64_t i = 0; i < 4; ++i) sum += uniform(seed, stream, index * 4 + i);
  return sum * 1.7320508075688772;
}

}  // namespace mneme::demo
