// Takes what still lives out of blob files that are mostly garbage, as a merge rewrites the rows that refer to it.
//
// blob_garbage.h says which files are worth it: those of which less than half is referred to by rows that live. Values
// are copied to another file, checked on the way; the rows that a merge writes refer to the copies, and once the last
// reader of the old segments is gone, nobody holds the old file. A value that cannot be read stays where it is: its row
// is no worse than before.
#pragma once

#include <set>

#include "storage/store_core.h"

namespace mneme {

class BlobMover {  // One thread at a time; lives for one merge.
 public:
  BlobMover(StoreCore& core, std::set<FileNumber> emptied) : core_(core), emptied_(std::move(emptied)) {}
  BlobMover(const BlobMover&) = delete;
  BlobMover& operator=(const BlobMover&) = delete;
  ~BlobMover() { core_.blobs.abandon(std::move(open_)); }

  // Moves what the batch refers to in the files to empty, and makes it refer to the copies.
  Result<void> move(Batch& batch);
  // Makes the copies durable: before anything durable refers to them.
  Result<void> finish();
  // Files with values that could not be read.
  [[nodiscard]] const std::set<FileNumber>& damaged() const noexcept { return damaged_; }

 private:
  [[nodiscard]] bool wants(const Column& column, std::size_t row) const;
  Result<void> move_column(Column& column);
  Result<std::optional<BlobRef>> copy(const BlobRef& from);
  Result<void> end_file();

  StoreCore& core_;
  const std::set<FileNumber> emptied_;
  std::set<FileNumber> damaged_;
  OpenBlobFile open_;
  BlobUses held_;  // The copies' files, until the segments hold them.
};

}  // namespace mneme
