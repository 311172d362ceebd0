// What the manifest's edits add up to: which files the database consists of. Plain values, no I/O.
#pragma once

#include <map>
#include <utility>

#include "storage/manifest_edit.h"

namespace mneme {

struct ManifestState {
  std::map<FileNumber, SegmentInfo> segments;
  std::map<std::pair<FileNumber, std::uint64_t>, DeleteFile> deletes;  // By (segment, sequence).
  std::map<TableId, TableMark> tables;
  CatalogCheckpoint catalog;  // lsn 0: none yet.
  std::uint64_t origin = 0;
  std::uint32_t epoch = 0;
  Lsn known_synced{};
  LogPosition log_start;
  FileNumber next_file{1};  // Shared by segments and blob files.
  RowId next_row{1};
  TableId next_table{1};

  // Folds one edit in, all or nothing. corrupt: it removes what is not there, adds what is, or turns a counter back.
  Result<void> apply(const ManifestEdit& edit);
  // The same in place, for reading a manifest: after an error the state is of no use.
  Result<void> fold(const ManifestEdit& edit);
  // One edit that makes an empty state into this one.
  [[nodiscard]] ManifestEdit as_edit() const;
  bool operator==(const ManifestState&) const = default;
};

}  // namespace mneme
