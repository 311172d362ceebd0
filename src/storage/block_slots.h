// BlockSlots: a shorter way to blocks that are in the cache: by number, without its lock and its map.
//
// A slot remembers a block weakly: once the cache has let go of it, the slot finds nothing, and the block is asked for
// the long way again. So slots hold no memory but their own. Each has a BlockWay, too, for readers that are done with
// the block before they do anything else.
// The surprising decision: nobody ever waits for a slot. One that another thread is at is one that finds nothing.
#pragma once

#include <atomic>
#include <memory>
#include <vector>

#include "storage/block_cache.h"

namespace mneme {

class BlockSlots {  // Thread-safe.
 public:
  BlockSlots(std::size_t count, BlockCache& cache, Reservation memory)
      : slots_(count), cache_(cache), memory_(std::move(memory)) {}
  ~BlockSlots();
  BlockSlots(const BlockSlots&) = delete;
  BlockSlots& operator=(const BlockSlots&) = delete;
  [[nodiscard]] static constexpr std::size_t memory_bytes(std::size_t count) noexcept { return count * sizeof(Slot); }

  // Null: not there, or not now. Counts as asking for the block. REQUIRES for all three: slot < count.
  [[nodiscard]] std::shared_ptr<const CachedBlock> find(std::size_t slot) const noexcept;
  void put(std::size_t slot, const std::shared_ptr<const CachedBlock>& block) noexcept;
  [[nodiscard]] const BlockWay& way(std::size_t slot) const noexcept { return slots_[slot].way; }
  [[nodiscard]] std::size_t count() const noexcept { return slots_.size(); }

 private:
  struct Slot {
    std::weak_ptr<const CachedBlock> block;  // Whoever has set `busy` may touch it.
    BlockWay way{nullptr};
    mutable std::atomic<bool> busy{false};  // Acquire when taken, release when given back: a lock that is only tried.
  };
  std::vector<Slot> slots_;
  BlockCache& cache_;
  const Reservation memory_;
};

// Slots that are made when they are first wanted and the cache has room for them. Thread-safe.
class LazyBlockSlots {
 public:
  LazyBlockSlots() = default;
  LazyBlockSlots(const LazyBlockSlots&) = delete;
  LazyBlockSlots& operator=(const LazyBlockSlots&) = delete;
  ~LazyBlockSlots() { delete slots_.load(std::memory_order_acquire); }

  // Null: there is no room, or was none lately. `count` is the same each time. The cache outlives this.
  BlockSlots* get(std::size_t count, BlockCache& cache) noexcept;

 private:
  static constexpr std::uint32_t kAskEvery = 256;  // Times that slots are wanted, while there is no room.
  std::atomic<std::uint32_t> wanted_{0};           // Relaxed: a count.
  std::atomic<BlockSlots*> slots_{nullptr};        // Release/acquire: what it points at is built before it is seen.
};

}  // namespace mneme
