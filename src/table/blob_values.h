// Reading BLOB columns as values: what lies in blob files takes the place of the references to it.
#pragma once

#include "storage/store.h"
#include "table/placed_reader.h"

namespace mneme {

// Whether a value in it is one by reference.
bool has_references(const Column& column) noexcept;
bool has_references(const Batch& batch) noexcept;

// Appends bytes [from, from + count) of the value to a BLOB column; their memory is reserved and stays with it.
// full: there is not so much. corrupt: names the file and the offset. REQUIRES: they are inside the value.
Result<void> append_blob(Store& store, const BlobRef& ref, std::uint64_t from, std::uint64_t count, Column& out);
// Puts values in place of the references in the column.
Result<void> load_blobs(Store& store, Column& column);
// The same of a batch whose columns are `columns` of the table. corrupt: names the table and the column as well.
Result<void> load_blobs(Store& store, const TableSchema& schema, std::span<const ColumnId> columns, Batch& batch);

struct BlobColumns {  // As in a ScanRequest.
  std::vector<ColumnId> by_reference;
  std::vector<ColumnId> in_part;
};

// What `reader` reads, its references replaced but for those of `blobs`. Batches become shorter where values are
// long: at least one row, about kBatchBytesMax bytes of blobs. The reader itself when no column can have any.
Result<std::unique_ptr<TableReader>> with_blobs(Store& store, std::shared_ptr<const TableSchema> schema,
                                                std::vector<ColumnId> columns, const BlobColumns& blobs,
                                                std::unique_ptr<TableReader> reader);
Result<std::unique_ptr<PlacedReader>> with_blobs(Store& store, std::shared_ptr<const TableSchema> schema,
                                                 std::vector<ColumnId> columns, const BlobColumns& blobs,
                                                 std::unique_ptr<PlacedReader> reader);

}  // namespace mneme
