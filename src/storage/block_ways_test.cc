#include "storage/block_ways.h"

#include <doctest/doctest.h>

#include "os/sim/dice.h"
#include "os/thread.h"
#include "storage/block_slots_test.h"

namespace mneme {
namespace {

struct Fixture : SlottedBlocks {
  std::shared_ptr<const CachedBlock> put(std::size_t slot) {
    auto block = load(slot);
    slots.put(slot, block);
    return block;
  }
  bool hold(BlockGuard& guard, std::size_t slot) { return guard.choose(slots.way(slot)) && guard.hold(); }
};

TEST_CASE_FIXTURE(Fixture, "a way leads to a block that was put, and nowhere where none was") {
  put(3);
  BlockGuard guard(cache.ways(), 2);
  CHECK_FALSE(guard.choose(slots.way(2)));
  REQUIRE(hold(guard, 3));
  CHECK(guard.block(0).bytes().front() == std::byte{3});
  guard.release();
}

TEST_CASE_FIXTURE(Fixture, "a block that nobody holds is freed when it is evicted, and its way is closed") {
  put(0);
  BlockGuard guard(cache.ways(), 1);
  const std::size_t used = budget.used();
  cache.reclaim(64 << 10);
  CHECK(budget.used() + kBytes <= used);
  CHECK_FALSE(guard.choose(slots.way(0)));
}

TEST_CASE_FIXTURE(Fixture, "a block that is held stays while it is evicted, alone, and goes with the next after it") {
  for (std::size_t slot = 0; slot < 4; ++slot) put(slot);
  BlockGuard guard(cache.ways(), 1);
  REQUIRE(hold(guard, 1));
  cache.reclaim(64 << 10);
  CHECK(guard.block(0).bytes().back() == std::byte{1});
  const std::size_t held = budget.used();
  CHECK(held >= kBytes + BlockSlots::memory_bytes(8));
  CHECK(held < 2 * kBytes + BlockSlots::memory_bytes(8));
  guard.release();
  CHECK_FALSE(guard.choose(slots.way(1)));
  put(5);
  cache.reclaim(64 << 10);
  CHECK(budget.used() == BlockSlots::memory_bytes(8));
}

TEST_CASE_FIXTURE(Fixture, "what went between choosing and holding is not held") {
  put(0);
  put(1);
  BlockGuard guard(cache.ways(), 2);
  REQUIRE(guard.choose(slots.way(0)));
  REQUIRE(guard.choose(slots.way(1)));
  cache.forget_file(1);
  CHECK_FALSE(guard.hold());
}

TEST_CASE_FIXTURE(Fixture, "a handle to a block that has left the cache opens no way to it") {
  const auto block = cache.get_block({1, 7, 4'096}, BlockCache::Priority::normal, loader).value();
  cache.reclaim(64 << 10);
  slots.put(7, block);
  CHECK(slots.way(7).load() == nullptr);
}

TEST_CASE_FIXTURE(Fixture, "a block that the cache did not take, because another thread was faster, gets no way") {
  struct SlowLoader final : BlockCache::Loader {
    explicit SlowLoader(Fixture& to) : fixture(to) {}
    Result<void> load(const BlockKey& key, MutableBytes into) override {
      fixture.put(static_cast<std::size_t>(key.offset));  // The faster one.
      return fixture.loader.load(key, into);
    }
    Fixture& fixture;
  } slow(*this);
  const auto late = cache.get_block({1, 4, kBytes}, BlockCache::Priority::normal, slow).value();
  cache.reclaim(64 << 10);
  slots.put(4, late);
  CHECK(slots.way(4).load() == nullptr);
}

TEST_CASE("ways that end leave their blocks in the cache, free for other ways") {
  PosixWorld real;
  MemoryBudget budget{16 << 20};
  BlockCache cache{budget, real.world().scheduler, 64 << 10, 1};
  FillingLoader loader;
  const auto block = cache.get_block({1, 7, 4'096}, BlockCache::Priority::normal, loader).value();
  {
    LazyBlockSlots first;
    first.get(8, cache)->put(7, block);
  }
  LazyBlockSlots second;
  BlockSlots& slots = *second.get(8, cache);
  slots.put(7, block);
  CHECK(slots.way(7).load() == block.get());
}

TEST_CASE("readers hold blocks while others evict them, and each reads whole blocks of what it asked for") {
  PosixWorld real;
  Scheduler& scheduler = real.world().scheduler;
  MemoryBudget budget{16 << 20};
  BlockCache cache{budget, scheduler, 64 << 10, 2};
  LazyBlockSlots lazy;
  std::atomic<int> wrong{0}, held{0};
  const auto read = [&](std::uint64_t seed) {
    FillingLoader loader;
    sim::Dice dice(seed);
    BlockSlots* slots = nullptr;
    while (slots == nullptr) slots = lazy.get(64, cache);
    BlockGuard guard(cache.ways(), 3);
    for (int i = 0; i < 5'000; ++i) {
      std::uint64_t number[3];
      bool all = true;
      for (auto& each : number) {
        each = dice.below(64);
        all = guard.choose(slots->way(static_cast<std::size_t>(each))) && all;
      }
      if (all && guard.hold()) {
        ++held;
        for (std::size_t k = 0; k < 3; ++k) {
          for (const std::byte byte : guard.block(k).bytes())
            wrong += byte != static_cast<std::byte>(number[k]) ? 1 : 0;
        }
      }
      guard.release();
      const auto slot = static_cast<std::size_t>(number[0]);
      slots->put(slot, cache.get_block({1, number[0], 1'024}, BlockCache::Priority::normal, loader).value());
      if (i % 64 == 0) cache.reclaim(4'096);
    }
  };
  {
    Thread one(scheduler, "one", [&] { read(1); }), two(scheduler, "two", [&] { read(2); });
    read(3);
  }
  CHECK(wrong == 0);
  CHECK(held > 0);
}

}  // namespace
}  // namespace mneme
