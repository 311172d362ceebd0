// SegmentDeletes: which rows of one table's part of a segment are dead, and since when, while commits go on ending
// more.
//
// In chunks of 2,048 ordinals, so that ending a row moves little: (ordinal, end sequence) pairs, and where one commit
// ends many rows of a chunk one bit each under their common sequence; what every snapshot sees dead is a bit and no
// sequence. What reaches the disk is a DeleteSet, the file <n>-<seq>.del.
// The surprising decision: prepare() enters an end that never comes, which no snapshot can tell from a live row, so
// that end_prepared() after the log write only stores a number and cannot fail. Nobody need keep a list of what was
// prepared: it is found by that sequence.
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
  // prepare, end_prepared and cancel_prepared: one thread at a time (the commit lock). Everything else: thread-safe.
 public:
  SegmentDeletes(Scheduler& scheduler, MemoryBudget& budget, std::uint64_t rows);
  ~SegmentDeletes();

  // Makes room to end a row. False: it has ended already, or is being ended. full: the budget refused.
  Result<bool> prepare(std::uint32_t ordinal) LOCK_NOT_HELD(mutex_);
  // Ends, or takes back, all that was prepared since the last call of either.
  void end_prepared(std::uint64_t sequence) noexcept LOCK_NOT_HELD(mutex_);
  void cancel_prepared() noexcept LOCK_NOT_HELD(mutex_);
  // An end with its sequence. False: the row had ended already. full: the budget refused.
  Result<bool> adopt(std::uint32_t ordinal, std::uint64_t sequence) LOCK_NOT_HELD(mutex_);
  // The same, for ends that were missed while the segment was written: few, and taken even when the budget refuses.
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
  // The deletes whose end sequence is in (0, sequence], and the old ones. Those at or below `old_at` come without their
  // sequences, which takes far less memory.
  [[nodiscard]] DeleteSet up_to(std::uint64_t sequence, std::uint64_t old_at = 0) const LOCK_NOT_HELD(mutex_);
  // The pairs with an end sequence above `sequence`, by ordinal, of the ordinals [first, first + count).
  static constexpr std::uint64_t kRangeRows = 65'536;  // What to ask for at a time: all at once may be much.
  [[nodiscard]] std::vector<DeleteSet::Pair> after(std::uint64_t sequence, std::uint64_t first = 0,
                                                   std::uint64_t count = kSequenceMax) const LOCK_NOT_HELD(mutex_);
  // Forgets the sequences of deletes at or below `oldest_snapshot`: every snapshot from now on sees them dead.
  void age(std::uint64_t oldest_snapshot) LOCK_NOT_HELD(mutex_);

 private:
  static constexpr std::size_t kChunkRows = 2'048;
  static constexpr std::size_t kWords = kChunkRows / 64;
  using Bits = std::array<std::uint64_t, kWords>;
  struct Layer {  // Rows that ended, or are being ended, together.
    std::uint64_t sequence = 0;
    Bits rows{};
  };
  struct Chunk {
    Bits old{};  // Bit = 1: dead for every snapshot.
    // Bit = 1: the row has ended, or is about to. Relaxed, as count_; read without the mutex.
    std::array<std::atomic<std::uint64_t>, kWords> ended{};
    std::vector<DeleteSet::Pair> young;  // By ordinal; those of no layer.
    std::vector<std::unique_ptr<Layer>> layers;
    [[nodiscard]] bool is_old(std::uint32_t ordinal) const noexcept {
      return (old[ordinal % kChunkRows / 64] >> (ordinal % 64) & 1) != 0;
    }
    [[nodiscard]] std::size_t memory_bytes() const noexcept;
    [[nodiscard]] Layer* layer_of(std::uint64_t sequence) const noexcept;
    [[nodiscard]] std::vector<DeleteSet::Pair> pairs(std::uint64_t first_ordinal) const;  // Of all that is not old.
  };
  [[nodiscard]] bool has_ended(std::uint32_t ordinal) const noexcept {
    const Chunk* chunk = ways_[ordinal / kChunkRows].load(std::memory_order_acquire);
    if (chunk == nullptr) return false;
    return (chunk->ended[ordinal % kChunkRows / 64].load(std::memory_order_relaxed) >> (ordinal % 64) & 1) != 0;
  }
  void mark_ended(std::uint32_t ordinal, bool ended) noexcept LOCK_HELD(mutex_);
  Result<void> charge(std::size_t more_bytes, bool always) LOCK_HELD(mutex_);
  Result<Chunk*> chunk_of(std::uint32_t ordinal, bool always) LOCK_HELD(mutex_);
  Result<void> make_room(Chunk& chunk, std::uint64_t sequence, bool always) LOCK_HELD(mutex_);
  Result<void> begin_layer(Chunk& chunk, std::uint64_t sequence, bool always) LOCK_HELD(mutex_);
  Result<void> put(std::uint32_t ordinal, std::uint64_t sequence, bool always) LOCK_HELD(mutex_);
  void tidy(Chunk& chunk) noexcept LOCK_HELD(mutex_);
  void give_back() noexcept LOCK_HELD(mutex_);
  void cancel_in(std::size_t chunk_number) noexcept LOCK_HELD(mutex_);
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
  std::size_t prepared_first_ GUARDED_BY(mutex_) = 0;  // Chunks [first, end) have prepared rows.
  std::size_t prepared_end_ GUARDED_BY(mutex_) = 0;
};

}  // namespace mneme
