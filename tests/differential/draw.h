// Draw: every choice of a life comes from one seed, the same on every machine.
#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <vector>

namespace mneme::differential {

class Draw {  // One thread at a time.
 public:
  explicit Draw(std::uint64_t seed) : random_(seed * 0x9E3779B97F4A7C15U + 1) {}
  // 0 .. count - 1. REQUIRES: count > 0.
  std::size_t below(std::size_t count) { return static_cast<std::size_t>(random_() % count); }
  std::int64_t between(std::int64_t least, std::int64_t most) {
    return least + static_cast<std::int64_t>(below(static_cast<std::size_t>(most - least + 1)));
  }
  bool one_in(std::size_t count) { return below(count) == 0; }
  template <class T>
  const T& of(const std::vector<T>& choices) {
    return choices[below(choices.size())];
  }

 private:
  std::mt19937_64 random_;
};

}  // namespace mneme::differential
