#include "storage/block_cache.h"

#include <doctest/doctest.h>

#include <vector>

#include "os/posix.h"

namespace mneme {
namespace {

constexpr std::uint32_t kBlock = 1'000;

class CountingLoader final : public BlockCache::Loader {
 public:
  Result<void> load(const BlockKey& key, MutableBytes into) override {
    ++loads;
    if (fails) return Error(Code::corrupt, "checksum does not match");
    for (auto& byte : into) byte = static_cast<std::byte>(key.offset);
    return {};
  }
  std::size_t loads = 0;
  bool fails = false;
};

struct Bench {
  explicit Bench(std::size_t capacity, std::size_t budget_bytes = 8 << 20)
      : budget(budget_bytes), cache(budget, *scheduler, capacity, 1) {}
  PinnedBytes get(std::uint64_t block, BlockCache::Priority priority = BlockCache::Priority::normal) {
    auto pinned = cache.get({1, block, kBlock}, priority, loader);
    REQUIRE(pinned);
    return *pinned;
  }
  bool is_cached(std::uint64_t block) {
    const std::size_t before = loader.loads;
    get(block);
    return loader.loads == before;
  }
  std::unique_ptr<Scheduler> scheduler = make_posix_scheduler();
  MemoryBudget budget;
  CountingLoader loader;
  BlockCache cache;
};

TEST_CASE("block cache: a block is loaded once, and what a failed load left is not kept") {
  Bench bench(100'000);
  CHECK(bench.get(5).bytes()[kBlock - 1] == std::byte{5});
  CHECK(bench.get(5).bytes().size() == kBlock);
  CHECK(bench.loader.loads == 1);
  bench.loader.fails = true;
  CHECK(bench.cache.get({1, 6, kBlock}, BlockCache::Priority::normal, bench.loader).error().code() == Code::corrupt);
  bench.loader.fails = false;
  CHECK(bench.get(6).bytes()[0] == std::byte{6});
}

TEST_CASE("block cache: a block begins a cache line, so that no wide load of it touches two") {
  Bench bench(100'000);
  for (std::uint64_t block = 0; block < 40; ++block) {
    CHECK(reinterpret_cast<std::uintptr_t>(bench.get(block).bytes().data()) % 64 == 0);
  }
}

TEST_CASE("block cache: it holds no more than its capacity, and every byte is reserved") {
  Bench bench(50'000);
  for (std::uint64_t block = 0; block < 1'000; ++block) {
    bench.get(block);
    REQUIRE(bench.cache.stats().bytes <= 50'000);
    REQUIRE(bench.budget.used(MemoryShare::cache) == bench.cache.stats().bytes);
  }
  CHECK(bench.cache.stats().bytes >= 40'000);
}

TEST_CASE("block cache: a scan does not drive out what is asked for again and again") {
  Bench bench(100 * 1'160);
  for (int round = 0; round < 3; ++round) {
    for (std::uint64_t block = 0; block < 50; ++block) bench.get(block);
  }
  for (std::uint64_t block = 1'000; block < 3'000; ++block) bench.get(block);
  std::size_t kept = 0;
  for (std::uint64_t block = 0; block < 50; ++block) kept += bench.is_cached(block) ? 1 : 0;
  CHECK(kept == 50);
}

TEST_CASE("block cache: a block that is missed soon after it left comes back to stay") {
  Bench bench(20 * 1'160);
  for (std::uint64_t block = 0; block < 25; ++block) bench.get(block);  // 0 has left, its ghost remains.
  bench.get(0);
  for (std::uint64_t block = 100; block < 110; ++block) bench.get(block);
  CHECK(bench.is_cached(0));
}

TEST_CASE("block cache: entry points survive any number of ordinary blocks") {
  Bench bench(100 * 1'160);
  for (std::uint64_t block = 0; block < 10; ++block) bench.get(block, BlockCache::Priority::entry);
  for (int round = 0; round < 2; ++round) {
    for (std::uint64_t block = 1'000; block < 1'500; ++block) bench.get(block), bench.get(block);
  }
  for (std::uint64_t block = 0; block < 10; ++block) CHECK(bench.is_cached(block));
}

TEST_CASE("block cache: a pinned block outlives its eviction and its memory is counted until it is let go") {
  Bench bench(3'000);
  auto pinned = bench.get(1);
  for (std::uint64_t block = 2; block < 50; ++block) bench.get(block);
  CHECK(pinned.bytes()[0] == std::byte{1});
  CHECK(bench.budget.used() > bench.cache.stats().bytes);
  pinned = {};
  CHECK(bench.budget.used() == bench.cache.stats().bytes);
}

TEST_CASE("block cache: it gives way to others when the budget is used up") {
  Bench bench(2 << 20, 4 << 20);
  for (std::uint64_t block = 0; block < 1'700; ++block) bench.get(block);
  CHECK(bench.cache.stats().bytes > 1 << 20);
  const auto wish = bench.budget.reserve(3 << 20, MemoryShare::queries, "a large sort");
  CHECK(wish);
  CHECK(bench.cache.stats().bytes <= 1 << 20);
}

TEST_CASE("block cache: a footer finds room in the cache's share although blocks fill it") {
  Bench bench(4 << 20, 4 << 20);
  for (std::uint64_t block = 0; block < 3'000; ++block) bench.get(block);
  CHECK(bench.budget.used(MemoryShare::cache) > (2 << 20) - 3'000);  // The share's cap is half the budget.
  const auto footer = bench.budget.reserve(50'000, MemoryShare::cache, "footer of a segment");
  CHECK(footer);
}

TEST_CASE("block cache: when all is pinned a block is the query's, and then it is full") {
  Bench bench(64 << 10, 64 << 10);
  std::vector<PinnedBytes> pins;
  Result<PinnedBytes> last = PinnedBytes();
  for (std::uint64_t block = 0; block < 100 && last; ++block) {
    last = bench.cache.get({1, block, kBlock}, BlockCache::Priority::normal, bench.loader);
    if (last) pins.push_back(*last);
  }
  REQUIRE(!last);
  CHECK(last.error().code() == Code::full);
  CHECK(pins.size() * kBlock > 32'000);
}

TEST_CASE("block cache: a forgotten file is read again") {
  Bench bench(100'000);
  bench.get(1);
  bench.cache.forget_file(2);
  CHECK(bench.is_cached(1));
  bench.cache.forget_file(1);
  CHECK(bench.cache.stats().bytes == 0);
  CHECK(!bench.is_cached(1));
}

}  // namespace
}  // namespace mneme
