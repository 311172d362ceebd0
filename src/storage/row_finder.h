// Where the versions that a commit ends lie in segments, when the commit names them by RowId alone.
#pragma once

#include <span>
#include <vector>

#include "storage/version.h"

namespace mneme {

struct FoundRow {
  RowId row{};
  std::size_t segment = 0;  // Of TableVersion::segments.
  std::uint32_t ordinal = 0;
};

// One pass over the segments that may hold any of `rows` (ascending); zone maps skip the blocks that cannot. Rows that
// are nowhere are left out.
Result<std::vector<FoundRow>> find_rows(const TableVersion& table, std::span<const RowId> rows);

}  // namespace mneme
