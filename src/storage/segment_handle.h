// SegmentHandle: a segment file the database knows of, opened when it is first read.
//
// Versions name segments through handles, so that opening a database does not touch its segments. When the last Version
// and the last reader let go of a handle, nobody reads the file any more: an obsolete file is unlinked only then.
#pragma once

#include <memory>
#include <string>

#include "os/thread.h"
#include "storage/segment.h"

namespace mneme {

class SegmentHandle {  // Thread-safe.
 public:
  SegmentHandle(FileSystem& files, Scheduler& scheduler, std::string path, std::uint64_t number, BlockCache& cache,
                MemoryBudget& budget)
      : files_(files), path_(std::move(path)), number_(number), cache_(cache), budget_(budget), mutex_(scheduler) {}

  [[nodiscard]] std::uint64_t number() const noexcept { return number_; }
  [[nodiscard]] const std::string& path() const noexcept { return path_; }
  // Opens the file at the first call; a failure is tried again at the next.
  Result<std::shared_ptr<const SegmentFile>> open() LOCK_NOT_HELD(mutex_);

 private:
  FileSystem& files_;
  const std::string path_;
  const std::uint64_t number_;
  BlockCache& cache_;
  MemoryBudget& budget_;
  Mutex mutex_;
  std::shared_ptr<const SegmentFile> file_ GUARDED_BY(mutex_);
};

}  // namespace mneme
