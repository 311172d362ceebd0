#include "storage/block_slots.h"

#include <new>

namespace mneme {

BlockSlots::~BlockSlots() {
  for (Slot& slot : slots_) {
    // Acquire: the way that another thread has closed is not touched by it any more.
    if (slot.way.load(std::memory_order_acquire) != nullptr) cache_.ways().close(slot.way);
  }
  cache_.end_slots(memory_.bytes());
}

std::shared_ptr<const CachedBlock> BlockSlots::find(std::size_t slot) const noexcept {
  const Slot& at = slots_[slot];
  if (at.busy.exchange(true, std::memory_order_acquire)) return nullptr;
  auto block = at.block.lock();
  at.busy.store(false, std::memory_order_release);
  if (block != nullptr) block->ask();
  return block;
}

void BlockSlots::put(std::size_t slot, const std::shared_ptr<const CachedBlock>& block) noexcept {
  Slot& at = slots_[slot];
  if (at.busy.exchange(true, std::memory_order_acquire)) return;
  at.block = block;
  at.busy.store(false, std::memory_order_release);
  if (at.way.load(std::memory_order_relaxed) == nullptr) cache_.ways().open(at.way, *block);
}

BlockSlots* LazyBlockSlots::get(std::size_t count, BlockCache& cache) noexcept try {
  BlockSlots* slots = slots_.load(std::memory_order_acquire);
  if (slots != nullptr) return slots;
  if (wanted_.fetch_add(1, std::memory_order_relaxed) % kAskEvery != 0) return nullptr;
  auto memory = cache.reserve_for_slots(BlockSlots::memory_bytes(count));
  if (!memory) return nullptr;
  auto made = std::make_unique<BlockSlots>(count, cache, std::move(*memory));
  if (slots_.compare_exchange_strong(slots, made.get(), std::memory_order_acq_rel)) return made.release();
  return slots;  // Another thread's.
} catch (const std::bad_alloc&) {
  return nullptr;
}

}  // namespace mneme
