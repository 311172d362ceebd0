// What the simulations share: numbers from the environment, and a store small enough to reach its rare states.
#pragma once

#include <cstdint>
#include <cstdlib>

#include "storage/store.h"

namespace mneme::sim {

inline std::uint64_t environment(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

// Without a maintenance thread: the tests take its steps at moments they draw.
inline StoreOptions small_options() {
  return {.memory_budget = MemoryBudget::kBytesMin, .log_file_bytes = 16 << 10, .threads = 0};
}

}  // namespace mneme::sim
