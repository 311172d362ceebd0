// Puts the long values of a commit into blob files, before its log record is written.
#pragma once

#include "storage/store_core.h"
#include "storage/write_set.h"

namespace mneme {

// Whether put_out_of_line() has anything to do: a value to move, or a reference to hold.
bool has_blobs(const WriteSet& writes, std::size_t inline_max);

// Values of BLOB columns longer than the store keeps in rows go to a blob file, durable when this returns, whatever the
// commit's durability: a log record may outlive a power cut that its own sync never saw. References take their place.
// Columns of an index keep their values. Returns a hold on every file that the rows refer to, also by references that
// were there before (invalid_argument: nobody holds that file any more). What fails midway is debris.
Result<BlobUses> put_out_of_line(StoreCore& core, const Version& version, WriteSet& writes);

// Whether an index covers the column: such values stay in their rows.
bool is_indexed(const TableSchema& schema, ColumnId column) noexcept;

}  // namespace mneme
