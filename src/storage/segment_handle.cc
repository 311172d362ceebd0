#include "storage/segment_handle.h"

namespace mneme {

Result<std::shared_ptr<const SegmentFile>> SegmentHandle::open() {
  Lock lock(mutex_);
  if (file_) return file_;
  auto opened = SegmentFile::open(files_, path_, number_, cache_, budget_);
  if (!opened && opened.error().code() == Code::not_found) {
    return Error(Code::corrupt, "'" + path_ + "' is missing, but the manifest names it");
  }
  file_ = TRY(std::move(opened));
  return file_;
}

}  // namespace mneme
