#include "storage/segment_deletes.h"

#include <doctest/doctest.h>

#include <map>
#include <random>
#include <set>

#include "os/posix.h"

namespace mneme {
namespace {

constexpr std::uint32_t kRows = 10'000;  // Five chunks.

struct Model {  // Ordinal -> end sequence; 0: of the old.
  std::map<std::uint32_t, std::uint64_t> ends;
  [[nodiscard]] std::uint64_t end_of(std::uint32_t ordinal) const {
    const auto found = ends.find(ordinal);
    return found == ends.end() ? kSequenceMax : found->second;
  }
};

void compare(const SegmentDeletes& deletes, const Model& model, std::uint64_t sequence) {
  REQUIRE(deletes.count() == model.ends.size());
  std::vector<std::uint64_t> bits((kRows + 63) / 64);
  const std::size_t live = deletes.live_mask(0, kRows, sequence, bits.data());
  std::size_t expected = 0;
  for (std::uint32_t i = 0; i < kRows; ++i) {
    const bool alive = sequence < model.end_of(i);
    expected += alive ? 1 : 0;
    REQUIRE((bits[i / 64] >> (i % 64) & 1) == (alive ? 1 : 0));
    REQUIRE(deletes.is_live(i, sequence) == alive);
  }
  REQUIRE(live == expected);
  const DeleteSet all = deletes.up_to(sequence);
  const DeleteSet without = deletes.up_to(sequence, sequence);
  CHECK(without.young().empty());
  for (std::uint32_t i = 0; i < kRows; ++i) {
    const bool dead = sequence >= model.end_of(i);
    REQUIRE(all.end_sequence(i) == (dead ? model.end_of(i) : kSequenceMax));
    REQUIRE(without.end_sequence(i) == (dead ? 0 : kSequenceMax));
  }
  std::set<std::uint32_t> later;
  for (std::uint64_t first = 0; first < kRows; first += 4'096) {
    for (const DeleteSet::Pair& pair : deletes.after(sequence, first, 4'096)) {
      REQUIRE(model.end_of(pair.ordinal) == pair.end_sequence);
      later.insert(pair.ordinal);
    }
  }
  std::size_t after = 0;
  for (const auto& [ordinal, end] : model.ends) after += end > sequence ? 1 : 0;
  REQUIRE(later.size() == after);
}

TEST_CASE("segment deletes: commits of few rows and of many end them, or take them back, as a map of ends would") {
  PosixWorld real;
  const World world = real.world();
  MemoryBudget budget(8 << 20);
  SegmentDeletes deletes(world.scheduler, budget, kRows);
  Model model;
  std::mt19937_64 dice(5);
  for (std::uint64_t sequence = 1; sequence <= 60; ++sequence) {
    const std::uint64_t count = dice() % 3 == 0 ? 600 : dice() % 20, base = static_cast<std::uint32_t>(dice() % kRows);
    const bool cancels = dice() % 4 == 0;
    for (std::uint64_t i = 0; i < count; ++i) {
      const auto ordinal = static_cast<std::uint32_t>((base + dice() % 1'500) % kRows);
      const bool ends = deletes.prepare(ordinal).value();
      if (model.end_of(ordinal) == kSequenceMax) {
        REQUIRE(ends);
        model.ends[ordinal] = sequence;
      } else {
        REQUIRE_FALSE(ends);
      }
    }
    if (cancels) {
      std::erase_if(model.ends, [&](const auto& entry) { return entry.second == sequence; });
      deletes.cancel_prepared();
    } else {
      deletes.end_prepared(sequence);
    }
    if (dice() % 8 == 0) {
      const std::uint64_t oldest = dice() % sequence;
      deletes.age(oldest);
      for (auto& [ordinal, end] : model.ends) end = end <= oldest ? 0 : end;
    }
    compare(deletes, model, sequence);
    compare(deletes, model, sequence / 2);
  }
}

TEST_CASE("segment deletes: many rows of one commit are bits, and what is charged is given back") {
  PosixWorld real;
  const World world = real.world();
  MemoryBudget budget(8 << 20);
  {
    SegmentDeletes deletes(world.scheduler, budget, 1'000'000);
    for (std::uint32_t i = 0; i < 1'000'000; i += 3) REQUIRE(deletes.prepare(i).value());
    // Each chunk of 2,048 rows: its bitmaps, one layer, and the few pairs it began with. Pairs would take 5.3 MB.
    CHECK(budget.used() < 490 * 1'400);
    deletes.end_prepared(7);
    deletes.age(7);
    CHECK(budget.used() < 490 * 800);
    for (std::uint32_t i = 1; i < 1'000'000; i += 3) REQUIRE(deletes.prepare(i).value());
    deletes.cancel_prepared();
    CHECK(budget.used() < 490 * 800);
    CHECK(deletes.count() == 333'334);
  }
  CHECK(budget.used() == 0);
}

}  // namespace
}  // namespace mneme
