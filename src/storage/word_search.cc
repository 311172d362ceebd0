#include "storage/word_search.h"

#include <algorithm>
#include <array>

namespace mneme {
namespace {

std::uint64_t distance(std::int64_t from, std::int64_t to) noexcept {
  return static_cast<std::uint64_t>(to) - static_cast<std::uint64_t>(from);
}

// Counters and clocks are spread evenly: where the value would lie then is mostly where it is.
Result<std::size_t> search_rows(const BlockView& block, std::size_t low, std::size_t high, std::int64_t value) {
  if (low >= high) return low;
  const std::int64_t least = TRY(block.integer_at(low));
  if (value <= least) return low;
  const std::int64_t greatest = TRY(block.integer_at(high - 1));
  if (value > greatest) return high;
  const double part = static_cast<double>(distance(least, value)) / static_cast<double>(distance(least, greatest));
  const std::size_t guess = low + static_cast<std::size_t>(part * static_cast<double>(high - 1 - low) + 0.5);
  const std::int64_t found = TRY(block.integer_at(guess));
  if (found >= value) {
    const std::int64_t before = TRY(block.integer_at(guess - 1));  // The first is below the value: it is not `guess`.
    if (before < value) return guess;
    high = guess;
  } else {
    low = guess + 1;
  }
  while (low < high) {
    const std::size_t middle = (low + high) / 2;
    const std::int64_t at = TRY(block.integer_at(middle));
    (at < value ? low : high) = at < value ? middle + 1 : middle;
  }
  return low;
}

}  // namespace

// Delta kinds cost one step at the head of a group and many inside of it: heads first, then one group as a whole.
Result<std::size_t> integer_lower_bound(const BlockView& block, std::size_t first, std::size_t end,
                                        std::int64_t value) {
  if (block.encoding() != Encoding::delta && block.encoding() != Encoding::delta_delta) {
    return search_rows(block, first, end, value);
  }
  std::size_t low = (first + kDeltaGroupRows - 1) / kDeltaGroupRows;  // Of groups whose head is inside.
  std::size_t high = (end + kDeltaGroupRows - 1) / kDeltaGroupRows;
  while (low < high) {
    const std::size_t middle = (low + high) / 2;
    const std::int64_t at = TRY(block.integer_at(middle * kDeltaGroupRows));
    (at < value ? low : high) = at < value ? middle + 1 : middle;
  }
  // Group `low` begins at or above the value; what is below it is in the group before.
  const std::size_t to = std::min(end, low * kDeltaGroupRows);
  const std::size_t from = std::max(first, low == 0 ? 0 : (low - 1) * kDeltaGroupRows);
  if (from >= to) return to;
  std::array<std::int64_t, kDeltaGroupRows> values;
  TRY(block.integers(from, to - from, values.data()));
  const auto found = std::lower_bound(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(to - from), value);
  return from + static_cast<std::size_t>(found - values.begin());
}

}  // namespace mneme
