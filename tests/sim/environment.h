// What the simulations share: numbers from the environment, and a store small enough to reach its rare states.
#pragma once

#include <cstdint>

#include "storage/store.h"
#include "support/environment.h"

namespace mneme::sim {

using support::environment;

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define MNEME_SANITIZED 1
#endif
#endif
#ifdef MNEME_SANITIZED
constexpr bool kIsSanitized = true;
#undef MNEME_SANITIZED
#else
constexpr bool kIsSanitized = false;
#endif

// Fewer cases where a sanitizer makes each of them slow; never fewer kinds.
constexpr std::uint64_t cases(std::uint64_t wanted) { return kIsSanitized ? wanted / 5 : wanted; }

// Without a maintenance thread: the tests take its steps at moments they draw.
inline StoreOptions small_options() {
  return {.memory_budget = MemoryBudget::kBytesMin,
          .log_file_bytes = 16 << 10,
          .blob_inline_max = 600,
          .blob_file_bytes = 24 << 10,
          .threads = 0};
}

}  // namespace mneme::sim
