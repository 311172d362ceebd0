// WriteSet: everything one transaction changes, and its bytes: the payload of one record of the log.
//
// Atomic by construction: table changes, inserted rows and ended versions of all tables travel in one record. Rows are
// in canonical column bytes, encoded once, with their own crc beside them (docs/format.md, "commit group").
#pragma once

#include <functional>
#include <optional>
#include <variant>
#include <vector>

#include "types/row_set.h"

namespace mneme {

struct CreateTable {
  TableSchema schema;  // Its id is new.
};
struct AlterTable {
  TableSchema schema;  // The same id, the next version.
};
struct DropTable {
  TableId table{};
};
struct InsertRows {
  TableId table{};
  Batch batch;                // One column per column of the table's schema, in its order.
  RowId first_row;            // Row i becomes version first_row + i. Given at commit.
  std::uint32_t crc = 0;      // Of the columns' canonical bytes. Given when it is encoded or decoded.
  std::size_t number_at = 0;  // Where first_row lies among the encoded bytes. Given when it is encoded.
};
struct EndRows {  // Deletes, and the old versions of updates.
  TableId table{};
  RowSet rows;
};
using Change = std::variant<CreateTable, AlterTable, DropTable, InsertRows, EndRows>;

struct WriteSet {               // One thread at a time.
  std::vector<Change> changes;  // In the order they take effect.
  [[nodiscard]] bool empty() const noexcept { return changes.empty(); }
};

[[nodiscard]] std::size_t memory_bytes(const WriteSet& writes) noexcept;  // Of its rows, without what is lent to them.
// What encode_write_set() will write, or a little more.
[[nodiscard]] std::size_t encoded_bytes(const WriteSet& writes);
void encode_write_set(WriteSet& writes, ByteBuffer& out);  // Gives inserts their crc.
// Gives the rows of all inserts their ids from `first` on, also in `encoded` unless it is empty; the next free id.
std::uint64_t number_rows(WriteSet& writes, std::uint64_t first, ByteBuffer& encoded);
// The schema that rows of `table` are encoded in, after the changes before them; null: no such table.
using SchemaOf = std::function<const TableSchema*(TableId table)>;
// corrupt: the bytes do not fit. Tables created or altered inside the group are known to the rows behind them. The
// texts and blobs of its rows lie in `payload`, which outlives it.
Result<WriteSet> decode_write_set(Bytes payload, const SchemaOf& schema_of);

}  // namespace mneme
