#include "query/profile.h"

#include "query/test_plans.h"

namespace mneme::query::test {
namespace {

TEST_CASE("profile: each node says how many rows it yielded and how long it took with those beneath it") {
  std::int64_t ticks = 0;
  Profile profile([](void* argument) { return *static_cast<std::int64_t*>(argument) += 1'000'000; }, &ticks);
  Bench bench;
  bench.context.profile = &profile;
  auto plan = over_input(Filter{compare(at(0), ">", constant(1))}, rows_of(ints({1, 2, 3})));
  CHECK(bench.run(plan) == "2|3");
  // The clock ticks a millisecond when it is asked: twice by the values for each of two calls, and twice by the filter.
  CHECK(explain(*plan, profile) ==
        "Filter c0 > 1  (2 rows, 6.000 ms)\n"
        "  Values 3 rows (c0)  (3 rows, 2.000 ms)\n");
}

TEST_CASE("profile: a node that was not asked for anything says so") {
  Profile profile([](void*) { return std::int64_t{0}; });
  const auto plan = rows_of(ints({1, 2}));
  CHECK(explain(*plan, profile) == "Values 2 rows (c0)  (never run)\n");
}

}  // namespace
}  // namespace mneme::query::test
