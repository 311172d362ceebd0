// Finds an integer among rows of a block whose integers ascend, in a few dozen steps whatever the encoding.
#pragma once

#include "storage/encoding.h"

namespace mneme {

// The first row of [first, end) that is not below `value`; `end`: none. REQUIRES: an integer-like type of eight bytes,
// no NULLs, first <= end <= block.rows().
Result<std::size_t> integer_lower_bound(const BlockView& block, std::size_t first, std::size_t end, std::int64_t value);

}  // namespace mneme
