// RowSource: one memtable, or one table's part of one segment, as a snapshot sees it; its rows are named by ordinal.
//
// What a scan and an index share: an index answers with ordinals of one source, a scan walks all of them, and both
// read values here, whatever schema version the rows were written under. Ordinals [0, rows()) include dead versions;
// live_mask() tells which ones the snapshot sees.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "base/result.h"
#include "storage/raw_values.h"
#include "storage/version.h"

namespace mneme {

class MemoryIndex;
class Segment;

// A range of one column that a reader wants; used to skip, so that rows outside of it may still be met.
struct ScanBound {
  ColumnId column{};
  std::optional<Column> lower;  // One row of the column's type, inclusive; none: unbounded.
  std::optional<Column> upper;
};

class RowSource {  // Thread-safe; keeps what it reads from alive.
 public:
  virtual ~RowSource() = default;
  [[nodiscard]] virtual std::uint32_t rows() const noexcept = 0;
  // Sets bit i of `bits` for each row first + i that the snapshot sees; bits past `count` in the last word are 0.
  // Returns how many are live. REQUIRES: first + count <= rows(); `bits` has ceil(count / 64) words.
  virtual std::size_t live_mask(std::uint64_t first, std::size_t count, std::uint64_t* bits) const = 0;
  [[nodiscard]] virtual bool is_live(std::uint32_t ordinal) const = 0;
  // Appends the column's values of rows [first, first + count), or of the given ascending ordinals, to `out`. A row
  // older than the column reads as its missing value. Text may be borrowed (the column keeps its owner alive).
  virtual Result<void> read(const ColumnSchema& column, std::uint64_t first, std::size_t count, Column& out) const = 0;
  virtual Result<void> gather(const ColumnSchema& column, std::span<const std::uint32_t> ordinals,
                              Column& out) const = 0;
  // The values of a fixed-width column from row `first` on, where they lie, at least one. None: they are encoded, or
  // older than the column, and only read() has them.
  virtual Result<std::optional<RawValues>> values_from(const ColumnSchema& column, std::uint64_t first) const = 0;
  virtual Result<void> row_ids(std::span<const std::uint32_t> ordinals, std::vector<RowId>& out) const = 0;
  // How many rows from `first` on fit about `bytes` of these columns together: at least one, at most `count`.
  [[nodiscard]] virtual Result<std::size_t> fitting(std::span<const ColumnSchema* const> columns, std::uint64_t first,
                                                    std::size_t count, std::size_t bytes) const = 0;
  // False when no row of rows [first, first + count) can lie inside the bound, by zone maps alone.
  [[nodiscard]] virtual Result<bool> may_contain(const ScanBound& bound, std::uint64_t first,
                                                 std::size_t count) const = 0;
  // Of the commits whose rows it holds: the highest sequence. Rows of a memtable may be younger than the snapshot.
  [[nodiscard]] virtual std::uint64_t last_sequence() const = 0;
  // Where an index finds its own part of this source. Exactly one is not null.
  [[nodiscard]] virtual const Segment* segment() const noexcept = 0;
  [[nodiscard]] virtual const Memtable* memtable() const noexcept = 0;
};

// Appends `rows` times what a row older than the column reads.
Result<void> append_missing(const ColumnSchema& column, std::size_t rows, Column& out);

// Every source of `table` in the snapshot, memtables first, newest first. not_found: no such table.
Result<std::vector<std::shared_ptr<const RowSource>>> row_sources(const Snapshot& snapshot, TableId table);

// How many rows of `table` a snapshot at `sequence` sees. From what is in memory: no file is read.
std::uint64_t live_rows(const TableVersion& table, std::uint64_t sequence);

}  // namespace mneme
