// MemtableSource: the rows of one memtable as a snapshot sees them.
#pragma once

#include "storage/delete_set.h"
#include "storage/memtable_chunk.h"
#include "storage/row_source.h"

namespace mneme {

class MemtableSource final : public RowSource {  // Thread-safe.
 public:
  MemtableSource(std::shared_ptr<const Memtable> memtable, std::uint64_t sequence)
      : MemtableSource(memtable->visible_chunks(sequence), std::move(memtable), sequence) {}

  [[nodiscard]] std::uint32_t rows() const noexcept override { return rows_; }
  std::size_t live_mask(std::uint64_t first, std::size_t count, std::uint64_t* bits) const override;
  [[nodiscard]] bool is_live(std::uint32_t ordinal) const override;
  Result<void> read(const ColumnSchema& column, std::uint64_t first, std::size_t count, Column& out) const override;
  Result<void> gather(const ColumnSchema& column, std::span<const std::uint32_t> ordinals, Column& out) const override;
  Result<std::optional<RawValues>> values_from(const ColumnSchema& column, std::uint64_t first) const override;
  Result<void> row_ids(std::span<const std::uint32_t> ordinals, std::vector<RowId>& out) const override;
  [[nodiscard]] Result<std::size_t> fitting(std::span<const ColumnSchema* const> columns, std::uint64_t first,
                                            std::size_t count, std::size_t bytes) const override;
  [[nodiscard]] Result<bool> may_contain(const ScanBound& bound, std::uint64_t first, std::size_t count) const override;
  [[nodiscard]] std::uint64_t last_sequence() const override { return memtable_->last_sequence(); }
  [[nodiscard]] const Segment* segment() const noexcept override { return nullptr; }
  [[nodiscard]] const Memtable* memtable() const noexcept override { return memtable_.get(); }

  // The RowIds of rows [first, first + count) to `to`.
  void row_ids_from(std::uint64_t first, std::size_t count, std::byte* to) const noexcept;
  // For a flush: the rows that end after `sequence` or never; the rows whose end is known and above it.
  [[nodiscard]] std::vector<std::uint32_t> ending_after(std::uint64_t sequence) const;
  [[nodiscard]] std::vector<DeleteSet::Pair> ended_after(std::uint64_t sequence) const;

 private:
  MemtableSource(Memtable::VisibleRows rows, std::shared_ptr<const Memtable>&& memtable, std::uint64_t sequence);
  [[nodiscard]] const MemtableChunk& chunk_of(std::uint64_t ordinal) const noexcept;
  void gather_run(std::size_t column, std::span<const std::uint32_t> ordinals, Column& out) const;

  const std::shared_ptr<const Memtable> memtable_;
  const std::uint64_t sequence_;
  const std::uint32_t rows_;  // That the snapshot sees, ended ones too.
  const std::vector<const MemtableChunk*> chunks_;
};

}  // namespace mneme
