// The two ways through a table, each with the transaction's own changes laid over what its snapshot sees.
#pragma once

#include "table/key_search.h"
#include "table/placed_reader.h"
#include "table/transaction.h"

namespace mneme {

// `pending` (null: none) outlives the reader and does not change while it is read.
struct ReaderBase {
  std::shared_ptr<const TableSchema> schema;
  std::vector<ColumnId> columns;
  const PendingRows* pending = nullptr;
  bool row_ids = true;
};

// In the order of the sources, then the transaction's own rows.
Result<std::unique_ptr<PlacedReader>> read_in_order_of_storage(ReaderBase base, const Snapshot& snapshot,
                                                               std::vector<ScanBound> bounds);
// Rows of a key range, in the order of the index.
Result<std::unique_ptr<TableReader>> read_by_key(ReaderBase base, std::unique_ptr<KeySearch> search, KeyRange range);

}  // namespace mneme
