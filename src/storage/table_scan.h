// TableScan: the rows of one table that a snapshot sees, as batches, whatever schema version they were written under.
//
// Sources are walked oldest first, each in its own order: segments, then memtables. A batch comes from one source and
// has at most kBatchRowsMax rows and about kBatchBytesMax bytes; bounds skip what zone maps rule out, nothing more.
#pragma once

#include <optional>
#include <vector>

#include "storage/row_source.h"

namespace mneme {

// not_found: one of them is not there.
Result<void> check_columns(const TableSchema& schema, std::span<const ColumnId> columns);

class TableScan {  // One thread at a time. Keeps its snapshot.
 public:
  // not_found: the table or a column of it does not exist in the snapshot.
  static Result<TableScan> open(Snapshot snapshot, TableId table, std::vector<ColumnId> columns,
                                std::vector<ScanBound> bounds = {});
  // The same as `schema` has it: that of the snapshot or a later one, whose columns outlive the scan.
  static Result<TableScan> open(Snapshot snapshot, const TableSchema& schema, std::span<const ColumnId> columns,
                                std::vector<ScanBound> bounds);

  // The next batch with at least one row, and the RowId of each row; null at the end. A column younger than a row reads
  // as its missing value. Without columns a batch has none: ordinals() tells how many rows there are.
  Result<std::optional<Batch>> next(std::vector<RowId>& rows);
  Result<std::optional<Batch>> next();  // Without reading RowIds.

  // Of the last batch: the source it came from, by number (oldest first) and itself, and each row's ordinal in it.
  [[nodiscard]] std::size_t source_number() const noexcept { return source_; }
  [[nodiscard]] const std::shared_ptr<const RowSource>& source() const noexcept { return sources_[source_]; }
  [[nodiscard]] const std::vector<std::shared_ptr<const RowSource>>& sources() const noexcept { return sources_; }
  [[nodiscard]] std::span<const std::uint32_t> ordinals() const noexcept { return ordinals_; }

 private:
  TableScan() = default;
  Result<bool> find_rows();
  Result<bool> may_contain(std::uint64_t first, std::size_t count) const;
  Result<std::size_t> run_from(const RowSource& source, std::uint64_t first) const;

  Snapshot snapshot_;
  std::vector<ScanBound> bounds_;
  std::vector<const ColumnSchema*> columns_;  // Of the snapshot's Version.
  std::vector<std::shared_ptr<const RowSource>> sources_;
  std::size_t source_ = 0;
  std::uint64_t position_ = 0;  // The next row of the source.
  std::uint64_t first_ = 0;     // Of the range at hand.
  bool whole_ = false;          // Every row of the range is live.
  std::vector<std::uint32_t> ordinals_;
};

}  // namespace mneme
