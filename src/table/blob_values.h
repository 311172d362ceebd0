// Reading BLOB columns as values: what lies in blob files takes the place of the references to it.
#pragma once

#include "storage/store.h"
#include "table/placed_reader.h"

namespace mneme {

// Whether a value in it is one by reference.
bool has_references(const Batch& batch) noexcept;
// Puts values in place of the references in `batch`, whose columns are `columns` of the table. Their memory is
// reserved. full: there is not so much. corrupt: names the table, the column and the file.
Result<void> load_blobs(Store& store, const TableSchema& schema, std::span<const ColumnId> columns, Batch& batch);

// What `reader` reads, its references replaced but for those of `by_reference`. Batches become shorter where values are
// long: at least one row, about kBatchBytesMax bytes of blobs. The reader itself when no column can have any.
Result<std::unique_ptr<TableReader>> with_blobs(Store& store, std::shared_ptr<const TableSchema> schema,
                                                std::vector<ColumnId> columns, std::span<const ColumnId> by_reference,
                                                std::unique_ptr<TableReader> reader);
Result<std::unique_ptr<PlacedReader>> with_blobs(Store& store, std::shared_ptr<const TableSchema> schema,
                                                 std::vector<ColumnId> columns, std::span<const ColumnId> by_reference,
                                                 std::unique_ptr<PlacedReader> reader);

}  // namespace mneme
