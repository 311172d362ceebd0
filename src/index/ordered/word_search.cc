#include "index/ordered/word_search.h"

#include <algorithm>
#include <array>

namespace mneme::ordered {
namespace {

Result<std::size_t> search_rows(const BlockView& block, std::size_t low, std::size_t high, std::int64_t value) {
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

}  // namespace mneme::ordered
