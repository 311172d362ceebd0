#include "storage/ordinal_map.h"

#include <doctest/doctest.h>

#include <array>
#include <map>
#include <random>

namespace mneme {
namespace {

TEST_CASE("ordinal map: every row that was kept is found where it went, and no other") {
  std::mt19937_64 random(7);
  for (const std::uint64_t share : {1U, 3U, 100U}) {  // One row in so many is left out.
    const std::array<std::uint64_t, 3> rows{5'000, 1, 9'000};
    OrdinalMap map(rows);
    std::array<std::uint32_t, 3> next{};
    std::map<std::pair<std::size_t, std::uint32_t>, std::uint32_t> went;
    for (std::uint32_t row = 0; next[0] < rows[0] || next[1] < rows[1] || next[2] < rows[2];) {
      const std::size_t input = random() % 3;
      for (std::uint64_t run = random() % 50; run > 0 && next[input] < rows[input]; --run, ++next[input]) {
        if (random() % share == 0) continue;
        map.keep(input, next[input]);
        went[{input, next[input]}] = row++;
      }
    }
    CHECK(map.rows() == went.size());
    for (std::size_t input = 0; input < 3; ++input) {
      for (std::uint32_t old = 0; old < rows[input]; ++old) {
        const auto want = went.find({input, old});
        const auto found = map.find(input, old);
        REQUIRE(found.has_value() == (want != went.end()));
        if (found) REQUIRE(*found == want->second);
      }
      CHECK_FALSE(map.find(input, 1'000'000).has_value());
    }
  }
}

TEST_CASE("ordinal map: a run that is kept at once is kept as its rows one by one are") {
  std::mt19937_64 random(11);
  for (int life = 0; life < 20; ++life) {
    const std::array<std::uint64_t, 2> rows{7'000, 6'000};
    OrdinalMap at_once(rows), one_by_one(rows);
    std::array<std::uint32_t, 2> next{};
    while (next[0] < rows[0] || next[1] < rows[1]) {
      const std::size_t input = random() % 2;
      next[input] += static_cast<std::uint32_t>(random() % 3);  // Some are left out.
      const auto left = static_cast<std::uint32_t>(rows[input] - std::min<std::uint64_t>(rows[input], next[input]));
      const auto run = std::min(left, static_cast<std::uint32_t>(random() % 3'000));
      at_once.keep_run(input, next[input], run);
      for (std::uint32_t i = 0; i < run; ++i) one_by_one.keep(input, next[input] + i);
      next[input] += run;
    }
    REQUIRE(at_once.rows() == one_by_one.rows());
    for (std::size_t input = 0; input < 2; ++input) {
      for (std::uint32_t old = 0; old < rows[input]; ++old) {
        REQUIRE(at_once.find(input, old) == one_by_one.find(input, old));
      }
    }
  }
}

TEST_CASE("ordinal map: a row costs less than a byte") {
  const std::array<std::uint64_t, 4> rows{1'000'000, 1'000'000, 1'000'000, 1'000'000};
  CHECK(OrdinalMap::memory_bytes(rows) < 3'000'000);
}

}  // namespace
}  // namespace mneme
