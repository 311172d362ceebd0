// Selection: which rows of a batch take part, in order. Null means all of them.
#pragma once

#include <cstdint>
#include <vector>

#include "types/column.h"

namespace mneme::query {

using RowIndex = std::uint16_t;  // Within a batch.
static_assert(kBatchRowsMax <= 65'536);

using Selection = std::vector<RowIndex>;

// The chosen rows of `from`, dense. Text is borrowed from `from`, which must outlive the result.
Column gather(const Column& from, const Selection& rows);

}  // namespace mneme::query
