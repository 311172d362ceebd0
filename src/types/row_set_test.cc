#include "types/row_set.h"

#include <doctest/doctest.h>

#include <random>
#include <set>

namespace mneme {
namespace {

std::vector<RowId> listed(const RowSet& rows) {
  std::vector<RowId> all;
  for (const RowId row : rows) all.push_back(row);
  return all;
}

TEST_CASE("row set: it holds what a std::set does, in the same order, whichever form its containers have") {
  std::mt19937_64 dice(7);
  RowSet rows;
  std::set<RowId> model;
  for (int i = 0; i < 60'000; ++i) {
    // Crowded, sparse, and far apart: bits, few, and one a container.
    const std::uint64_t places[] = {dice() % 20'000, 1'000'000 + dice() % 2'000'000, (dice() % 500) << 40};
    const RowId row{places[dice() % 3] + 1};
    if (dice() % 4 == 0) {
      REQUIRE(rows.erase(row) == (model.erase(row) == 1));
    } else {
      REQUIRE(rows.insert(row) == model.insert(row).second);
    }
    REQUIRE(rows.contains(row) == model.contains(row));
    REQUIRE(rows.size() == model.size());
  }
  CHECK(listed(rows) == std::vector<RowId>(model.begin(), model.end()));
  for (const RowId row : model) REQUIRE(rows.erase(row));
  CHECK(rows.empty());
  CHECK(listed(rows).empty());
  CHECK(rows.memory_bytes() == 0);
}

TEST_CASE("row set: a million neighbours take less than half a byte each, a lone row no more than is said") {
  RowSet near, far;
  for (std::uint64_t i = 1; i <= 1'000'000; ++i) near.insert(RowId{3 * i});
  CHECK(near.memory_bytes() < 500'000);  // Three million bits and their containers.
  for (std::uint64_t i = 1; i <= 4'096; ++i) far.insert(RowId{i << 20});
  CHECK(far.memory_bytes() <= 4'096 * RowSet::kInsertBytes);
}

}  // namespace
}  // namespace mneme
