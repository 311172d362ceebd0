// The rules, seen from SQL: each changes the plan, and the plan yields the same rows as before.
#include <doctest/doctest.h>

#include <algorithm>

#include "query/test_plans.h"
#include "sql/binder_test.h"

namespace mneme::sql::testing {
namespace {

std::vector<std::string> rows_of(const query::StatementPlan& plan) {
  query::test::Bench bench;
  const std::string all = bench.run(*plan.root);
  std::vector<std::string> rows;
  for (std::size_t begin = 0; begin < all.size();) {
    const std::size_t end = std::min(all.find('|', begin), all.size());
    rows.push_back(all.substr(begin, end - begin));
    begin = end + 1;
  }
  std::ranges::sort(rows);
  return rows;
}

// The rows of a query over VALUES, which are the same before and after the rules.
std::size_t same_rows(std::string_view sql) {
  const Catalogue catalogue;
  auto plan = plan_of(catalogue, sql);
  REQUIRE_MESSAGE(plan.has_value(), sql);
  const auto before = rows_of(*plan);
  const std::string text = explain_all(*plan);
  query::apply_rules(*plan);
  CHECK_MESSAGE(rows_of(*plan) == before, sql);
  CHECK_MESSAGE(explain_all(*plan) != text, sql);  // Else the query proves nothing.
  return before.size();
}

// Rows of two tables, t(a, b, c) and u(x, y), with NULLs and keys that match never, once and twice.
std::string over_tables(const std::string& query) {
  return "WITH t(a, b, c) AS (VALUES (1, 'x', 1.5), (2, 'y', NULL), (3, NULL, 0.5), (4, 'x', 2.5), (4, 'z', 9.0)), "
         "u(x, y) AS (VALUES (1, 10), (1, 11), (3, NULL), (4, 40), (NULL, 50)) " +
         query;
}

bool has(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

TEST_CASE("rules: conditions go down to the scan, through projections, groups, sorts and unions") {
  CHECK(optimised("SELECT n FROM (SELECT id + 1 AS n FROM moments ORDER BY 1) q WHERE n > 5") ==
        "Sort n\n"
        "  Project id + 1\n"
        "    Scan moments (id) filter (id + 1) > 5\n");
  CHECK(has(optimised("SELECT label, count(*) FROM moments GROUP BY label HAVING label > 'a' AND count(*) > 1"),
            "Filter count(*) > 1\n    Aggregate count(*) by label\n      Scan moments (label) filter label > 'a'"));
  CHECK(same_rows(over_tables("SELECT * FROM (SELECT a * 2 AS d, b FROM t) q WHERE d > 3 AND b = 'x'")) == 1);
  CHECK(same_rows(over_tables("SELECT b, count(*) FROM t GROUP BY b HAVING b >= 'x' AND count(*) < 3")) == 3);
  CHECK(same_rows(over_tables("SELECT * FROM (SELECT a FROM t UNION ALL SELECT x FROM u) q WHERE a > 2")) == 5);
  CHECK(same_rows(over_tables("SELECT * FROM (SELECT DISTINCT a FROM t) q WHERE a > 3")) == 1);
}

TEST_CASE("rules: a limit keeps the conditions above it above it") {
  CHECK(has(optimised("SELECT id FROM (SELECT id, score FROM moments ORDER BY score LIMIT 3) q WHERE id > 1"),
            "Filter id > 1\n    Limit 3\n"));
  CHECK(same_rows(over_tables("SELECT a FROM (SELECT a FROM t ORDER BY a LIMIT 2) q WHERE a > 1")) == 1);
}

TEST_CASE("rules: conditions on one side of a join are tested before it, unless the other side's rows need them") {
  CHECK(optimised("SELECT m.id, i.ax FROM moments m LEFT JOIN imu i ON m.ts = i.ts AND i.ax > 2 WHERE m.id < 7") ==
        "Project m.id, i.ax\n"
        "  Left join on m.ts = i.ts\n"
        "    Scan moments AS m (id, ts) filter id < 7 prune id in [ .. 7]\n"
        "    Scan imu AS i (ts, ax) filter ax > 2 prune ax in [2 .. ]\n");
  for (const char* kind : {"JOIN", "LEFT JOIN", "RIGHT JOIN", "FULL JOIN"}) {
    const std::string join = std::string("SELECT * FROM t ") + kind + " u ON a = x AND y > 10 AND a < 4";
    same_rows(over_tables(join));
    same_rows(over_tables(join + " WHERE a > 1"));
    same_rows(over_tables(join + " WHERE y IS NULL"));
    same_rows(over_tables(join + " WHERE y > 5 OR c > 1"));
    same_rows(over_tables(join + " WHERE coalesce(y, 0) < 11 AND b = 'x'"));
  }
}

TEST_CASE("rules: a left join whose padded rows a condition drops is an inner one") {
  const auto plan = [](const std::string& where) {
    return optimised("SELECT m.id FROM moments m LEFT JOIN imu i ON m.ts = i.ts WHERE " + where);
  };
  CHECK(has(plan("i.ax > 1"), "\n  Join on"));
  CHECK(has(plan("i.ax IS NOT NULL"), "\n  Join on"));
  CHECK(has(plan("i.ax IS NULL"), "Left join"));
  CHECK(has(plan("m.score > 1"), "Left join"));
  CHECK(same_rows(over_tables("SELECT a, y FROM t LEFT JOIN u ON a = x WHERE y > 5")) == 4);
  CHECK(same_rows(over_tables("SELECT a, y FROM t LEFT JOIN u ON a = x WHERE NOT y IS NULL")) == 4);
}

TEST_CASE("rules: equalities between tables of a comma list are the keys of joins") {
  CHECK(optimised("SELECT a.id FROM moments a, moments b, imu c WHERE a.id = b.id AND b.ts = c.ts AND c.ax = 1") ==
        "Project a.id\n"
        "  Join on b.ts = c.ts\n"
        "    Join on a.id = b.id\n"
        "      Scan moments AS a (id)\n"
        "      Scan moments AS b (id, ts)\n"
        "    Scan imu AS c (ts, ax) filter ax = 1 prune ax in [1 .. 1]\n");
  CHECK(same_rows(over_tables("SELECT a, y FROM t, u WHERE a = x AND a + y > 12")) == 2);
  CHECK(same_rows(over_tables("SELECT 1 FROM t t1, t t2, u WHERE t1.a = t2.a AND t2.a = x")) == 7);
}

TEST_CASE("rules: an ASOF join's right side is tested after the nearest row is found") {
  CHECK(optimised("SELECT m.id FROM moments m ASOF JOIN imu i ON m.ts >= i.ts WHERE m.score = 1 AND i.ax > 0") ==
        "Project m.id\n"
        "  Filter i.ax > 0\n"
        "    Asof join m.ts >= i.ts\n"
        "      Scan moments AS m (id, ts, score) filter score = 1 prune score in [1 .. 1]\n"
        "      Scan imu AS i (ts, ax)\n");
  CHECK(same_rows(over_tables("SELECT a, x, y FROM t ASOF JOIN u ON a >= x WHERE a > 1 AND y > 20")) == 2);
}

TEST_CASE("rules: constants are folded, what is never true reads nothing") {
  CHECK(optimised("SELECT id FROM moments WHERE 1 = 2") == "Values 0 rows\n");
  CHECK(optimised("SELECT 2 * 3 + 1") == "Project 7\n  Values ()\n");
  CHECK(optimised("SELECT id FROM moments WHERE 1 = 1 AND id + (2 - 1) = 3") ==
        "Scan moments (id) filter (id + 1) = 3\n");
  CHECK(same_rows(over_tables("SELECT * FROM t WHERE a > 1 AND false")) == 0);
  CHECK(same_rows(over_tables("SELECT count(*) FROM t WHERE false")) == 1);
}

TEST_CASE("rules: what fails when folded is left for the rows that reach it") {
  CHECK(has(optimised("SELECT CASE WHEN id > 0 THEN id ELSE 1 / 0 END FROM moments"), "1 / 0"));
}

TEST_CASE("rules: cheap conditions are tested first, in the order of the text among equals") {
  CHECK(has(optimised("SELECT id FROM moments WHERE sqrt(score) = 1.5 AND score > 0 AND id > 1"),
            "filter (score > 0) AND (id > 1) AND (sqrt(score) = 1.5)"));
  CHECK(has(optimised("SELECT id FROM moments WHERE face <-> '[1,2,3]' < 1 AND length(lower(label)) = 3"),
            "filter (length(lower(label)) = 3) AND "));
}

TEST_CASE("rules: only the columns that are used are read and carried") {
  CHECK(optimised("SELECT count(*) FROM imu") == "Project count(*)\n  Aggregate count(*)\n    Scan imu ()\n");
  CHECK(optimised("SELECT x FROM (SELECT ax AS x, device FROM imu UNION ALL SELECT 2, 'b') q") ==
        "Union all\n"
        "  Project ax\n"
        "    Scan imu (ax)\n"
        "  Project 2\n"
        "    Values ()\n");
  CHECK(has(optimised("SELECT m.id FROM moments m JOIN imu i USING (ts)"), "Scan imu AS i (ts)\n"));
  CHECK(same_rows(over_tables("SELECT 1 FROM t JOIN u ON a = x")) == 5);
  CHECK(same_rows(over_tables("SELECT n FROM (SELECT a, count(*) AS n, sum(c) FROM t GROUP BY a) q")) == 4);
  CHECK(same_rows(over_tables("SELECT a FROM (SELECT DISTINCT a, b FROM t) q")) == 5);
  CHECK(same_rows(over_tables("SELECT 1 FROM (SELECT count(*), sum(a) FROM t) q")) == 1);
  CHECK(same_rows(over_tables("SELECT b FROM (SELECT a, b FROM t UNION ALL SELECT x, 'u' FROM u) q ORDER BY 1")) == 10);
}

TEST_CASE("rules: comparisons with what is known at the opening are bounds for the zone maps") {
  CHECK(optimised("SELECT label FROM moments WHERE ts > now() - INTERVAL '3 seconds'") ==
        "Project label\n"
        "  Scan moments (ts, label) filter ts > ($1 - '00:00:03') prune ts in [$1 - '00:00:03' .. ]\n");
  CHECK(has(optimised("SELECT label FROM moments WHERE 3 > score AND score >= 1 AND score < 2"),
            "prune score in [1 .. 2]"));
  CHECK(has(optimised("SELECT label FROM moments WHERE id IN (5, 9, 2)"), "prune id in [2 .. 9]"));
  CHECK_FALSE(has(optimised("SELECT label FROM moments WHERE score > id"), "prune"));
  CHECK_FALSE(has(optimised("SELECT label FROM moments WHERE score > 1 OR id = 2"), "prune"));
}

TEST_CASE("rules: equalities and ranges with two ends go through an index") {
  CHECK(has(optimised("SELECT * FROM moments WHERE id = $1"), " index moments_pkey (id = $1)"));
  CHECK(has(optimised("SELECT * FROM moments WHERE id > 5 AND id <= 9"), " index moments_pkey (id > 5, id <= 9)"));
  CHECK(has(optimised("SELECT * FROM moments WHERE label = 'x' AND score > 1"),
            " index moments_label_idx (label = 'x')"));
  CHECK(has(optimised("SELECT * FROM moments WHERE label = 'x' AND id = 1"), " index moments_pkey (id = 1)"));
  CHECK(has(optimised("UPDATE moments SET score = 1 WHERE id = 7"), " index moments_pkey (id = 7)"));
  CHECK(optimised("SELECT label FROM moments WHERE id = 5") ==  // The range says all: no filter, and id is not read.
        "Scan moments (label) index moments_pkey (id = 5)\n");
  CHECK(has(optimised("SELECT label FROM moments WHERE id = 5 AND id = 6"), "filter (id = 5) AND (id = 6)"));
  CHECK_FALSE(has(optimised("SELECT * FROM moments WHERE id > 5"), " index "));
  CHECK_FALSE(has(optimised("SELECT * FROM moments WHERE label <> 'x'"), " index "));
}

TEST_CASE("rules: ORDER BY ... LIMIT reads an index in order, either way") {
  CHECK(optimised("SELECT id, label FROM moments ORDER BY id DESC LIMIT 5 OFFSET 2") ==
        "Limit 5 offset 2\n"
        "  Scan moments (id, label) index moments_pkey () DESC\n");
  CHECK(has(optimised("SELECT id FROM moments WHERE id > 7 ORDER BY id LIMIT 5"), " index moments_pkey (id > 7)"));
  CHECK(
      has(optimised("SELECT id FROM moments ORDER BY id, score LIMIT 5"), " index moments_pkey ()"));  // id is unique.
  CHECK(has(optimised("SELECT id FROM moments WHERE label = 'x' ORDER BY label"), "Scan"));
  CHECK_FALSE(has(optimised("SELECT id FROM moments WHERE label = 'x' ORDER BY label"), "Sort"));
  for (const char* sorted : {"SELECT id FROM moments ORDER BY id", "SELECT id FROM moments ORDER BY label, id LIMIT 5",
                             "SELECT id FROM moments ORDER BY id DESC, label NULLS FIRST LIMIT 5",
                             "SELECT id FROM moments ORDER BY label NULLS FIRST LIMIT 5",
                             "SELECT id FROM moments WHERE score > 1 ORDER BY id LIMIT 5"}) {
    CHECK_MESSAGE(has(optimised(sorted), "Sort "), sorted);
  }
}

TEST_CASE("rules: a sort under a limit keeps no more than the limit asks for") {
  CHECK(optimised("SELECT id, score FROM moments ORDER BY score DESC LIMIT 3 OFFSET 1") ==
        "Limit 3 offset 1\n"
        "  Sort score DESC limit 3 offset 1\n"
        "    Scan moments (id, score)\n");
  CHECK(same_rows(over_tables("SELECT a, c FROM t ORDER BY c DESC, a LIMIT 2 OFFSET 1")) == 2);
  CHECK(same_rows(over_tables("SELECT b, count(*) AS n FROM t GROUP BY b ORDER BY n DESC, b LIMIT 1")) == 1);
}

}  // namespace
}  // namespace mneme::sql::testing
