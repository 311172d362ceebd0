#include "storage/segment_handle.h"

namespace mneme {

Result<std::shared_ptr<const SegmentFile>> SegmentHandle::open() {
  Lock lock(mutex_);
  if (!file_) file_ = TRY(SegmentFile::open(files_, path_, number_, cache_, budget_));
  return file_;
}

}  // namespace mneme
