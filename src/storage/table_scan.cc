#include "storage/table_scan.h"

#include <algorithm>
#include <array>
#include <bit>
#include <numeric>

namespace mneme {

Result<void> check_columns(const TableSchema& schema, std::span<const ColumnId> columns) {
  for (const ColumnId column : columns) {
    if (schema.find(column) != nullptr) continue;
    return Error(Code::not_found,
                 "table '" + schema.name + "' has no column " + std::to_string(static_cast<std::uint32_t>(column)));
  }
  return {};
}

Result<TableScan> TableScan::open(Snapshot snapshot, TableId table, std::vector<ColumnId> columns,
                                  std::vector<ScanBound> bounds) {
  const TableVersion* found = snapshot.version->find(table);
  if (found == nullptr) return Error(Code::not_found, "the snapshot has no such table");
  const TableSchema& schema = *found->schema;  // The snapshot, which the scan keeps, keeps it.
  return open(std::move(snapshot), schema, columns, std::move(bounds));
}

Result<TableScan> TableScan::open(Snapshot snapshot, const TableSchema& schema, std::span<const ColumnId> columns,
                                  std::vector<ScanBound> bounds) {
  TableScan scan;
  scan.sources_ = TRY(row_sources(snapshot, schema.id));
  std::ranges::reverse(scan.sources_);
  TRY(check_columns(schema, columns));
  for (const ColumnId column : columns) scan.columns_.push_back(schema.find(column));
  scan.bounds_ = std::move(bounds);
  scan.snapshot_ = std::move(snapshot);
  return scan;
}

Result<bool> TableScan::may_contain(std::uint64_t first, std::size_t count) const {
  for (const ScanBound& bound : bounds_) {
    if (!TRY(sources_[source_]->may_contain(bound, first, count))) return false;
  }
  return true;
}

Result<std::size_t> TableScan::run_from(const RowSource& source, std::uint64_t first) const {
  const auto most = static_cast<std::size_t>(std::min<std::uint64_t>(kBatchRowsMax, source.rows() - first));
  return source.fitting(columns_, first, most, kBatchBytesMax);
}

// Moves on to the next range with a live row: ordinals_ are those. False: the end.
Result<bool> TableScan::find_rows() {
  std::array<std::uint64_t, kBatchRowsMax / 64> live;
  for (; source_ < sources_.size(); ++source_, position_ = 0) {
    const RowSource& source = *sources_[source_];
    if (position_ == 0 && !TRY(may_contain(0, source.rows()))) continue;
    while (position_ < source.rows()) {
      first_ = position_;
      const std::size_t count = TRY(run_from(source, first_));
      position_ += count;
      if (!bounds_.empty() && !TRY(may_contain(first_, count))) continue;
      const std::size_t found = source.live_mask(first_, count, live.data());
      if (found == 0) continue;
      whole_ = found == count;
      ordinals_.resize(found);
      if (whole_) return std::iota(ordinals_.begin(), ordinals_.end(), static_cast<std::uint32_t>(first_)), true;
      std::size_t at = 0;
      for (std::size_t word = 0; word < (count + 63) / 64; ++word) {
        for (std::uint64_t left = live[word]; left != 0; left &= left - 1) {
          ordinals_[at++] =
              static_cast<std::uint32_t>(first_ + word * 64 + static_cast<unsigned>(std::countr_zero(left)));
        }
      }
      return true;
    }
  }
  ordinals_.clear();
  return false;
}

Result<std::optional<Batch>> TableScan::next() {
  if (!TRY(find_rows())) return std::optional<Batch>();
  const RowSource& source = *sources_[source_];
  std::optional<Batch> batch(std::in_place);
  for (const ColumnSchema* column : columns_) {
    Column& out = batch->columns.emplace_back(column->type);
    out.reserve(ordinals_.size());
    TRY(whole_ ? source.read(*column, first_, ordinals_.size(), out) : source.gather(*column, ordinals_, out));
  }
  return batch;
}

Result<std::optional<Batch>> TableScan::next(std::vector<RowId>& rows) {
  rows.clear();
  auto batch = TRY(next());
  if (batch) TRY(sources_[source_]->row_ids(ordinals_, rows));
  return batch;
}

}  // namespace mneme
