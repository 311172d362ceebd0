// SegmentSource: the rows of one table's part of a segment as a snapshot sees them.
#pragma once

#include "storage/row_source.h"
#include "storage/segment.h"

namespace mneme {

class SegmentSource final : public RowSource {  // Thread-safe.
 public:
  // corrupt: the file is not what the manifest says.
  static Result<std::shared_ptr<const RowSource>> open(const TableSegment& segment, TableId table,
                                                       std::uint64_t sequence);
  // The same, which keeps nothing: good while the Version that names the segment lives.
  static Result<std::shared_ptr<const RowSource>> borrow(const TableSegment& segment, TableId table,
                                                         std::uint64_t sequence);

  [[nodiscard]] std::uint32_t rows() const noexcept override { return static_cast<std::uint32_t>(segment_.rows()); }
  std::size_t live_mask(std::uint64_t first, std::size_t count, std::uint64_t* bits) const override {
    return deletes_->live_mask(first, count, sequence_, bits);
  }
  [[nodiscard]] bool is_live(std::uint32_t ordinal) const override { return deletes_->is_live(ordinal, sequence_); }
  Result<void> read(const ColumnSchema& column, std::uint64_t first, std::size_t count, Column& out) const override;
  Result<void> gather(const ColumnSchema& column, std::span<const std::uint32_t> ordinals, Column& out) const override;
  Result<std::optional<RawValues>> values_from(const ColumnSchema& column, std::uint64_t first) const override;
  Result<void> row_ids(std::span<const std::uint32_t> ordinals, std::vector<RowId>& out) const override;
  [[nodiscard]] Result<std::size_t> fitting(std::span<const ColumnSchema* const> columns, std::uint64_t first,
                                            std::size_t count, std::size_t bytes) const override;
  [[nodiscard]] Result<bool> may_contain(const ScanBound& bound, std::uint64_t first, std::size_t count) const override;
  [[nodiscard]] std::uint64_t last_sequence() const override { return segment_.info().last_lsn; }
  [[nodiscard]] const Segment* segment() const noexcept override { return &segment_; }
  [[nodiscard]] const Memtable* memtable() const noexcept override { return nullptr; }

 private:
  SegmentSource(Segment segment, std::shared_ptr<const SegmentDeletes> deletes, std::uint64_t sequence)
      : segment_(std::move(segment)), deletes_(std::move(deletes)), sequence_(sequence) {}
  [[nodiscard]] Result<void> check_type(std::size_t position, const ColumnSchema& column) const;

  const Segment segment_;
  const std::shared_ptr<const SegmentDeletes> deletes_;
  const std::uint64_t sequence_;
};

// The part of `table` in the open file, checked against what the manifest says of it.
Result<Segment> open_segment(const TableSegment& segment, TableId table);
// False when no value that `zone` covers can lie inside the bound.
bool zone_may_contain(const ZoneMap& zone, const ScanBound& bound);

}  // namespace mneme
