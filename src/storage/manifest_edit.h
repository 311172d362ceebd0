// One edit of the manifest: what a flush, a compaction, a checkpoint or an open changes about the set of files.
// Plain values and their bytes (docs/format.md, "manifest edit"). Every field is optional: what is absent is unchanged.
#pragma once

#include <optional>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "storage/ids.h"
#include "storage/log_record.h"
#include "types/schema.h"

namespace mneme {

struct TimeRange {
  std::int64_t first_ns = 0;
  std::int64_t last_ns = 0;  // Inclusive.
  bool operator==(const TimeRange&) const = default;
};

struct PartBlobs {  // What a column of a part refers to in one blob file.
  FileNumber file{};
  ColumnId column{};
  std::uint64_t bytes = 0;  // As they are stored.
  bool operator==(const PartBlobs&) const = default;
};

// The rows of one table in one segment. A segment of several small tables (a pack) has several parts.
struct SegmentPartInfo {
  TableId table{};
  std::uint32_t schema_version = 0;
  std::uint64_t rows = 0;
  RowId row_first{};
  RowId row_last{};
  std::uint32_t level = 0;
  std::uint32_t run = 0;
  std::optional<TimeRange> time;   // Only with a time column and at least one time.
  std::vector<PartBlobs> blobs{};  // Ascending by file and column.
  bool operator==(const SegmentPartInfo&) const = default;
};

struct SegmentInfo {
  FileNumber file{};
  std::uint64_t bytes = 0;
  Lsn lsn_first{};
  Lsn lsn_last{};
  std::vector<SegmentPartInfo> parts;  // At least one; each table once.
  bool operator==(const SegmentInfo&) const = default;
};

// One table's part goes (table != 0), or the whole segment with its delete files. The last part takes the file along.
struct SegmentRemoval {
  FileNumber file{};
  TableId table{};
  bool operator==(const SegmentRemoval&) const = default;
};

struct DeleteFile {  // <db>/seg/<segment>-<sequence>.del
  FileNumber segment{};
  std::uint64_t sequence = 0;
  std::uint64_t bytes = 0;
  bool operator==(const DeleteFile&) const = default;
};

struct TableMark {  // Replaces what was known of the table; neither number may go back.
  TableId table{};
  Lsn flushed_to{};            // All its records up to here are in segments.
  std::uint64_t next_key = 0;  // The next value of its hidden or identity key.
  bool operator==(const TableMark&) const = default;
};

struct CatalogCheckpoint {
  Lsn lsn{};         // The catalogue after this record.
  ByteBuffer bytes;  // Opaque here.
  bool operator==(const CatalogCheckpoint&) const = default;
};

struct ManifestEdit {
  std::vector<SegmentRemoval> removed_segments;  // Applied before what is added.
  std::vector<DeleteFile> removed_deletes;
  std::vector<TableId> removed_tables;  // Their marks; their segments are removed by name.
  std::vector<SegmentInfo> segments;
  std::vector<DeleteFile> deletes;
  std::vector<TableMark> tables;
  std::optional<CatalogCheckpoint> catalog;
  std::optional<std::uint32_t> epoch;    // Grows with every open that writes.
  std::optional<Lsn> known_synced;       // Of the log.
  std::optional<LogPosition> log_start;  // Replay begins here.
  std::optional<FileNumber> next_file;   // Counters never go back.
  std::optional<RowId> next_row;
  std::optional<TableId> next_table;
  std::optional<std::uint64_t> origin;  // Once, by the first edit.
  bool operator==(const ManifestEdit&) const = default;
};

void encode_edit(const ManifestEdit& edit, ByteBuffer& out);
// corrupt: malformed. unsupported: a field this version does not know and may not skip.
Result<ManifestEdit> decode_edit(Bytes bytes);

}  // namespace mneme
