// SegmentDeletes: which rows of one table's part of a segment are dead, and since when, while commits go on ending
// more.
//
// (ordinal, end sequence) pairs in chunks of 2,048 ordinals, so that ending a row moves little; pairs that every
// snapshot sees dead become one bit each. What reaches the disk is a DeleteSet, the file <n>-<seq>.del.
// The surprising decision: prepare() enters a pair that never ends, which no snapshot can tell from a live row, so that
// end() after the log write only stores a number and cannot fail.
#pragma once

#include <array>
#include <atomic>
#include <memory>
#include <vector>

#include "os/thread.h"
#include "storage/delete_set.h"
#include "storage/memory_budget.h"

namespace mneme {

class SegmentDeletes {
  // prepare, end and cancel: one thread at a time (the commit lock). Everything else: thread-safe.
 public:
  SegmentDeletes(Scheduler& scheduler, MemoryBudget& budget, std::uint64_t rows);
  ~SegmentDeletes();

  // Makes room to end a row. False: it has ended already, or is being ended. full: the budget refused.
  Result<bool> prepare(std::uint32_t ordinal) LOCK_NOT_HELD(mutex_);
  void end(std::uint32_t ordinal, std::uint64_t sequence) noexcept LOCK_NOT_HELD(mutex_);  // REQUIRES: prepared.
  void cancel(std::uint32_t ordinal) noexcept LOCK_NOT_HELD(mutex_);                       // REQUIRES: prepared.
  // Both at once, for ends that were missed while the segment was written: few, and taken even when the budget refuses.
  void add(std::uint32_t ordinal, std::uint64_t sequence) LOCK_NOT_HELD(mutex_);
  // Takes over deletes that are known, before anybody else sees this object. full: the budget refused.
  Result<void> adopt(const DeleteSet& set) LOCK_NOT_HELD(mutex_);

  [[nodiscard]] std::uint64_t end_sequence(std::uint32_t ordinal) const LOCK_NOT_HELD(mutex_);  // As DeleteSet's.
  [[nodiscard]] bool is_live(std::uint32_t ordinal, std::uint64_t sequence) const {
    return sequence < end_sequence(ordinal);
  }
  // As DeleteSet::live_mask.
  std::size_t live_mask(std::uint64_t first, std::size_t count, std::uint64_t sequence, std::uint64_t* bits) const
      LOCK_NOT_HELD(mutex_);

  [[nodiscard]] std::uint64_t count() const noexcept { return count_.load(std::memory_order_relaxed); }
  [[nodiscard]] std::uint64_t newest() const LOCK_NOT_HELD(mutex_);  // The highest end sequence; 0: none.
  // The deletes whose end sequence is in (0, sequence], and the old ones.
  [[nodiscard]] DeleteSet up_to(std::uint64_t sequence) const LOCK_NOT_HELD(mutex_);
  // The pairs with an end sequence above `sequence`, by ordinal.
  [[nodiscard]] std::vector<DeleteSet::Pair> after(std::uint64_t sequence) const LOCK_NOT_HELD(mutex_);
  // Forgets the sequences of deletes at or below `oldest_snapshot`: every snapshot from now on sees them dead.
  void age(std::uint64_t oldest_snapshot) LOCK_NOT_HELD(mutex_);

 private:
  static constexpr std::size_t kChunkRows = 2'048;
  struct Chunk {
    std::array<std::uint64_t, kChunkRows / 64> old{};  // Bit = 1: dead for every snapshot.
    // Bit = 1: the row has ended, or is about to. Relaxed, as count_; read without the mutex.
    std::array<std::atomic<std::uint64_t>, kChunkRows / 64> ended{};
    std::vector<DeleteSet::Pair> young;  // By ordinal.
    [[nodiscard]] bool is_old(std::uint32_t ordinal) const noexcept {
      return (old[ordinal % kChunkRows / 64] >> (ordinal % 64) & 1) != 0;
    }
  };
  [[nodiscard]] bool has_ended(std::uint32_t ordinal) const noexcept {
    const Chunk* chunk = ways_[ordinal / kChunkRows].load(std::memory_order_acquire);
    if (chunk == nullptr) return false;
    return (chunk->ended[ordinal % kChunkRows / 64].load(std::memory_order_relaxed) >> (ordinal % 64) & 1) != 0;
  }
  void mark_ended(std::uint32_t ordinal, bool ended) noexcept LOCK_HELD(mutex_);
  Result<Chunk*> chunk_for(std::uint32_t ordinal, bool always) LOCK_HELD(mutex_);
  DeleteSet::Pair* find(std::uint32_t ordinal) noexcept LOCK_HELD(mutex_);
  void clear_dead(const Chunk& chunk, std::uint64_t chunk_first, std::uint64_t first, std::uint64_t end,
                  std::uint64_t sequence, std::uint64_t* bits) const LOCK_HELD(mutex_);

  // Of rows that ended or are about to. Relaxed: whoever must see an end learned of its commit through the store's
  // mutex, which was held when the count moved.
  std::atomic<std::uint64_t> count_{0};
  mutable Mutex mutex_;
  std::vector<std::unique_ptr<Chunk>> chunks_ GUARDED_BY(mutex_);  // Null: nothing has ended there.
  // Of each chunk, once it is built: release and acquire. Chunks stay until the end.
  std::unique_ptr<std::atomic<const Chunk*>[]> ways_;
  Reservation memory_ GUARDED_BY(mutex_);
  std::size_t memory_used_ GUARDED_BY(mutex_) = 0;
  std::uint64_t newest_ GUARDED_BY(mutex_) = 0;
};

}  // namespace mneme
