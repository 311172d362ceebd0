// What a transaction has changed so far, and the marks it can go back to.
#pragma once

#include <map>
#include <optional>
#include <set>

#include "table/transaction.h"
#include "table/unique_keys.h"

namespace mneme {

struct Transaction::Savepoint {
  std::string name;
  std::map<TableId, PendingRows::Mark> marks;
  std::size_t schema_changes = 0;
  // Set when the schema changed later: rows as they were then lie in other columns than the ones there are now.
  struct Kept {
    std::map<TableId, PendingRows> rows;
    std::map<TableId, std::shared_ptr<const TableSchema>> schemas;
  };
  std::optional<Kept> kept;
};

// The keys of the pending rows [0, rows) in one unique index.
struct Transaction::KnownKeys {
  UniqueKeys keys;
  std::size_t rows = 0;
  Reservation memory{};
};

struct Transaction::Changes {  // One thread at a time.
  std::map<TableId, PendingRows> rows;
  std::map<TableId, std::shared_ptr<const TableSchema>> schemas;  // Created, altered; null: dropped.
  std::vector<Change> schema_changes;                             // In order.
  std::vector<Savepoint> savepoints;
  Savepoint statement;
  std::map<std::pair<TableId, IndexId>, KnownKeys>
      known_keys;                                // Forgotten when rows are taken back: numbers come again.
  std::map<TableId, KeyCounter> new_table_keys;  // Of tables this transaction created.
  std::set<std::shared_ptr<BlobFile>> blobs;     // That its rows refer to, whatever becomes of their writers.
  Reservation memory;
  std::map<RowId, std::pair<std::shared_ptr<const RowSource>, std::uint32_t>> found;  // By find_conflicts().

  PendingRows& rows_of(const std::shared_ptr<const TableSchema>& schema);
  [[nodiscard]] const PendingRows* find_rows(TableId table) const;
  [[nodiscard]] Savepoint mark(std::string name) const;
  void rollback(Savepoint& to);
  void before_schema_change();  // Keeps what the savepoints would need.
};

}  // namespace mneme
