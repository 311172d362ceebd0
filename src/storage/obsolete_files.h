// ObsoleteFiles: what the manifest has dropped, and when it may go.
//
// A file is unlinked, a log recycled, after the manifest edit that dropped it and two later successful syncs (what a
// disk that lies about the newest two needs), and a segment only when no Version or reader holds its handle any more.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "storage/manifest.h"
#include "storage/store_core.h"

namespace mneme {

class ObsoleteFiles {  // One thread at a time: maintenance.
 public:
  explicit ObsoleteFiles(StoreCore& core) : core_(core) {}

  // All of them dropped by an edit that is durable now.
  void add_file(std::string path);
  void add_segment(std::string path, std::uint64_t number, std::weak_ptr<SegmentHandle> held);
  void add_logs_below(const LogPosition& start);
  void add_manifests();  // Those the manifest itself calls obsolete.

  // Lets go of what may go.
  Result<void> release(Manifest& manifest) LOCK_NOT_HELD(core_.mutex);
  // True when something waits for nothing but syncs: an idle store makes them.
  [[nodiscard]] bool wants_barrier() const;

 private:
  struct Entry {
    std::uint64_t after = 0;  // Barriers.
    std::string path;
    std::uint64_t segment = 0;  // Its number; 0: not a segment.
    std::weak_ptr<SegmentHandle> held;
  };
  [[nodiscard]] std::uint64_t later() const { return core_.barriers.load(std::memory_order_relaxed) + 2; }
  [[nodiscard]] bool passed(std::uint64_t after) const {
    return core_.barriers.load(std::memory_order_relaxed) >= after;
  }
  Result<void> recycle_logs();

  StoreCore& core_;
  std::vector<Entry> files_;
  LogPosition logs_below_;
  std::uint64_t logs_after_ = 0;       // 0: no log waits.
  std::uint64_t manifests_after_ = 0;  // 0: no manifest waits.
};

}  // namespace mneme
