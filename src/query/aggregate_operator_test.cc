#include <doctest/doctest.h>

#include <cmath>
#include <map>
#include <random>
#include <set>

#include "query/test_plans.h"

namespace mneme::query::test {
namespace {

AggregateCall agg(AggregateKind kind, Type type, std::vector<ExpressionPtr> arguments = {}) {
  AggregateCall made;
  made.kind = kind;
  made.arguments = std::move(arguments);
  made.type = type;
  return made;
}
PlanPtr aggregated(PlanPtr input, std::vector<ExpressionPtr> groups, std::vector<AggregateCall> calls) {
  std::vector<Type> types;
  for (const auto& group : groups) types.push_back(group->type);
  for (const auto& call : calls) types.push_back(call.type);
  Aggregate node;
  node.groups = std::move(groups);
  node.calls = std::move(calls);
  return plan_of(std::move(node), types, list_of(std::move(input)));
}
std::string one(PlanPtr input, AggregateCall call) {
  return Bench().run(aggregated(std::move(input), {}, list_of(std::move(call))));
}
PlanPtr none() { return over_input(Filter{.predicate = compare(constant(1), "=", constant(2))}, rows_of(ints({1}))); }

TEST_CASE("aggregate: of no rows counts are 0 and the others NULL; of no groups there are no rows") {
  using enum AggregateKind;
  CHECK(Bench().run(aggregated(
            none(), {},
            list_of(agg(count_rows, kInt), agg(count, kInt, list(at(0))), agg(sum, kInt, list(at(0))),
                    agg(average, kFloat, list(at(0))), agg(least, kInt, list(at(0)))))) == "0,0,NULL,NULL,NULL");
  CHECK(Bench().run(aggregated(none(), list(at(0)), list_of(agg(count_rows, kInt)))) == "");
}

TEST_CASE("aggregate: NULLs are skipped by all but count(*), and are one group") {
  using enum AggregateKind;
  auto input = [] { return rows_of(ints({1, {}, 1, {}, 2}), ints({10, 20, {}, {}, {}})); };
  CHECK(
      Bench().run(aggregated(input(), list(at(0)),
                             list_of(agg(count_rows, kInt), agg(count, kInt, list(at(1))), agg(sum, kInt, list(at(1))),
                                     agg(average, kFloat, list(at(1))), agg(greatest, kInt, list(at(1)))))) ==
      "1,2,1,10,10,10|NULL,2,1,20,20,20|2,1,0,NULL,NULL,NULL");
}

TEST_CASE("aggregate: sum of INT may pass INT on the way, but not at the end") {
  using enum AggregateKind;
  CHECK(one(rows_of(ints({INT64_MAX, INT64_MAX, -INT64_MAX})), agg(sum, kInt, list(at(0)))) == "9223372036854775807");
  CHECK(one(rows_of(ints({INT64_MAX, 1})), agg(sum, kInt, list(at(0)))) == "<22003>");
  CHECK(one(rows_of(ints({INT64_MIN, -1})), agg(sum, kInt, list(at(0)))) == "<22003>");
  CHECK(one(rows_of(ints({INT64_MAX, INT64_MAX})), agg(average, kFloat, list(at(0)))) == "9223372036854775808");
  CHECK(one(rows_of(floats({1e308, 1e308})), agg(sum, kFloat, list(at(0, kFloat)))) == "<22003>");
  CHECK(one(rows_of(floats({INFINITY, 1e308})), agg(sum, kFloat, list(at(0, kFloat)))) == "inf");
  const Type money{.kind = TypeKind::decimal, .precision = 18, .scale = 2};
  CHECK(one(rows_of(ints({150, 275}, money)), agg(sum, money, list(at(0, money)))) == "425");
  CHECK(one(rows_of(ints({150, 275}, money)), agg(average, kFloat, list(at(0, money)))) == "2.125");
  CHECK(one(rows_of(ints({999'999'999'999'999'999, 1}, money)), agg(sum, money, list(at(0, money)))) == "<22003>");
}

TEST_CASE("aggregate: variances are stable around a large mean, and NULL where they are not defined") {
  using enum AggregateKind;
  auto far = [] { return rows_of(floats({1e9 + 4, 1e9 + 7, 1e9 + 13, 1e9 + 16})); };  // Textbook: 30 and 22.5.
  CHECK(one(far(), agg(variance_sample, kFloat, list(at(0, kFloat)))) == "30");
  CHECK(one(far(), agg(variance_population, kFloat, list(at(0, kFloat)))) == "22.5");
  CHECK(one(rows_of(floats({2, 4, 4, 4, 5, 5, 7, 9})), agg(deviation_population, kFloat, list(at(0, kFloat)))) == "2");
  CHECK(one(rows_of(floats({5})), agg(deviation_sample, kFloat, list(at(0, kFloat)))) == "NULL");
  CHECK(one(rows_of(floats({5})), agg(variance_population, kFloat, list(at(0, kFloat)))) == "0");
}

TEST_CASE("aggregate: least and greatest follow the type's order") {
  using enum AggregateKind;
  CHECK(one(rows_of(floats({NAN, 1, -INFINITY})), agg(greatest, kFloat, list(at(0, kFloat)))) == "nan");
  CHECK(one(rows_of(floats({NAN, NAN})), agg(least, kFloat, list(at(0, kFloat)))) == "nan");
  CHECK(one(rows_of(floats({NAN, 1})), agg(least, kFloat, list(at(0, kFloat)))) == "1");
  CHECK(one(rows_of(texts({"b", {}, "", "ba"})), agg(least, kText, list(at(0, kText)))) == "");
  CHECK(one(rows_of(texts({"b", {}, "", "ba"})), agg(greatest, kText, list(at(0, kText)))) == "ba");
  const auto month_or_31_days = column_of<Interval>(
      kInterval, {Interval{.months = 1, .days = 0, .ns = 0}, Interval{.months = 0, .days = 31, .ns = 0}});
  Column copy(kInterval);
  copy.append_run(month_or_31_days, 0, 2);
  CHECK(one(rows_of(std::move(copy)), agg(greatest, kInterval, list(at(0, kInterval)))) == "0m31d0n");
}

TEST_CASE("aggregate: an average interval gives what is left of months to days, of days to time") {
  using enum AggregateKind;
  auto two = [] {
    return rows_of(column_of<Interval>(kInterval, {Interval{.months = 1, .days = 1, .ns = 0}, Interval{}}));
  };
  CHECK(one(two(), agg(sum, kInterval, list(at(0, kInterval)))) == "1m1d0n");
  CHECK(one(two(), agg(average, kInterval, list(at(0, kInterval)))) == "0m15d43200000000000n");
}

TEST_CASE("aggregate: first and last go by time; of one time the earlier, the later row; NULL times do not count") {
  using enum AggregateKind;
  auto input = [] { return rows_of(texts({"c", "a", "b", "z", "y", {}}), ints({5, 1, 1, {}, 9, 9}, kTime)); };
  CHECK(one(input(), agg(first, kText, list(at(0, kText), at(1, kTime)))) == "a");
  CHECK(one(input(), agg(last, kText, list(at(0, kText), at(1, kTime)))) == "NULL");  // The value then.
  CHECK(one(rows_of(ints({1}), ints({{}}, kTime)), agg(last, kInt, list(at(0), at(1, kTime)))) == "NULL");
}

TEST_CASE("aggregate: bool_and and bool_or skip NULL") {
  using enum AggregateKind;
  const auto run = [](AggregateKind kind, std::vector<std::optional<std::uint8_t>> values) {
    return one(rows_of(bools(values)), agg(kind, kBool, list(at(0, kBool))));
  };
  CHECK(run(bool_and, {1, {}, 1}) == "t");
  CHECK(run(bool_and, {1, 0, 1}) == "f");
  CHECK(run(bool_or, {0, {}, 0}) == "f");
  CHECK(run(bool_or, {0, 1, 0}) == "t");
  CHECK(run(bool_or, {{}, {}}) == "NULL");
}

TEST_CASE("aggregate: string_agg puts a row's delimiter before it, in the order asked for") {
  using enum AggregateKind;
  auto input = [] { return rows_of(texts({"b", {}, "a", "c", "a"}), ints({1, 2, 3, 4, 5})); };
  CHECK(one(input(), agg(string_agg, kText, list(at(0, kText), text("-")))) == "b-a-c-a");
  CHECK(one(input(), agg(string_agg, kText, list(at(0, kText), null_of(kText)))) == "baca");
  auto ordered = agg(string_agg, kText, list(at(0, kText), text("-")));
  ordered.order_by.push_back(key(at(0, kText)));
  ordered.order_by.push_back(key(at(1), true));
  CHECK(one(input(), std::move(ordered)) == "a-a-b-c");
  auto distinct = agg(string_agg, kText, list(at(0, kText), text("-")));
  distinct.distinct = true;
  distinct.order_by.push_back(key(at(0, kText), true));
  CHECK(one(input(), std::move(distinct)) == "c-b-a");
}

TEST_CASE("aggregate: DISTINCT is per group, FILTER per call, and neither loses a group") {
  using enum AggregateKind;
  auto input = rows_of(ints({1, 1, 1, 2, 3}), ints({5, 5, 6, 5, {}}));
  auto distinct = agg(sum, kInt, list(at(1)));
  distinct.distinct = true;
  auto filtered = agg(count_rows, kInt);
  filtered.filter = compare(at(1), ">", constant(5));
  auto counted = agg(count, kInt, list(at(1)));
  counted.distinct = true;
  counted.filter = compare(at(0), "<", constant(3));
  CHECK(Bench().run(aggregated(std::move(input), list(at(0)),
                               list_of(std::move(distinct), std::move(filtered), std::move(counted)))) ==
        "1,11,1,2|2,5,0,1|3,NULL,0,0");
}

// The oracle groups by a std::map of the printed key.
struct Expected {
  std::int64_t rows = 0;
  std::int64_t sum = 0;
  std::set<std::int64_t> seen;
};

TEST_CASE("aggregate: grouping by any keys agrees with a map of them") {
  std::mt19937_64 random(11);
  for (const int keys : {1, 2, 3}) {
    for (const std::uint64_t spread : {3U, 700U, 40'000U}) {
      Ints numbers, values;
      Texts names;
      std::map<std::string, Expected> expected;
      for (int i = 0; i < 20'000; ++i) {
        const auto key_number = static_cast<std::int64_t>(random() % spread);
        numbers.push_back(random() % 50 == 0 ? std::nullopt : std::optional(key_number));
        names.push_back(random() % 50 == 0 ? std::nullopt : std::optional("name_" + std::to_string(key_number % 100)));
        values.push_back(static_cast<std::int64_t>(random() % 20));
        const std::string number = numbers.back() ? std::to_string(*numbers.back()) : "NULL";
        const std::string name = names.back().value_or("NULL");
        Expected& e = expected[keys == 1 ? number : keys == 2 ? name : number + ',' + name];
        ++e.rows;
        e.sum += *values.back();
        e.seen.insert(*values.back());
      }
      auto groups = keys == 1 ? list(at(0)) : keys == 2 ? list(at(1, kText)) : list(at(0), at(1, kText));
      auto distinct = agg(AggregateKind::count, kInt, list(at(2)));
      distinct.distinct = true;
      auto plan = aggregated(rows_of(ints(numbers), texts(names), ints(values)), std::move(groups),
                             list_of(agg(AggregateKind::count_rows, kInt), agg(AggregateKind::sum, kInt, list(at(2))),
                                     std::move(distinct)));
      std::set<std::string> want;
      for (const auto& [k, e] : expected) {
        want.insert(k + ',' + std::to_string(e.rows) + ',' + std::to_string(e.sum) + ',' +
                    std::to_string(e.seen.size()));
      }
      const std::string text = Bench().run(plan) + '|';
      std::set<std::string> got;
      std::size_t rows = 0;
      for (std::size_t from = 0, to; (to = text.find('|', from)) != std::string::npos; from = to + 1, ++rows) {
        got.insert(text.substr(from, to - from));
      }
      CHECK(rows == want.size());
      REQUIRE(got == want);
    }
  }
}

TEST_CASE("aggregate: too many groups for the budget is 53200, not a crash") {
  Ints values;
  for (std::int64_t i = 0; i < 50'000; ++i) values.push_back(i);
  Bench bench(MemoryBudget::kBytesMin);
  bench.budget.set_share_cap(MemoryShare::queries, 1 << 20);
  CHECK(bench.run(aggregated(rows_of(ints(values)), list(at(0)), list_of(agg(AggregateKind::count_rows, kInt)))) ==
        "<53200>");
  CHECK(bench.budget.used() == 0);
}

}  // namespace
}  // namespace mneme::query::test
