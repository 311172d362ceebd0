// PointLookup: the one row that has a key of a unique index, looked for again and again.
//
// What a lookup needs of a Version (its segments, their sections, where the columns are) is found once and used until
// another Version comes. Of the Version nothing is kept: between lookups its files and memtables may go.
// The surprising decision: the largest source is asked first, not the newest. At most one live row of a snapshot has
// the key, so that whoever finds one has found it.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "index/index_kinds.h"
#include "storage/segment.h"

namespace mneme {

class PointLookup {  // One thread at a time.
 public:
  // REQUIRES: `index` is a unique one of `schema`. The kinds and the budget outlive it.
  PointLookup(const IndexKinds& kinds, MemoryBudget& budget, std::shared_ptr<const TableSchema> schema, IndexId index,
              std::span<const ColumnId> columns);
  ~PointLookup();

  // False: the table is not there any more, or has another schema. To be asked before a lookup in `version`, which must
  // live until that is over.
  Result<bool> fits(const std::shared_ptr<const Version>& version);
  // Makes `out` the columns of the row that a snapshot of that version at `sequence` sees under `key` (types/key.h),
  // whatever they were. False: there is none, and they are anything. Text is copied: nothing is borrowed.
  Result<bool> find(std::uint64_t sequence, Bytes key, std::span<Column> out);

 private:
  struct SegmentPlace;
  struct MemtablePlace;
  struct SeenBlock {
    const BlockView* view = nullptr;
    std::size_t row = 0;
  };
  // What is known of a key in a segment: nothing; no live row has it; the row; the row, and it was read.
  enum class Found : std::uint8_t { unknown, nothing, row, all };
  Result<void> open_segments(const TableVersion& table);
  void place_columns(SegmentPlace& place);
  Result<void> open_memtables(std::uint64_t sequence);
  Result<bool> find_in(SegmentPlace& place, std::uint64_t sequence, Bytes key, std::span<Column> out);
  Result<bool> find_in(const MemtablePlace& place, Bytes key, std::span<Column> out) const;
  Result<Found> find_word(SegmentPlace& place, std::uint64_t sequence, std::uint64_t word, std::uint32_t& ordinal,
                          std::span<Column> out);
  Result<Found> search(const SegmentPlace& place, std::uint64_t sequence, KeyRows rows, std::int64_t value,
                       std::uint32_t& ordinal) const;
  Result<void> read(SegmentPlace& place, std::uint32_t ordinal, std::span<Column> out);
  Result<void> read_elsewhere(const SegmentPlace& place, std::uint32_t ordinal, std::span<Column> out) const;
  Result<bool> read_held(const SegmentPlace& place, std::uint32_t ordinal, std::span<Column> out);
  Result<void> read_pinned(const SegmentPlace& place, std::uint32_t ordinal, std::span<Column> out) const;
  [[nodiscard]] bool hold_blocks(SegmentPlace& place, std::uint32_t ordinal) noexcept;

  const IndexKinds& kinds_;
  MemoryBudget& budget_;
  const std::shared_ptr<const TableSchema> schema_;
  const IndexSchema* index_;                   // Of schema_.
  std::vector<const ColumnSchema*> columns_;   // Of schema_.
  const ColumnSchema* word_column_ = nullptr;  // Whose integer is the whole key; null: it is of another kind.
  std::weak_ptr<const Version> version_;       // That the places are of; never locked, only compared.
  const TableVersion* table_ = nullptr;        // Of it.
  std::vector<SegmentPlace> segments_;         // Largest first.
  std::vector<MemtablePlace> memtables_;       // Newest first. Opened when a lookup comes to them,
  std::optional<std::uint64_t> memtables_at_;  // for this sequence.
  std::vector<SeenBlock> blocks_;              // One a column, while it is read.
  std::optional<BlockGuard> guard_;            // Over the blocks of one row. None: there is no cache.
};

}  // namespace mneme
