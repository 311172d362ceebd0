// KeyBounds: what a probe of an ordered index comes down to: the keys in [low, high).
#pragma once

#include "index/index.h"

namespace mneme {

struct KeyBounds {
  ByteBuffer low;   // Empty: from the least key on.
  ByteBuffer high;  // Not included. Empty: up to the greatest key.

  [[nodiscard]] bool above_low(Bytes key) const noexcept { return compare_keys(key, low) >= 0; }
  [[nodiscard]] bool below_high(Bytes key) const noexcept { return high.empty() || compare_keys(key, high) < 0; }
  [[nodiscard]] bool contains(Bytes key) const noexcept { return above_low(key) && below_high(key); }
};

// invalid_argument: the probe's columns are not the index's, or not one row.
Result<KeyBounds> key_bounds(const Probe& probe, std::span<const ColumnSchema* const> columns);

}  // namespace mneme
