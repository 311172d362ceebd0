#include "storage/block_ways.h"

#include <algorithm>
#include <utility>

#include "storage/block_cache.h"

namespace mneme {

void BlockWays::open(BlockWay& way, const CachedBlock& block) {
  Lock lock(mutex_);
  if (!block.in_cache || block.way != nullptr || way.load(std::memory_order_relaxed) != nullptr) return;
  block.way = &way;
  way.store(&block);  // A reader that sees it sees the block as it was loaded.
}

void BlockWays::close(BlockWay& way) {
  Lock lock(mutex_);
  const CachedBlock* block = way.load(std::memory_order_relaxed);
  if (block == nullptr) return;
  block->way = nullptr;  // It lives: whatever leaves the cache is retired first, under this lock.
  way.store(nullptr);
}

void BlockWays::retire(std::span<std::shared_ptr<const CachedBlock>> blocks) noexcept {
  std::shared_ptr<const CachedBlock> free;  // A chain, as held_ is: nothing is allocated. Freed after the lock.
  {
    Lock lock(mutex_);
    for (auto* at = &held_; *at != nullptr;) {
      if (is_held(**at)) {
        at = &(*at)->next_held;
        continue;
      }
      auto idle = std::exchange(*at, (*at)->next_held);
      idle->next_held = std::exchange(free, idle);
    }
    for (auto& block : blocks) {
      block->in_cache = false;
      if (block->way != nullptr) block->way->store(nullptr);
      block->way = nullptr;
      if (!is_held(*block)) continue;
      block->next_held = std::move(held_);
      held_ = std::move(block);
    }
  }
  while (free != nullptr) free = std::exchange(free->next_held, nullptr);  // One by one: no chain of destructors.
}

bool BlockWays::is_held(const CachedBlock& block) const {
  return std::ranges::any_of(guards_, [&](const BlockGuard* guard) {
    return guard->reading_.load() && std::ranges::any_of(guard->places_, [&](const BlockGuard::Place& place) {
             return place.block.load(std::memory_order_acquire) == &block;
           });
  });
}

BlockGuard::BlockGuard(BlockWays& ways, std::size_t blocks_max) : ways_(ways), places_(blocks_max) {
  Lock lock(ways_.mutex_);
  ways_.guards_.push_back(this);
}

BlockGuard::~BlockGuard() {
  Lock lock(ways_.mutex_);
  std::erase(ways_.guards_, this);
}

}  // namespace mneme
