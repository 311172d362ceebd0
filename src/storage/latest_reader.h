// LatestReader: the latest snapshot for one connection, mostly without a lock: as a view for reads that end before
// their call does, which allocates nothing, or as a Snapshot for a transaction.
//
// It remembers the Version weakly, so that between reads nothing is kept from being flushed, merged and given back, and
// pins the sequence in Slots of its own: one for views, one for a snapshot.
// Why no lock is needed: commits store the Version's number, then `applied`; a reader pins the `applied` it has read
// and then looks at both again. Unchanged, they belong together, and whoever asks for the oldest snapshot later sees
// the pin; whoever asked before the pin was there had no newer `applied` than this. Changed: it takes the lock.
#pragma once

#include <memory>
#include <utility>

#include "storage/store_core.h"

namespace mneme {

class LatestReader {  // One thread at a time. Outlives its views; must not outlive its store.
 public:
  class View {  // Keeps what it sees.
   public:
    View(View&& other) noexcept : reader_(std::exchange(other.reader_, nullptr)) {}
    View& operator=(View&&) = delete;
    ~View() {
      if (reader_ != nullptr) reader_->end();
    }
    [[nodiscard]] std::uint64_t sequence() const noexcept { return reader_->sequence_; }
    [[nodiscard]] const std::shared_ptr<const Version>& version() const noexcept { return reader_->version_; }

   private:
    friend class LatestReader;
    explicit View(LatestReader& reader) : reader_(&reader) {}
    LatestReader* reader_;
  };

  explicit LatestReader(StoreCore& core)
      : core_(core), slot_(core.snapshots), snapshot_slot_(std::make_shared<Slot>(core.snapshots)) {}
  // closed: the database was. REQUIRES: no other view of this reader is alive.
  Result<View> view() LOCK_NOT_HELD(core_.mutex);
  // What Store::snapshot() gives, errors as view(). May outlive the reader. While one lives, the next takes a lock.
  Result<Snapshot> snapshot() LOCK_NOT_HELD(core_.mutex);

 private:
  using Slot = SnapshotRegistry::Slot;
  // Pins the latest in `slot`; it is version_ at sequence_.
  Result<void> pin_latest(Slot& slot) LOCK_NOT_HELD(core_.mutex);
  [[nodiscard]] bool look(Slot& slot) noexcept;
  Result<void> look_under_lock(Slot& slot) LOCK_NOT_HELD(core_.mutex);
  void end() noexcept {
    slot_.unpin();
    version_.reset();
  }

  StoreCore& core_;
  Slot slot_;
  const std::shared_ptr<Slot> snapshot_slot_;  // Of the last snapshot.
  const LogWriter* log_ = nullptr;             // The store's, once it was open.
  std::uint64_t number_ = 0;                   // Of known_; 0: none.
  std::weak_ptr<const Version> known_;         // The version of the last view.
  std::shared_ptr<const Version> version_;     // Of the view; null: there is none.
  std::uint64_t sequence_ = 0;
};

}  // namespace mneme
