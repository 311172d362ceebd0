#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <random>

#include "query/test_plans.h"

namespace mneme::query::test {
namespace {

PlanPtr sorted(PlanPtr input, std::vector<SortKey> keys, ExpressionPtr limit = nullptr,
               ExpressionPtr offset = nullptr) {
  Sort sort;
  sort.keys = std::move(keys);
  sort.limit = std::move(limit);
  sort.offset = std::move(offset);
  return over_input(std::move(sort), std::move(input));
}

TEST_CASE("sort: NULLs stand where they are asked to, in either direction") {
  const auto run = [](bool descending, bool nulls_first) {
    return Bench().run(
        sorted(rows_of(ints({2, {}, -1, INT64_MAX, INT64_MIN, {}, 0})), list_of(key(at(0), descending, nulls_first))));
  };
  const std::string up = "-9223372036854775808|-1|0|2|9223372036854775807";
  const std::string down = "9223372036854775807|2|0|-1|-9223372036854775808";
  CHECK(run(false, false) == up + "|NULL|NULL");
  CHECK(run(false, true) == "NULL|NULL|" + up);
  CHECK(run(true, false) == down + "|NULL|NULL");
  CHECK(run(true, true) == "NULL|NULL|" + down);
}

TEST_CASE("sort: NaN is above every number and text compares by bytes") {
  CHECK(Bench().run(sorted(rows_of(floats({NAN, 1.0, INFINITY, -INFINITY, -0.5})), list_of(key(at(0, kFloat))))) ==
        "-inf|-0.5|1|inf|nan");
  CHECK(Bench().run(sorted(rows_of(texts({"b", "a", "aaaaaaaab", "aaaaaaaaa", "", "\xC3\xA9", "Z"})),
                           list_of(key(at(0, kText))))) == "|Z|a|aaaaaaaaa|aaaaaaaab|b|\xC3\xA9");
  CHECK(Bench().run(sorted(rows_of(texts({"aaaaaaaaa", "a", "aaaaaaaab", ""})), list_of(key(at(0, kText), true)))) ==
        "aaaaaaaab|aaaaaaaaa|a|");
}

TEST_CASE("sort: later keys decide where earlier ones tie, and arrival decides last") {
  auto input = [] { return rows_of(ints({1, 2, 1, 2, 1}), texts({"b", "x", {}, "x", "a"}), ints({0, 1, 2, 3, 4})); };
  CHECK(Bench().run(sorted(input(), list_of(key(at(0)), key(at(1, kText), true, true)))) ==
        "1,NULL,2|1,b,0|1,a,4|2,x,1|2,x,3");
  CHECK(Bench().run(sorted(input(), list_of(key(at(0), true)))) == "2,x,1|2,x,3|1,b,0|1,NULL,2|1,a,4");
  CHECK(Bench().run(sorted(input(), list_of(key(constant(1))))) == "1,b,0|2,x,1|1,NULL,2|2,x,3|1,a,4");
}

// The oracle: std::stable_sort of the rows as C++ values.
struct Row {
  std::optional<std::int64_t> a;
  std::optional<std::string> b;
  std::int64_t arrival = 0;
};

std::vector<Row> random_rows(std::mt19937_64& random, std::size_t count) {
  std::vector<Row> rows(count);
  for (std::size_t i = 0; i < count; ++i) {
    if (random() % 10 != 0) rows[i].a = static_cast<std::int64_t>(random() % 50) - 25;
    if (random() % 10 != 0) rows[i].b = std::string(random() % 12, 'k') + static_cast<char>('a' + random() % 3);
    rows[i].arrival = static_cast<std::int64_t>(i);
  }
  return rows;
}
PlanPtr plan_of_rows(const std::vector<Row>& rows) {
  Ints a, arrival;
  Texts b;
  for (const Row& row : rows) {
    a.push_back(row.a);
    b.push_back(row.b);
    arrival.push_back(row.arrival);
  }
  return rows_of(ints(a), texts(b), ints(arrival));
}
template <class T>
int compare_as(const std::optional<T>& a, const std::optional<T>& b, bool descending, bool nulls_first) {
  if (!a || !b) return a.has_value() == b.has_value() ? 0 : (!a == nulls_first ? -1 : 1);
  const int order = *a < *b ? -1 : *a > *b ? 1 : 0;
  return descending ? -order : order;
}
std::string text_of(const std::vector<Row>& rows, std::size_t first, std::size_t count) {
  std::string out;
  for (std::size_t i = first; i < std::min(rows.size(), first + count); ++i) {
    out += (out.empty() ? "" : "|") + (rows[i].a ? std::to_string(*rows[i].a) : "NULL") + ',' +
           rows[i].b.value_or("NULL") + ',' + std::to_string(rows[i].arrival);
  }
  return out;
}

TEST_CASE("sort: any keys, directions and bounds order rows as a stable sort of them would") {
  std::mt19937_64 random(7);
  for (int round = 0; round < 60; ++round) {
    auto rows = random_rows(random, 1 + random() % 6'000);
    const bool by_text_first = random() % 2 == 0, one_key = random() % 3 == 0;
    const bool d0 = random() % 2 == 0, n0 = random() % 2 == 0, d1 = random() % 2 == 0, n1 = random() % 2 == 0;
    const std::size_t limit = random() % 3 == 0 ? rows.size() : random() % 40, offset = random() % 20;
    auto keys = list_of(by_text_first ? key(at(1, kText), d0, n0) : key(at(0), d0, n0));
    if (!one_key) keys.push_back(by_text_first ? key(at(0), d1, n1) : key(at(1, kText), d1, n1));
    const auto plan = sorted(plan_of_rows(rows), std::move(keys), constant(static_cast<std::int64_t>(limit)),
                             constant(static_cast<std::int64_t>(offset)));
    std::ranges::stable_sort(rows, [&](const Row& x, const Row& y) {
      const int first = by_text_first ? compare_as(x.b, y.b, d0, n0) : compare_as(x.a, y.a, d0, n0);
      if (first != 0 || one_key) return first < 0;
      return (by_text_first ? compare_as(x.a, y.a, d1, n1) : compare_as(x.b, y.b, d1, n1)) < 0;
    });
    REQUIRE(Bench().run(plan) == text_of(rows, 0, limit + offset));
  }
}

TEST_CASE("sort: with a limit it holds memory for the limit, not for the input") {
  std::vector<Row> rows(50'000);
  for (std::size_t i = 0; i < rows.size(); ++i) rows[i].a = static_cast<std::int64_t>(rows.size() - i);  // Worst order.
  Bench bench(MemoryBudget::kBytesMin);
  bench.budget.set_share_cap(MemoryShare::queries, 300'000);
  CHECK(bench.run(sorted(plan_of_rows(rows), list_of(key(at(0))), constant(2))) == "1,NULL,0|2,NULL,0");
  CHECK(bench.run(sorted(plan_of_rows(rows), list_of(key(at(0))))) == "<53200>");
  CHECK(bench.budget.used() == 0);
}

}  // namespace
}  // namespace mneme::query::test
