// For tests of what leads to cached blocks: a cache of one shard, and slots for blocks that hold their own number.
#pragma once

#include "os/posix.h"
#include "storage/block_slots.h"

namespace mneme {

class FillingLoader final : public BlockCache::Loader {  // One thread at a time.
 public:
  Result<void> load(const BlockKey& key, MutableBytes into) override {
    for (std::byte& byte : into) byte = static_cast<std::byte>(key.offset);
    return {};
  }
};

struct SlottedBlocks {  // One thread at a time.
  static constexpr std::uint32_t kBytes = 4'096;
  PosixWorld real;
  MemoryBudget budget{16 << 20};
  BlockCache cache{budget, real.world().scheduler, 64 << 10, 1};
  FillingLoader loader;
  LazyBlockSlots lazy;
  BlockSlots& slots = *lazy.get(8, cache);

  std::shared_ptr<const CachedBlock> load(std::uint64_t offset) {
    return cache.get_block({1, offset, kBytes}, BlockCache::Priority::normal, loader).value();
  }
};

}  // namespace mneme
