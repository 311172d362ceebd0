// Prefetch: memory is asked for before it is read, so that it is on its way when its turn comes.
//
// A CPU guesses where a walk through memory goes on, but not across pages, and wide vectors are done sooner than its
// guesses arrive: then each line is waited for. Asked for early and many at once, lines come at the memory's own rate.
#pragma once

#include <cstddef>

namespace mneme::simd {

constexpr std::size_t kCacheLineBytes = 64;

// A hint: changes no value and faults on no address.
inline void prefetch(const std::byte* from, std::size_t bytes) noexcept {
#pragma GCC unroll 8
  for (std::size_t at = 0; at < bytes; at += kCacheLineBytes) __builtin_prefetch(from + at);
}

}  // namespace mneme::simd
