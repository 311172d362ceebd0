// SegmentOutput: one new segment file of a flush or a merge, from its number to its sync, and the .del files beside it.
//
// What is written here counts only once the manifest names it: a file whose output is destroyed before is unlinked, and
// what a crash leaves behind is removed at the next open.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "storage/manifest_edit.h"
#include "storage/segment_writer.h"
#include "storage/store_core.h"

namespace mneme {

std::string segment_path(const StoreCore& core, FileNumber number);
// Holds the files that a part refers to; null: none.
std::shared_ptr<const BlobUses> hold_blobs(StoreCore& core, const SegmentPartInfo& part);
std::string delete_path(const StoreCore& core, FileNumber segment, std::uint64_t sequence);

// A part that was written: as Versions will name it, and the deletes its .del file must hold.
struct WrittenPart {
  TableId table{};
  TableSegment segment;
};
struct WrittenSegment {
  SegmentInfo info;
  std::vector<WrittenPart> parts;
};

class SegmentOutput {  // One thread at a time.
 public:
  static Result<std::unique_ptr<SegmentOutput>> create(StoreCore& core, FileNumber number, std::uint64_t expected_bytes,
                                                       std::uint64_t origin);
  ~SegmentOutput();
  [[nodiscard]] SegmentWriter& writer() noexcept { return *writer_; }
  Result<void> end_part(const TableSchema& schema);
  // Ends and syncs the file (not its directory), and reads back what it is.
  Result<WrittenSegment> finish(std::uint32_t level);

 private:
  SegmentOutput(StoreCore& core, FileNumber number) : core_(core), number_(number) {}
  Result<WrittenSegment> describe(std::uint64_t bytes, std::uint32_t level) const;

  StoreCore& core_;
  const FileNumber number_;
  std::unique_ptr<SegmentWriter> writer_;
  // Of each part.
  std::vector<std::optional<ColumnId>> time_columns_;
  std::vector<BlobTally> blobs_;
  bool finished_ = false;
};

// Writes and syncs <segment>-<sequence>.del.
Result<DeleteFile> write_deletes(StoreCore& core, FileNumber segment, std::uint64_t sequence, TableId table,
                                 const DeleteSet& deletes);
struct ReadDeletes {
  TableId table{};
  DeleteSet deletes;
};
Result<ReadDeletes> read_deletes(StoreCore& core, const DeleteFile& file);

}  // namespace mneme
