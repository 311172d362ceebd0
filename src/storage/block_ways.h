// BlockWay: a pointer to a block that is in the cache, followed without a lock, a count or a handle. BlockGuard: what
// keeps the blocks behind some ways alive while a reader is at them, a microsecond.
//
// These are hazard pointers (Michael, "Hazard pointers: safe memory reclamation for lock-free objects", IEEE TPDS
// 2004). A reader writes down the blocks that the ways led to, says that it is reading, and looks at the ways again:
// what they still lead to stays until it says that it is done. Whoever takes a block out of the cache closes its way
// first and then asks the guards: a block that a guard has written down is put aside until it has not. So nobody waits
// for anybody, and a reader that sleeps keeps back the few blocks it has written down, and no others.
// The surprising decision: one store in total order for all blocks of a row, not one a block: `reading_` is what
// evictors ask first, and it is set after all blocks are written down and before all ways are looked at again.
#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <span>
#include <vector>

#include "os/thread.h"

namespace mneme {

struct CachedBlock;
class BlockGuard;

using BlockWay = std::atomic<const CachedBlock*>;  // Null: no block is there. Sequentially consistent where it counts.

class BlockWays {  // Of one cache, which it is part of. Thread-safe.
 public:
  explicit BlockWays(Scheduler& scheduler) : mutex_(scheduler) {}

  // From now `way` leads to the block, until that leaves the cache. Nothing happens if it has left, if another way
  // leads to it, or if this one leads to another.
  void open(BlockWay& way, const CachedBlock& block) LOCK_NOT_HELD(mutex_);
  void close(BlockWay& way) LOCK_NOT_HELD(mutex_);  // Before the way itself goes.
  // Blocks that the cache has let go of: no way leads to them any more. Takes over those that a guard holds, until none
  // does; the rest stays for the caller to free.
  void retire(std::span<std::shared_ptr<const CachedBlock>> blocks) noexcept LOCK_NOT_HELD(mutex_);

 private:
  friend class BlockGuard;
  [[nodiscard]] bool is_held(const CachedBlock& block) const LOCK_HELD(mutex_);

  Mutex mutex_;
  std::vector<const BlockGuard*> guards_ GUARDED_BY(mutex_);
  std::shared_ptr<const CachedBlock> held_ GUARDED_BY(mutex_);  // Retired while a guard held it, and its next_held.
};

class BlockGuard {  // One thread at a time; evictors look at it from theirs. Must not outlive its ways.
 public:
  BlockGuard(BlockWays& ways, std::size_t blocks_max);
  ~BlockGuard();
  BlockGuard(const BlockGuard&) = delete;
  BlockGuard& operator=(const BlockGuard&) = delete;

  // Chooses the block behind `way` as the next one to hold; false: there is none. REQUIRES: nothing is held, and fewer
  // than blocks_max are chosen. What was chosen before the last release() is not chosen any more.
  bool choose(const BlockWay& way) noexcept {
    const CachedBlock* block = way.load(std::memory_order_relaxed);
    Place& place = places_[chosen_];
    place.way = &way;
    // Release: an evictor that sees it knows that what was read of the block before it has been read.
    place.block.store(block, std::memory_order_release);
    __builtin_prefetch(static_cast<const void*>(block));
    chosen_ += block != nullptr ? 1 : 0;
    return block != nullptr;
  }
  // The chosen blocks stay until release(); false: one has just gone, and nothing is held.
  bool hold() noexcept {
    reading_.store(true);
    for (std::size_t i = 0; i < chosen_; ++i) {
      if (places_[i].way->load() == places_[i].block.load(std::memory_order_relaxed)) continue;
      release();
      return false;
    }
    return true;
  }
  void release() noexcept {
    chosen_ = 0;
    reading_.store(false, std::memory_order_release);  // What was read of the blocks is read before they may go.
  }
  // The i-th that was chosen. REQUIRES: held.
  [[nodiscard]] const CachedBlock& block(std::size_t i) const noexcept {
    return *places_[i].block.load(std::memory_order_relaxed);
  }

 private:
  friend class BlockWays;
  struct Place {
    const BlockWay* way = nullptr;
    BlockWay block{nullptr};
  };

  BlockWays& ways_;
  std::vector<Place> places_;
  std::size_t chosen_ = 0;
  std::atomic<bool> reading_{false};
};

}  // namespace mneme
