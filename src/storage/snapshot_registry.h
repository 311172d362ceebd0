// SnapshotRegistry: which snapshots live, so that a merge knows which versions nobody can see any more.
#pragma once

#include <algorithm>
#include <atomic>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "os/thread.h"

namespace mneme {

struct Snapshot;
struct Version;

class SnapshotRegistry : public std::enable_shared_from_this<SnapshotRegistry> {  // Thread-safe.
 public:
  explicit SnapshotRegistry(Scheduler& scheduler) : mutex_(scheduler) {}

  // The handle keeps `sequence` alive, and the registry.
  [[nodiscard]] std::shared_ptr<const void> pin(std::uint64_t sequence) LOCK_NOT_HELD(mutex_);
  // What is the latest from now on. Under the lock of commits, so that who asks for the oldest with that lock held
  // knows that all later snapshots are at or above the latest.
  void show(std::uint64_t sequence, std::shared_ptr<const Version> version) LOCK_NOT_HELD(mutex_);
  void show(std::uint64_t sequence) LOCK_NOT_HELD(mutex_);  // Of the same version.
  // From now on there is none, whatever is shown.
  void hide() LOCK_NOT_HELD(mutex_);
  // The latest, without waiting for commits under way. None: it was never shown, or hidden.
  [[nodiscard]] std::optional<Snapshot> latest() LOCK_NOT_HELD(mutex_);

  // The oldest live one, or `otherwise` when that is older or there is none.
  [[nodiscard]] std::uint64_t oldest(std::uint64_t otherwise) const LOCK_NOT_HELD(mutex_);

  // A place where one reader says by itself which snapshot it reads, without a lock. Sequentially consistent, so that
  // of a reader that says so and somebody who asks for the oldest at once, one sees the other: latest_reader.h.
  class Slot {  // pin, unpin: one thread at a time.
   public:
    explicit Slot(std::shared_ptr<SnapshotRegistry> registry);
    ~Slot();
    Slot(const Slot&) = delete;
    Slot& operator=(const Slot&) = delete;
    void pin(std::uint64_t sequence) noexcept { sequence_.store(sequence); }
    void unpin() noexcept { sequence_.store(kNone, std::memory_order_release); }
    [[nodiscard]] bool is_pinned() const noexcept { return sequence_.load(std::memory_order_acquire) != kNone; }

   private:
    friend class SnapshotRegistry;
    static constexpr std::uint64_t kNone = ~std::uint64_t{0};
    const std::shared_ptr<SnapshotRegistry> registry_;
    std::atomic<std::uint64_t> sequence_{kNone};
  };

 private:
  class Pin;
  mutable Mutex mutex_;
  std::uint64_t latest_ GUARDED_BY(mutex_) = 0;
  std::shared_ptr<const Version> version_ GUARDED_BY(mutex_);  // Of the latest; null: none was shown, or hidden.
  bool hidden_ GUARDED_BY(mutex_) = false;
  std::map<std::uint64_t, std::size_t> live_ GUARDED_BY(mutex_);  // Sequence -> how many.
  std::vector<const Slot*> slots_ GUARDED_BY(mutex_);
};

}  // namespace mneme
