// The operators that only pass rows: values, filter, project, limit, union all, distinct.
#include "query/operator.h"

#include <doctest/doctest.h>

#include <cmath>

#include "query/test_plans.h"

namespace mneme::query::test {
namespace {

PlanPtr numbers(std::int64_t count) {
  Ints values;
  for (std::int64_t i = 0; i < count; ++i) values.push_back(i);
  return rows_of(ints(values));
}
PlanPtr counted(PlanPtr input) {
  Aggregate aggregate;
  aggregate.calls.push_back({.kind = AggregateKind::count_rows,
                             .arguments = {},
                             .distinct = false,
                             .filter = nullptr,
                             .order_by = {},
                             .type = kInt});
  return plan_of(std::move(aggregate), {kInt}, list_of(std::move(input)));
}
PlanPtr limited(PlanPtr input, ExpressionPtr limit, ExpressionPtr offset = nullptr) {
  return over_input(Limit{.limit = std::move(limit), .offset = std::move(offset)}, std::move(input));
}

TEST_CASE("values: one empty row is one row, although it has no columns") {
  Values values;
  values.rows.emplace_back();
  Project project;
  project.expressions = list(compute(constant(1), "+", constant(1)), text("x"));
  auto plan = plan_of(std::move(project), {kInt, kText}, list_of(plan_of(std::move(values), {})));
  CHECK(Bench().run(plan) == "2,x");
}

TEST_CASE("a plan without columns still has rows to count") {
  Project none;
  CHECK(Bench().run(counted(plan_of(std::move(none), {}, list_of(numbers(5'000))))) == "5000");
}

TEST_CASE("filter: keeps the rows in which the predicate is true, not those in which it is NULL") {
  auto input = rows_of(ints({1, {}, 3, 0}), texts({"a", "b", {}, ""}));
  auto plan = over_input(Filter{.predicate = compare(at(0), ">=", constant(1))}, std::move(input));
  CHECK(Bench().run(plan) == "1,a|3,NULL");
}

TEST_CASE("project: a column may pass once, twice and inside a computation") {
  auto input = rows_of(ints({1, {}}), texts({"a", {}}));
  const Type both[]{kText, kText};
  Project project;
  project.expressions = list(at(1, kText), compute(at(0), "*", constant(2)), at(0),
                             call(text_function("||", both), kText, list(at(1, kText), text("!"))), at(1, kText));
  auto plan = plan_of(std::move(project), {kText, kInt, kInt, kText, kText}, list_of(std::move(input)));
  CHECK(Bench().run(plan) == "a,2,1,a!,a|NULL,NULL,NULL,NULL,NULL");
}

TEST_CASE("limit: windows across batches; NULL is no limit; a negative one is refused") {
  CHECK(Bench().run(limited(numbers(5'000), constant(3), constant(2'047))) == "2047|2048|2049");
  CHECK(Bench().run(limited(numbers(3), constant(0))) == "");
  CHECK(Bench().run(limited(numbers(3), constant(9), constant(5))) == "");
  CHECK(Bench().run(limited(numbers(3), null_of(kInt), constant(1))) == "1|2");
  CHECK(Bench().run(limited(numbers(3), constant(INT64_MAX), constant(2))) == "2");
  CHECK(Bench().run(limited(numbers(3), constant(-1))) == "<2201W>");
  CHECK(Bench().run(limited(numbers(3), nullptr, constant(-1))) == "<2201X>");
}

TEST_CASE("union all: one input after the other, empty ones too") {
  auto plan = plan_of(UnionAll{}, {kInt},
                      list_of(numbers(2), limited(numbers(4), constant(0)), numbers(1), rows_of(ints({7, {}}))));
  CHECK(Bench().run(plan) == "0|1|0|7|NULL");
}

TEST_CASE("distinct: the first of equal rows stays; NULLs are equal, -0 is 0, '' is not NULL") {
  CHECK(Bench().run(over_input(Distinct{}, rows_of(ints({3, {}, 3, 1, {}, 1, 2})))) == "3|NULL|1|2");
  CHECK(Bench().run(over_input(Distinct{}, rows_of(texts({"a", {}, "", "a", "", {}})))) == "a|NULL|");
  CHECK(Bench().run(over_input(Distinct{}, rows_of(floats({0.0, -0.0, NAN, -NAN, 1.0})))) == "0|nan|1");
  auto pairs = rows_of(texts({"a", "ab", "a", {}, {}, "ab"}), texts({"bc", "c", "bc", "x", "x", {}}));
  CHECK(Bench().run(over_input(Distinct{}, std::move(pairs))) == "a,bc|ab,c|NULL,x|ab,NULL");
}

TEST_CASE("distinct: every number once, whatever the size of the table of them") {
  Ints values;
  for (std::int64_t i = 0; i < 20'000; ++i) values.push_back(i * 7'919 % 9'973);  // 9,973 is prime: all remainders.
  CHECK(Bench().run(counted(over_input(Distinct{}, rows_of(ints(values))))) == "9973");
  auto wide = rows_of(ints(values), texts(Texts(values.size(), "same")));
  CHECK(Bench().run(counted(over_input(Distinct{}, std::move(wide)))) == "9973");
}

PlanPtr series(ExpressionPtr first, ExpressionPtr last, ExpressionPtr step) {
  const Type type = first->type;
  return plan_of(Series{.first = std::move(first), .last = std::move(last), .step = std::move(step)}, {type});
}
ExpressionPtr interval(std::int32_t months, std::int32_t days, std::int64_t ns) {
  return make_constant(column_of<Interval>(kInterval, {Interval{.months = months, .days = days, .ns = ns}}));
}

TEST_CASE("series: up, down, to the end of INT, and nowhere") {
  CHECK(Bench().run(series(constant(1), constant(7), constant(3))) == "1|4|7");
  CHECK(Bench().run(series(constant(3), constant(1), constant(-1))) == "3|2|1");
  CHECK(Bench().run(series(constant(3), constant(1), constant(1))) == "");
  CHECK(Bench().run(series(constant(INT64_MAX - 1), constant(INT64_MAX), constant(1))) ==
        "9223372036854775806|9223372036854775807");
  CHECK(Bench().run(series(constant(1), null_of(kInt), constant(1))) == "");
  CHECK(Bench().run(series(constant(1), constant(2), constant(0))) == "<22023>");
  CHECK(Bench().run(counted(series(constant(1), constant(10'000), constant(1)))) == "10000");
}

TEST_CASE("series: months follow the calendar from the value before, as in PostgreSQL") {
  constexpr std::int64_t kDay = 86'400'000'000'000;
  const auto day = [](std::int64_t days) { return make_constant(ints({days * kDay}, kTime)); };
  // 31 January, 28 February, 28 March 1970 are days 30, 58 and 86.
  CHECK(Bench().run(series(day(30), day(90), interval(1, 0, 0))) ==
        "2592000000000000|5011200000000000|7430400000000000");
  CHECK(Bench().run(series(day(1), day(0), interval(0, 0, -kDay / 2))) == "86400000000000|43200000000000|0");
  CHECK(Bench().run(series(day(0), day(1), interval(0, 0, 0))) == "<22023>");
}

TEST_CASE("a statement that is stopped ends with 57014 at its next batch") {
  Bench bench;
  int left = 3;
  bench.context.stop_argument = &left;
  bench.context.should_stop = [](void* argument) { return --*static_cast<int*>(argument) < 0; };
  CHECK(bench.run(counted(numbers(20'000))) == "<57014>");
}

TEST_CASE("an operator that may not hold its rows fails with 53200 and gives all memory back") {
  Bench bench(MemoryBudget::kBytesMin);
  bench.budget.set_share_cap(MemoryShare::queries, 100'000);
  CHECK(bench.run(over_input(Distinct{}, numbers(20'000))) == "<53200>");
  CHECK(bench.budget.used() == 0);
}

TEST_CASE("a plan deeper than the stack allows is refused") {
  PlanPtr plan = numbers(1);
  for (int i = 0; i < 1'000; ++i) plan = over_input(Distinct{}, std::move(plan));
  CHECK(Bench().run(*plan) == "<54001>");
}

}  // namespace
}  // namespace mneme::query::test
