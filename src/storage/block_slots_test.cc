#include "storage/block_slots_test.h"

#include <doctest/doctest.h>

#include "os/sim/dice.h"
#include "os/thread.h"

namespace mneme {
namespace {

TEST_CASE_FIXTURE(SlottedBlocks, "a slot finds the block that was put there, and nothing where none was") {
  slots.put(3, load(7));
  const auto found = slots.find(3);
  REQUIRE(found != nullptr);
  CHECK(found->bytes().front() == std::byte{7});
  CHECK(slots.find(2) == nullptr);
  CHECK(lazy.get(8, cache) == &slots);
}

TEST_CASE_FIXTURE(SlottedBlocks,
                  "a slot keeps no block alive: what the cache evicted is gone, and its memory with it") {
  slots.put(0, load(0));
  const std::size_t used = budget.used();
  cache.reclaim(64 << 10);
  CHECK(slots.find(0) == nullptr);
  CHECK(budget.used() < used);
}

TEST_CASE_FIXTURE(SlottedBlocks,
                  "a block that is asked for through its slot survives a scan as if asked for through the cache") {
  slots.put(0, load(0));
  for (std::uint64_t offset = 1; offset < 60; ++offset) {  // Four times what the cache holds.
    CHECK(slots.find(0) != nullptr);
    load(offset);
  }
  CHECK(slots.find(0) != nullptr);
}

TEST_CASE("slots take a sixteenth of the cache at most, and give it back") {
  PosixWorld real;
  MemoryBudget budget{16 << 20};
  BlockCache cache{budget, real.world().scheduler, 64 << 10, 1};
  constexpr std::size_t kCount = 100;  // 3,200 bytes of 4,096.
  {
    LazyBlockSlots first, second;
    CHECK(first.get(kCount, cache) != nullptr);
    CHECK(second.get(kCount, cache) == nullptr);
    CHECK(budget.used() == BlockSlots::memory_bytes(kCount));
  }
  CHECK(budget.used() == 0);
  LazyBlockSlots third;
  CHECK(third.get(kCount, cache) != nullptr);
}

TEST_CASE("slots take their memory from blocks when the cache's share is used up") {
  PosixWorld real;
  MemoryBudget budget{4 << 20};
  BlockCache cache{budget, real.world().scheduler, 2 << 20, 1};
  FillingLoader loader;
  for (std::uint64_t offset = 0; offset < 600; ++offset) {
    cache.get({1, offset, 4'096}, BlockCache::Priority::normal, loader).value();
  }
  LazyBlockSlots lazy;
  CHECK(lazy.get(1'000, cache) != nullptr);
}

TEST_CASE("readers of one slot race with eviction, and each reads the block it asked for") {
  PosixWorld real;
  Scheduler& scheduler = real.world().scheduler;
  MemoryBudget budget{16 << 20};
  BlockCache cache{budget, scheduler, 64 << 10, 2};
  LazyBlockSlots lazy;
  std::atomic<int> wrong{0};
  const auto read = [&](std::uint64_t seed) {
    FillingLoader loader;
    sim::Dice dice(seed);
    BlockSlots* slots = nullptr;
    while (slots == nullptr) slots = lazy.get(64, cache);
    for (int i = 0; i < 5'000; ++i) {
      const std::uint64_t number = dice.below(64);
      auto block = slots->find(static_cast<std::size_t>(number));
      if (block == nullptr) {
        block = cache.get_block({1, number, 1'024}, BlockCache::Priority::normal, loader).value();
        slots->put(static_cast<std::size_t>(number), block);
      }
      if (block->bytes().back() != static_cast<std::byte>(number)) ++wrong;
      if (i % 64 == 0) cache.reclaim(4'096);
    }
  };
  {
    Thread one(scheduler, "one", [&] { read(1); }), two(scheduler, "two", [&] { read(2); });
    read(3);
  }
  CHECK(wrong == 0);
}

}  // namespace
}  // namespace mneme
