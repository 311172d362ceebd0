// Subqueries as values: joined where they refer to the query around them, and the rows are those of one run a row.
#include <doctest/doctest.h>

#include "query/test_plans.h"
#include "sql/binder_test.h"

namespace mneme::sql::testing {
namespace {

// The rows of a query over t(k, v) and u(k, x), after the rules.
std::string rows_of(const std::string& query) {
  const Catalogue catalogue;
  auto plan = plan_of(catalogue,
                      "WITH t(k, v) AS (VALUES (1, 'a'), (2, 'b'), (3, 'c'), (NULL, 'd')), u(k, x) AS (VALUES (1, 10), "
                      "(1, 20), (2, NULL), (NULL, 5)) " +
                          query);
  if (!plan) return outcome(plan.error());
  query::apply_rules(*plan);
  REQUIRE(plan->scalar_subqueries.empty());
  query::test::Bench bench;
  return bench.run(*plan->root);
}

TEST_CASE("binder: an aggregate over the rows of the same key; no rows: NULL, or a count of 0") {
  CHECK(rows_of("SELECT v, (SELECT max(x) FROM u WHERE u.k = t.k) FROM t ORDER BY v") == "a,20|b,NULL|c,NULL|d,NULL");
  CHECK(rows_of("SELECT v, (SELECT count(*) FROM u WHERE t.k = u.k) FROM t ORDER BY v") == "a,2|b,1|c,0|d,0");
  CHECK(rows_of("SELECT v, (SELECT count(x) * 10 + 1 FROM u WHERE u.k = t.k AND x > 10) FROM t ORDER BY v") ==
        "a,11|b,1|c,1|d,1");
  CHECK(rows_of("SELECT v, (SELECT coalesce(sum(x), -1) FROM u WHERE u.k = t.k) FROM t ORDER BY v") ==
        "a,30|b,-1|c,-1|d,-1");
}

TEST_CASE("binder: such a value stands in WHERE, in ORDER BY and within aggregates") {
  CHECK(rows_of("SELECT v FROM t WHERE (SELECT count(*) FROM u WHERE u.k = t.k) = 0 OR v = 'b' ORDER BY v") == "b|c|d");
  CHECK(rows_of("SELECT v FROM t ORDER BY (SELECT count(*) FROM u WHERE u.k = t.k) DESC, v") == "a|b|c|d");
  CHECK(rows_of("SELECT sum((SELECT max(x) FROM u WHERE u.k = t.k)) FROM t") == "20");
}

TEST_CASE("binder: EXISTS is a value, too") {
  CHECK(rows_of("SELECT v, EXISTS (SELECT 1 FROM u WHERE u.k = t.k) FROM t ORDER BY v") == "a,t|b,t|c,f|d,f");
  CHECK(rows_of("SELECT v FROM t WHERE v = 'c' OR EXISTS (SELECT 1 FROM u WHERE u.k = t.k AND x IS NULL) ORDER BY v") ==
        "b|c");
  CHECK(rows_of("SELECT v FROM t WHERE EXISTS (SELECT 1 FROM u WHERE u.k = t.k LIMIT 1) ORDER BY v") == "a|b");
}

TEST_CASE("binder: IN (SELECT ...) under OR is a left join, and 0, 1 or 2 for no rows, no NULL, a NULL") {
  const std::string plan = bound("SELECT id FROM moments WHERE id = 3 OR label IN (SELECT device FROM imu)");
  CHECK(
      plan.starts_with("Subquery\n"
                       "Project CASE WHEN count = 0 THEN 0 WHEN count = count THEN 1 ELSE 2 END\n"
                       "  Aggregate count(*), count(device)\n"));
  CHECK(plan.find("Left join on moments.label = value\n") != std::string::npos);
  CHECK(bound("SELECT id IN (SELECT id, label FROM moments) FROM moments").starts_with("42601"));
}

TEST_CASE("binder: a row of the same key without an aggregate needs a unique key") {
  CHECK(bound("SELECT ax, (SELECT label FROM moments m WHERE m.id = length(device)) FROM imu") ==
        "Project imu.ax, #5\n"
        "  Left join on length(imu.device) = #0\n"
        "    Scan imu (ts, device, ax, _id)\n"
        "    Project m.id, m.label\n"
        "      Scan moments AS m (id, ts, label, score, place, face, note)\n");
  CHECK(bound("SELECT (SELECT label FROM moments m WHERE m.ts = imu.ts) FROM imu").starts_with("0A000 1:8 "));
}

}  // namespace
}  // namespace mneme::sql::testing
