#include "storage/memory_budget.h"

#include <doctest/doctest.h>

#include <string>

namespace mneme {
namespace {

constexpr std::size_t kMiB = 1 << 20;

class Hoard final : public MemoryBudget::Reclaimer {
 public:
  std::size_t reclaim(std::size_t bytes) noexcept override {
    const std::size_t given = std::min(bytes, held.bytes());
    held.shrink(given);
    return given;
  }
  Reservation held;
};

TEST_CASE("memory budget: what a reservation holds is counted until it is gone") {
  MemoryBudget budget(8 * kMiB);
  {
    auto a = budget.reserve(kMiB, MemoryShare::queries, "sort");
    REQUIRE(a);
    REQUIRE(a->grow(kMiB));
    Reservation moved = std::move(*a);
    CHECK(budget.used() == 2 * kMiB);
    CHECK(budget.used(MemoryShare::queries) == 2 * kMiB);
    moved.shrink(kMiB / 2);
    CHECK(budget.used() == kMiB + kMiB / 2);
  }
  CHECK(budget.used() == 0);
  CHECK(budget.peak() == 2 * kMiB);
}

TEST_CASE("memory budget: a refusal says who wanted how much, and changes nothing") {
  MemoryBudget budget(8 * kMiB);
  auto first = budget.reserve(4 * kMiB, MemoryShare::memtables, "memtable");
  REQUIRE(first);
  const auto refused = budget.reserve(1, MemoryShare::memtables, "memtable of 'imu'");  // The share's cap is half.
  REQUIRE(!refused);
  CHECK(refused.error().code() == Code::full);
  CHECK(refused.error().sqlstate() == "53200");
  CHECK(refused.error().message().find("memtable of 'imu' wanted 1 bytes") != std::string::npos);
  CHECK(budget.used() == 4 * kMiB);
  CHECK(budget.refusals() == 1);
  CHECK(first->grow(1).error().code() == Code::full);
  CHECK(first->bytes() == 4 * kMiB);
}

TEST_CASE("memory budget: the total binds even when every share has room") {
  MemoryBudget budget(8 * kMiB);
  auto memtables = budget.reserve(4 * kMiB, MemoryShare::memtables, "memtable");
  auto cache = budget.reserve(4 * kMiB, MemoryShare::cache, "cache");
  REQUIRE(memtables);
  REQUIRE(cache);
  CHECK(!budget.reserve(1, MemoryShare::queries, "query"));
  CHECK(budget.used(MemoryShare::queries) == 0);
  cache->release();
  CHECK(budget.reserve(1, MemoryShare::queries, "query"));
}

TEST_CASE("memory budget: a size near the largest number is refused, not wrapped around") {
  MemoryBudget budget(8 * kMiB);
  auto held = budget.reserve(16, MemoryShare::queries, "query");
  CHECK(!budget.reserve(~std::size_t{0}, MemoryShare::queries, "query"));
  CHECK(!held->grow(~std::size_t{0} - 8));
  CHECK(budget.used() == 16);
}

TEST_CASE("memory budget: the reclaimer gives way before a wish is refused") {
  MemoryBudget budget(8 * kMiB);
  Hoard hoard;
  hoard.held = *budget.reserve(4 * kMiB, MemoryShare::cache, "cache");
  budget.attach(&hoard);
  auto query = budget.reserve(6 * kMiB, MemoryShare::queries, "query");
  CHECK(query);
  CHECK(hoard.held.bytes() <= 2 * kMiB);
  Reservation none;
  CHECK(!budget.try_reserve(3 * kMiB, MemoryShare::memtables, "memtable", none));  // Never calls it.
  budget.attach(nullptr);
}

}  // namespace
}  // namespace mneme
