// The order of values: PostgreSQL's, one overload per physical layout. What comparison kernels and min/max share.
#pragma once

#include <array>
#include <cmath>
#include <compare>
#include <cstdint>
#include <cstring>

#include "types/column.h"
#include "types/interval.h"

namespace mneme::query {

using Uuid = std::array<unsigned char, 16>;
using Point = std::array<double, 2>;
using Point3 = std::array<double, 3>;

template <class T>
std::strong_ordering order(const T& a, const T& b) noexcept {
  return a <=> b;
}

// PostgreSQL's total order of floats: NaN equals itself and stands above every number; -0 equals 0.
template <std::floating_point T>
std::strong_ordering order(const T& a, const T& b) noexcept {
  if (a < b) return std::strong_ordering::less;
  if (a > b) return std::strong_ordering::greater;
  if (a == b) return std::strong_ordering::equal;
  return static_cast<int>(std::isnan(a)) <=> static_cast<int>(std::isnan(b));
}

inline std::strong_ordering order(const StringRef& a, const StringRef& b) noexcept {
  return a.view().compare(b.view()) <=> 0;
}

inline std::strong_ordering order(const Interval& a, const Interval& b) noexcept {
  const Wide left = interval_length_ns(a);
  const Wide right = interval_length_ns(b);
  return left < right   ? std::strong_ordering::less
         : left > right ? std::strong_ordering::greater
                        : std::strong_ordering::equal;
}

inline std::strong_ordering order(const Uuid& a, const Uuid& b) noexcept {
  return std::memcmp(a.data(), b.data(), 16) <=> 0;
}
template <std::size_t N>
std::strong_ordering order(const std::array<double, N>& a, const std::array<double, N>& b) noexcept {
  for (std::size_t i = 0; i < N; ++i) {
    if (const auto o = order(a[i], b[i]); o != 0) return o;
  }
  return std::strong_ordering::equal;
}

}  // namespace mneme::query
