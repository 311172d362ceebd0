// INTERSECT and EXCEPT over plans of Values. Expected rows are those of the standard: a row that the left input has m
// times and the right one n times comes min(m, n) times from INTERSECT ALL, max(m - n, 0) times from EXCEPT ALL.
#include "query/test_plans.h"

namespace mneme::query {
namespace {

using namespace test;
using Kind = SetOperation::Kind;

PlanPtr set_of(Kind kind, bool all, PlanPtr left, PlanPtr right) {
  auto types = types_of_plan(*left);
  return plan_of(SetOperation{kind, all}, std::move(types), list_of(std::move(left), std::move(right)));
}

TEST_CASE("set operation: rows come as often as the two inputs have them; NULLs are equal") {
  const auto left = [] { return rows_of(ints({1, 1, 1, 2, {}, {}, 3}), texts({"x", "x", "x", "y", {}, {}, "z"})); };
  const auto right = [] { return rows_of(ints({1, 1, {}, 3, 4}), texts({"x", "x", {}, "Z", "w"})); };
  Bench bench;
  CHECK(bench.run(set_of(Kind::intersect, false, left(), right())) == "1,x|NULL,NULL");
  CHECK(bench.run(set_of(Kind::intersect, true, left(), right())) == "1,x|1,x|NULL,NULL");
  CHECK(bench.run(set_of(Kind::except, false, left(), right())) == "2,y|3,z");
  CHECK(bench.run(set_of(Kind::except, true, left(), right())) == "1,x|2,y|NULL,NULL|3,z");
}

TEST_CASE("set operation: an empty side") {
  const auto some = [] { return rows_of(ints({1, 1, {}})); };
  const auto none = [] { return over_input(Filter{make_constant(bools({0}))}, rows_of(ints({1}))); };
  Bench bench;
  CHECK(bench.run(set_of(Kind::intersect, false, some(), none())).empty());
  CHECK(bench.run(set_of(Kind::intersect, true, none(), some())).empty());
  CHECK(bench.run(set_of(Kind::except, false, some(), none())) == "1|NULL");
  CHECK(bench.run(set_of(Kind::except, true, some(), none())) == "1|1|NULL");
  CHECK(bench.run(set_of(Kind::except, false, none(), some())).empty());
}

TEST_CASE("set operation: too many rows for the budget is 53200") {
  Ints many;
  for (std::int64_t i = 0; i < 20'000; ++i) many.emplace_back(i);
  Bench bench;
  bench.budget.set_share_cap(MemoryShare::queries, 100'000);
  CHECK(bench.run(set_of(Kind::except, false, rows_of(ints({1})), rows_of(ints(many)))) == "<53200>");
  CHECK(bench.run(set_of(Kind::except, false, rows_of(ints(many)), rows_of(ints({1})))) == "<53200>");
  CHECK(bench.budget.used() == 0);
}

TEST_CASE("distinct on: of rows that agree in some columns the first, whole") {
  Bench bench;
  Distinct distinct;
  distinct.on.push_back(at(0));
  auto plan =
      over_input(std::move(distinct), rows_of(ints({2, 1, 2, {}, 1, {}}), texts({"a", "b", "c", "d", "e", "f"})));
  CHECK(bench.run(plan) == "2,a|1,b|NULL,d");
}

}  // namespace
}  // namespace mneme::query
