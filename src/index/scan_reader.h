// The reader for sources that have no part of an ordered index: it reads the key columns and sorts what it finds.
#pragma once

#include "index/index.h"

namespace mneme {

// `columns` outlive the reader. Memory of an answer is reserved from `budget` (share: queries).
std::unique_ptr<IndexReader> make_scan_reader(std::shared_ptr<const RowSource> source,
                                              std::vector<const ColumnSchema*> columns, MemoryBudget& budget);

}  // namespace mneme
