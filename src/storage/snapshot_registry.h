// SnapshotRegistry: which snapshots live, so that a merge knows which versions nobody can see any more.
#pragma once

#include <algorithm>
#include <map>
#include <memory>

#include "os/thread.h"

namespace mneme {

class SnapshotRegistry : public std::enable_shared_from_this<SnapshotRegistry> {  // Thread-safe.
 public:
  explicit SnapshotRegistry(Scheduler& scheduler) : mutex_(scheduler) {}

  // The handle keeps `sequence` alive, and the registry.
  [[nodiscard]] std::shared_ptr<const void> pin(std::uint64_t sequence) LOCK_NOT_HELD(mutex_);
  // The oldest live one, or `otherwise` when that is older or there is none.
  [[nodiscard]] std::uint64_t oldest(std::uint64_t otherwise) const LOCK_NOT_HELD(mutex_);

 private:
  class Pin;
  mutable Mutex mutex_;
  std::map<std::uint64_t, std::size_t> live_ GUARDED_BY(mutex_);  // Sequence -> how many.
};

}  // namespace mneme
