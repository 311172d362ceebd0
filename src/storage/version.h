// Version: what a database consists of at a moment, and Snapshot: what one statement reads.
#pragma once

#include <algorithm>
#include <map>
#include <memory>
#include <vector>

#include "storage/key_counter.h"
#include "storage/manifest_edit.h"
#include "storage/memtable.h"
#include "storage/segment_deletes.h"
#include "storage/segment_handle.h"

namespace mneme {

struct TableSegment {  // The table's part of one segment file.
  std::shared_ptr<SegmentHandle> file;
  SegmentPartInfo part;
  std::shared_ptr<SegmentDeletes> deletes;  // Shared by all Versions that name the segment.
  std::uint64_t file_bytes = 0;             // Of the whole file, which a pack shares with other tables.
  std::shared_ptr<const BlobUses> blobs{};  // That its rows refer to; null: none.
};

struct TableVersion {
  std::shared_ptr<const TableSchema> schema;
  std::vector<std::shared_ptr<Memtable>> memtables;                   // Oldest first; the last one takes new rows.
  std::vector<TableSegment> segments;                                 // By their first RowId: oldest first.
  std::shared_ptr<KeyCounter> keys = std::make_shared<KeyCounter>();  // One per table, shared by all its Versions.

  void add(TableSegment segment) {
    const auto at = std::ranges::upper_bound(segments, segment.part.row_first, {},
                                             [](const TableSegment& other) { return other.part.row_first; });
    segments.insert(at, std::move(segment));
  }
};

struct Version {  // Immutable. A change of tables or files publishes another; new rows do not.
  std::map<TableId, TableVersion> tables;
  [[nodiscard]] const TableVersion* find(TableId table) const noexcept {
    const auto found = tables.find(table);
    return found == tables.end() ? nullptr : &found->second;
  }
};

// The commits up to `sequence`, over the tables and files of `version`. Immutable; cheap to copy.
struct Snapshot {
  std::uint64_t sequence = 0;
  std::shared_ptr<const Version> version;
  std::shared_ptr<const void> pin;  // While it lives, nothing the snapshot sees is dropped (snapshot_registry.h).
};

}  // namespace mneme
