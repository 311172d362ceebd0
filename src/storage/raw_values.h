// RawValues: fixed-width values one after another in memory that a handle pins.
#pragma once

#include <cstdint>
#include <vector>

#include "storage/block_cache.h"

namespace mneme {

struct RawValues {
  PinnedBytes pin;
  const std::byte* values = nullptr;
  std::uint32_t first_row = 0;
  std::uint32_t rows = 0;
  std::vector<std::uint64_t> validity;  // Bit i for row first_row + i; empty when none is NULL.
};

}  // namespace mneme
