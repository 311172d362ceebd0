// Schema of a table as the engine keeps it. Immutable once published; a change makes a new version of it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "mneme/durability.h"
#include "mneme/type.h"
#include "types/column.h"

namespace mneme {

enum class TableId : std::uint64_t {};   // Never reused.
enum class ColumnId : std::uint32_t {};  // Never reused within a table.
enum class IndexId : std::uint32_t {};   // Never reused within a table.
enum class RowId : std::uint64_t {};     // One version of a row; assigned in commit order; 0 is none.

constexpr std::size_t kColumnsMax = 1'000;

struct ColumnSchema {
  ColumnId id{};
  std::string name;
  Type type;
  bool not_null = false;
  bool identity = false;    // The next value of the table's counter when none is given.
  bool hidden = false;      // `_id` of a table without a primary key.
  std::string default_sql;  // The DEFAULT expression as SQL text; empty: NULL.
  // What rows older than the column read: a constant, as its canonical bytes (one value, encode_column). Empty: NULL.
  ByteBuffer missing_value;
};

struct IndexSchema {
  IndexId id{};
  std::string name;
  std::string kind = "ordered";
  std::vector<ColumnId> columns;
  bool unique = false;
  bool primary = false;
};

struct CheckSchema {
  std::string name;
  std::string sql;
};

struct TableSchema {
  TableId id{};
  std::uint32_t version = 1;  // Grows with every change.
  std::string name;
  std::vector<ColumnSchema> columns;  // In the order of SELECT *.
  std::vector<ColumnId> primary_key;  // Empty: the hidden _id.
  std::optional<ColumnId> time_column;
  std::vector<IndexSchema> indexes;
  std::vector<CheckSchema> checks;
  Durability durability = Durability::commit;
  std::uint32_t interval_ms = 50;  // For Durability::interval.
  std::uint32_t next_column_id = 1;
  std::uint32_t next_index_id = 1;

  [[nodiscard]] const ColumnSchema* find(std::string_view column_name) const noexcept;
  [[nodiscard]] const ColumnSchema* find(ColumnId id) const noexcept;
  [[nodiscard]] std::optional<std::size_t> ordinal_of(ColumnId id) const noexcept;
  // What segments are sorted by: (time) | (key, time) when the key ends in the time column | (key) | empty = arrival.
  [[nodiscard]] std::vector<ColumnId> clustering() const;
};

// What is told of a NULL for a column that is NOT NULL.
Error refuse_null(const TableSchema& schema, const ColumnSchema& column);

void encode_schema(const TableSchema& schema, ByteBuffer& out);  // Format: docs/format.md, "table schema".
Result<TableSchema> decode_schema(Bytes bytes);

}  // namespace mneme
