// ObsoleteFiles: what the manifest has dropped, and when it may go.
//
// A file is unlinked, a log recycled, after the manifest edit that dropped it and two later successful syncs (what a
// disk that lies about the newest two needs), and a segment only when no Version or reader holds its handle any more.
// Readers in other processes pin files as well (READERS): they are asked right before something goes, and what they pin
// stays until maintenance comes by again. Nobody waits for them.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "storage/manifest.h"
#include "storage/store_core.h"

namespace mneme {

class ObsoleteFiles {  // One thread at a time: maintenance.
 public:
  ObsoleteFiles(StoreCore& core, const Manifest& manifest) : core_(core), manifest_(manifest) {}

  // All of them dropped by an edit that is durable now.
  void add_file(std::string path);
  // A blob file that nobody holds. No edit drops it: a reader may need it until it has read a later one than there is.
  void add_blob(std::string path);
  void add_segment(std::string path, std::uint64_t number, std::weak_ptr<SegmentHandle> held);
  void add_logs_below(const LogPosition& start);
  void add_manifests();  // Those the manifest itself calls obsolete.

  // Lets go of what may go. A file that cannot be removed costs its space and nothing else: it stays here and is tried
  // again, the others go.
  Result<void> release(Manifest& manifest) LOCK_NOT_HELD(core_.mutex);
  // True when something waits for nothing but syncs: an idle store makes them.
  [[nodiscard]] bool wants_barrier() const;

 private:
  struct Entry {
    std::uint64_t after = 0;  // Barriers.
    std::string path;
    std::uint64_t segment = 0;  // Its number; 0: not a segment.
    std::weak_ptr<SegmentHandle> held;
    ManifestPoint dropped;  // Readers that have read this edit do not need it.
  };
  [[nodiscard]] std::uint64_t later() const { return core_.barriers.load(std::memory_order_relaxed) + 2; }
  [[nodiscard]] bool passed(std::uint64_t after) const {
    return core_.barriers.load(std::memory_order_relaxed) >= after;
  }
  [[nodiscard]] bool may_go(const Entry& entry) const { return passed(entry.after) && entry.held.expired(); }
  void release_files(const PinnedFiles& pinned);
  void recycle_logs(const PinnedFiles& pinned) LOCK_NOT_HELD(core_.mutex);

  StoreCore& core_;
  const Manifest& manifest_;
  std::vector<Entry> files_;
  LogPosition logs_below_;
  std::uint64_t logs_after_ = 0;       // 0: no log waits.
  std::uint64_t manifests_after_ = 0;  // 0: no manifest waits.
};

}  // namespace mneme
