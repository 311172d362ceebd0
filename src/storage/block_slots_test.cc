#include "storage/block_slots.h"

#include <doctest/doctest.h>

#include "os/posix.h"

namespace mneme {
namespace {

class FillingLoader final : public BlockCache::Loader {
 public:
  Result<void> load(const BlockKey& key, MutableBytes into) override {
    ++loads;
    for (std::byte& byte : into) byte = static_cast<std::byte>(key.offset);
    return {};
  }
  int loads = 0;
};

struct Fixture {
  PosixWorld real;
  MemoryBudget budget{16 << 20};
  BlockCache cache{budget, real.world().scheduler, 64 << 10, 1};
  FillingLoader loader;
  LazyBlockSlots lazy;
  BlockSlots& slots = *lazy.get(8, budget);

  std::shared_ptr<const CachedBlock> load(std::uint64_t offset) {
    return cache.get_block({1, offset, 4'096}, BlockCache::Priority::normal, loader).value();
  }
};

TEST_CASE_FIXTURE(Fixture, "a slot finds the block that was put there, and nothing where none was") {
  slots.put(3, load(7));
  const auto found = slots.find(3);
  REQUIRE(found != nullptr);
  CHECK(found->bytes.front() == std::byte{7});
  CHECK(slots.find(2) == nullptr);
  CHECK(lazy.get(8, budget) == &slots);
}

TEST_CASE_FIXTURE(Fixture, "a slot keeps no block alive: what the cache evicted is gone, and its memory with it") {
  slots.put(0, load(0));
  const std::size_t used = budget.used();
  cache.reclaim(64 << 10);
  CHECK(slots.find(0) == nullptr);
  CHECK(budget.used() < used);
}

TEST_CASE_FIXTURE(Fixture,
                  "a block that is asked for through its slot survives a scan as if asked for through the cache") {
  slots.put(0, load(0));
  for (std::uint64_t offset = 1; offset < 60; ++offset) {  // Four times what the cache holds.
    CHECK(slots.find(0) != nullptr);
    load(offset);
  }
  CHECK(slots.find(0) != nullptr);
}

TEST_CASE("without room in the budget there are no slots, and nothing else changes") {
  MemoryBudget budget{4 << 20};
  budget.set_share_cap(MemoryShare::cache, 100);
  LazyBlockSlots lazy;
  CHECK(lazy.get(1'000, budget) == nullptr);
  CHECK(budget.used() == 0);
  budget.set_share_cap(MemoryShare::cache, 1 << 20);
  CHECK(lazy.get(1'000, budget) != nullptr);
}

}  // namespace
}  // namespace mneme
