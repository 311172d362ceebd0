// TableScan: the rows of one table that a snapshot sees, as batches, whatever schema version they were written under.
#pragma once

#include <optional>
#include <vector>

#include "storage/version.h"

namespace mneme {

class TableScan {  // One thread at a time. Keeps its snapshot.
 public:
  // not_found: the table or a column of it does not exist in the snapshot.
  static Result<TableScan> open(Snapshot snapshot, TableId table, std::vector<ColumnId> columns);

  // The next batch with at least one row and the RowId of each row; null at the end. A column younger than a row reads
  // as its missing value.
  Result<std::optional<Batch>> next(std::vector<RowId>& rows);

 private:
  struct Source {  // Where a wanted column is in the memtable at hand.
    std::optional<std::size_t> ordinal;
    const ColumnSchema* schema = nullptr;
  };
  TableScan(Snapshot snapshot, const TableVersion& table, std::vector<ColumnId> columns)
      : snapshot_(std::move(snapshot)), table_(&table), columns_(std::move(columns)) {}
  void enter(const Memtable& memtable);
  [[nodiscard]] Result<Batch> arrange(Batch found, std::size_t rows) const;

  Snapshot snapshot_;
  const TableVersion* table_;  // Of the snapshot's Version.
  std::vector<ColumnId> columns_;
  std::size_t next_memtable_ = 0;
  std::optional<Memtable::Cursor> cursor_;
  std::vector<Source> sources_;
  std::vector<std::size_t> ordinals_;  // Of the sources that the memtable has.
};

}  // namespace mneme
