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
  // Appends to `out` the columns of the row that a snapshot of that version at `sequence` sees under `key`
  // (types/key.h). False: there is none. Text is copied: nothing is borrowed.
  Result<bool> find(std::uint64_t sequence, Bytes key, std::span<Column> out);

 private:
  struct SegmentPlace;
  struct MemtablePlace;
  Result<void> open_segments(const TableVersion& table);
  Result<void> open_memtables(std::uint64_t sequence);
  Result<bool> find_in(const SegmentPlace& place, std::uint64_t sequence, Bytes key, std::span<Column> out);
  Result<bool> find_in(const MemtablePlace& place, Bytes key, std::span<Column> out) const;
  Result<void> read(const SegmentPlace& place, std::uint32_t ordinal, std::span<Column> out);
  Result<bool> read_guarded(const SegmentPlace& place, std::uint32_t ordinal, std::span<Column> out);
  Result<bool> read_held(const SegmentPlace& place, std::uint32_t ordinal, std::span<Column> out);
  Result<void> read_pinned(const SegmentPlace& place, std::uint32_t ordinal, std::span<Column> out);
  [[nodiscard]] bool hold_blocks(const SegmentPlace& place, std::uint32_t ordinal) noexcept;

  const IndexKinds& kinds_;
  MemoryBudget& budget_;
  const std::shared_ptr<const TableSchema> schema_;
  const IndexSchema* index_;                   // Of schema_.
  std::vector<const ColumnSchema*> columns_;   // Of schema_.
  std::weak_ptr<const Version> version_;       // That the places are of; never locked, only compared.
  const TableVersion* table_ = nullptr;        // Of it.
  std::vector<SegmentPlace> segments_;         // Largest first.
  std::vector<MemtablePlace> memtables_;       // Newest first. Opened when a lookup comes to them,
  std::optional<std::uint64_t> memtables_at_;  // for this sequence.
  std::vector<PinnedBlock> blocks_;            // One a column, while it is read.
  std::optional<BlockGuard> guard_;            // Over blocks_ that nobody owns. None: there is no cache.
};

}  // namespace mneme
