#include "table/pending_rows.h"

#include <doctest/doctest.h>

#include <random>
#include <set>

namespace mneme {
namespace {

TEST_CASE("row trail: rows come back in the opposite order, however far apart they are") {
  std::mt19937_64 dice(3);
  std::vector<RowId> model;
  RowTrail trail;
  for (int i = 0; i < 20'000; ++i) {
    if (!model.empty() && dice() % 3 == 0) {
      REQUIRE(trail.pop() == model.back());
      model.pop_back();
    } else {
      model.push_back(RowId{dice() >> dice() % 64});
      trail.push(model.back());
    }
    REQUIRE(trail.size() == model.size());
  }
  for (; !model.empty(); model.pop_back()) REQUIRE(trail.pop() == model.back());
}

TEST_CASE("row trail: rows that ascend take a byte or two each") {
  RowTrail trail;
  for (std::uint64_t i = 1; i <= 100'000; ++i) trail.push(RowId{3 * i});
  CHECK(trail.memory_bytes() <= 2 * 100'000 + 16);
}

TEST_CASE("pending rows: a rollback takes back the ends that came after its mark, and no others") {
  PendingRows rows(std::make_shared<const TableSchema>());
  std::set<std::uint64_t> before, after;
  for (std::uint64_t i = 0; i < 10'000; ++i) before.insert(i * 7'919 % 100'003 + 1);
  for (const std::uint64_t row : before) REQUIRE(rows.remove(RowId{row}));
  const auto mark = rows.mark();
  for (std::uint64_t row = 1; row < 50'000; row += 2) {
    REQUIRE(rows.remove(RowId{row}) == !before.contains(row));
    after.insert(row);
  }
  rows.rollback(mark);
  CHECK(rows.ended().size() == before.size());
  for (const std::uint64_t row : before) REQUIRE(rows.has_ended(RowId{row}));
  for (const std::uint64_t row : after) REQUIRE(rows.has_ended(RowId{row}) == before.contains(row));
}

}  // namespace
}  // namespace mneme
