#include "storage/block_ways.h"

#include <algorithm>

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

void BlockWays::retire(std::vector<std::shared_ptr<const CachedBlock>> blocks) {
  std::vector<std::shared_ptr<const CachedBlock>> free;  // After the lock.
  Lock lock(mutex_);
  for (const auto& block : blocks) {
    block->in_cache = false;
    if (block->way != nullptr) block->way->store(nullptr);
    block->way = nullptr;
  }
  blocks.insert(blocks.end(), std::make_move_iterator(held_.begin()), std::make_move_iterator(held_.end()));
  held_.clear();
  for (auto& block : blocks) (is_held(*block) ? held_ : free).push_back(std::move(block));
}

bool BlockWays::is_held(const CachedBlock& block) const {
  return std::ranges::any_of(guards_, [&](const BlockGuard* guard) {
    return guard->reading_.load() && std::ranges::any_of(guard->places_, [&](const BlockGuard::Place& place) {
             return place.block.load(std::memory_order_relaxed) == &block;
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
