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

inline StoreOptions small_options() { return {.memory_budget = MemoryBudget::kBytesMin, .log_file_bytes = 16 << 10}; }

}  // namespace mneme::sim
