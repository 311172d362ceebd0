// Whether the indexes of a database say what its rows say: not their checksums alone, which damage before they were
// made, or a mistake of ours, would pass.
#pragma once

#include <string>
#include <vector>

#include "index/index_kinds.h"

namespace mneme {

// Compares every index of every table the snapshot sees with the rows of each segment and memtable. What does not fit
// goes to `problems`, by index, table and file; an error is what kept it from looking. Holds a bit per row of one
// segment and some blocks.
Result<void> check_indexes(const Snapshot& snapshot, const IndexKinds& kinds, MemoryBudget& budget,
                           std::vector<std::string>& problems);

}  // namespace mneme
