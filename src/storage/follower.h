// Follower: the store of a process that reads beside the writer, or where there is none.
//
// It shows what the writer has said is durable (READERS), or, where nobody says so, what the manifest and the log's own
// records say. Each snapshot is of the newest such state: most of the time one read of 72 bytes tells that nothing
// changed; else the log's new records are applied to the memtables, as commits are; after an edit of the manifest all
// of it is built anew from there. It writes nothing but its slot, and no tail is cut. The surprising decision: while a
// state is built the slot keeps everything, and afterwards what the oldest Version in use needs; the log is followed
// without a pin, and when it was recycled meanwhile the state is built anew. So a reader that nobody asks anything
// costs the writer's disk little, and one that is slow ends all the same.
#pragma once

#include <memory>

#include "storage/manifest.h"
#include "storage/readers_board.h"
#include "storage/state_loader.h"

namespace mneme {

class Follower {  // Thread-safe.
 public:
  // not_found: no database here. busy: a writer has it, and this process may not write to READERS.
  static Result<std::unique_ptr<Follower>> open(StoreCore& core);
  ~Follower();

  // Of the newest durable state; never older than the one before.
  Result<Snapshot> snapshot() LOCK_NOT_HELD(mutex_, core_.mutex);
  // Lets go of a state that is old and that nobody reads. A thread does it now and then, or the host.
  Result<void> rest() LOCK_NOT_HELD(mutex_, core_.mutex);
  void close() LOCK_NOT_HELD(mutex_);  // Keeps nothing from going any more.
  // False: the files may not be written to, and nothing was pinned: the state is that of the opening.
  [[nodiscard]] bool is_pinned() const noexcept { return slot_ != nullptr; }
  [[nodiscard]] Result<std::vector<ReaderPin>> readers() LOCK_NOT_HELD(mutex_);  // Itself aside.
  [[nodiscard]] std::uint64_t groups() const noexcept { return groups_; }        // Replayed at the opening.

 private:
  struct Loaded {
    std::optional<ReadersMark> mark;  // That it was built or brought up to date by.
    ManifestPoint point;
    LogPosition end;  // Where the next record belongs.
    std::uint32_t epoch = 0;
    std::uint64_t origin = 0;
  };
  struct Shown {
    ManifestPoint point;
    std::weak_ptr<const Version> version;
  };

  explicit Follower(StoreCore& core) : core_(core), mutex_(core.world.scheduler), ending_(core.world.scheduler) {}
  Result<void> take_slot();
  Result<void> begin() LOCK_NOT_HELD(mutex_);
  Result<void> catch_up() LOCK_HELD(mutex_);
  Result<void> advance(const ReadersMark& mark) LOCK_HELD(mutex_);
  Result<void> apply(const LogRecord& record) LOCK_HELD(mutex_) LOCK_NOT_HELD(core_.mutex);
  Result<void> build() LOCK_HELD(mutex_);
  Result<void> build_once(bool believe_mark) LOCK_HELD(mutex_);
  Result<void> find_segments(const ManifestState& state) const;
  Result<Lsn> find_durable(const ManifestState& state) const;
  Result<LogPosition> replay(const ManifestState& state, Lsn durable, StateLoader& loader);
  Result<void> show(const StateLoader& loader, const Loaded& loaded) LOCK_HELD(mutex_) LOCK_NOT_HELD(core_.mutex);
  std::shared_ptr<SegmentHandle> handle_of(const SegmentInfo& info);
  bool let_go_if_unused() LOCK_HELD(mutex_) LOCK_NOT_HELD(core_.mutex);
  Result<void> renew_pin() LOCK_HELD(mutex_);
  [[nodiscard]] LogReplayOptions log_from(const LogPosition& start, std::uint32_t epoch, std::uint64_t origin) const;
  void run() LOCK_NOT_HELD(mutex_);

  StoreCore& core_;
  Mutex mutex_;                       // Taken before the core's.
  std::unique_ptr<ReaderSlot> slot_;  // Constant after open, used under the lock. Null: nothing is pinned.
  std::optional<Loaded> loaded_ GUARDED_BY(mutex_);
  std::vector<Shown> shown_ GUARDED_BY(mutex_);                 // Versions that snapshots may hold.
  std::map<FileNumber, std::weak_ptr<SegmentHandle>> handles_;  // Under the lock.
  std::uint64_t groups_ = 0;
  CondVar ending_;
  bool stopping_ GUARDED_BY(mutex_) = false;
  std::unique_ptr<Thread> thread_;
};

}  // namespace mneme
