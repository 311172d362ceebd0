// What the binder refuses: PostgreSQL's SQLSTATE, the place, and a hint where a near name exists.
#include <doctest/doctest.h>

#include "sql/binder_test.h"

namespace mneme::sql::testing {
namespace {

// "SQLSTATE line:column" of a statement that does not bind.
std::string place_of(std::string_view sql) {
  const std::string text = bound(sql);
  const std::size_t space = text.find(' ');
  return space == 5 ? text.substr(0, text.find(' ', space + 1)) : "bound";
}
bool has(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

TEST_CASE("binder: a wrong statement fails with PostgreSQL's SQLSTATE, where the mistake stands") {
  const struct {
    std::string_view expected, sql;
  } kWrong[] = {
      {"42P01 1:15", "SELECT * FROM nothing"},
      {"42703 1:8", "SELECT nothing FROM moments"},
      {"42703 2:7", "SELECT id FROM moments\nWHERE nothing = 1"},
      {"42P01 1:8", "SELECT m.id FROM imu"},
      {"42P01 1:8", "SELECT moments.id FROM moments m"},
      {"42702 1:8", "SELECT ts FROM moments, imu"},
      {"42712 1:24", "SELECT 1 FROM moments, moments"},
      {"42883 1:8", "SELECT frobnicate(1)"},
      {"42883 1:11", "SELECT id + label FROM moments"},
      {"42804 1:30", "SELECT id FROM moments WHERE id"},
      {"42804 1:8", "SELECT CASE WHEN true THEN 1 ELSE DATE '2024-01-01' END"},
      {"42803 1:8", "SELECT label FROM moments GROUP BY score"},
      {"42803 1:30", "SELECT id FROM moments WHERE count(*) > 1"},
      {"42803 1:12", "SELECT sum(count(*)) FROM moments"},
      {"42803 1:8", "SELECT label, count(*) FROM moments"},
      {"42P10 1:33", "SELECT id FROM moments ORDER BY 2"},
      {"42P10 1:45", "SELECT DISTINCT label FROM moments ORDER BY score"},
      {"42P10 1:30", "SELECT id FROM moments LIMIT id"},
      {"22P02 1:35", "SELECT id FROM moments WHERE id = 'x'"},
      {"42846 1:8", "SELECT face::INT FROM moments"},
      {"42704 1:11", "SELECT 1::nonsense"},
      {"42809 1:8", "SELECT length(DISTINCT label) FROM moments"},
      {"42601 1:8", "SELECT *"},
      {"42601 1:18", "SELECT 1 WHERE 1 IN (SELECT 1, 2)"},
      {"42601 1:20", "SELECT 1 UNION ALL SELECT 1, 2"},
      {"42804 1:10", "SELECT 1 UNION ALL SELECT DATE '2024-01-01'"},
      {"42712 1:23", "WITH a AS (SELECT 1), a AS (SELECT 2) SELECT 1 FROM a"},
      {"42703 1:43", "SELECT 1 FROM moments JOIN imu USING (ts, nothing)"},
      {"42703 1:22", "INSERT INTO moments (nothing) VALUES (1)"},
      {"42701 1:26", "INSERT INTO moments (id, id) VALUES (1, 2)"},
      {"42601 1:34", "INSERT INTO moments (id) VALUES (1, 2)"},
      {"42P10 1:50", "INSERT INTO moments (id) VALUES (1) ON CONFLICT (score) DO NOTHING"},
      {"42703 1:20", "UPDATE moments SET nothing = 1"},
      {"42601 1:28", "UPDATE moments SET id = 1, id = 2"},
      {"42804 1:25", "UPDATE moments SET id = DATE '2024-01-01'"},
      {"22000 1:27", "UPDATE moments SET face = '[1,2]'"},
  };
  for (const auto& wrong : kWrong) {
    CHECK_MESSAGE(place_of(wrong.sql) == wrong.expected, wrong.sql, " -> ", bound(wrong.sql));
  }
}

TEST_CASE("binder: what is not there yet says so, where, and what to do instead") {
  for (const char* sql : {
           "SELECT rank() OVER (ORDER BY id) FROM moments",
           "SELECT * FROM moments, LATERAL (SELECT 1) q",
           "WITH RECURSIVE a AS (SELECT 1 UNION ALL SELECT 2) SELECT * FROM a",
           "SELECT label FROM moments GROUP BY ROLLUP (label)",
           "SELECT (id, ts) IN (SELECT 1, now()) FROM moments",
           "SELECT id > ALL (SELECT 1) FROM moments",
           "SELECT (SELECT label FROM moments m WHERE m.ts = i.ts) FROM imu i",
           "SELECT (SELECT max(id) FROM moments m WHERE m.ts < i.ts) FROM imu i",
           "SELECT * FROM unnest(1)",
       }) {
    const std::string text = bound(sql);
    CHECK_MESSAGE(text.starts_with("0A000 1:"), sql, " -> ", text);
    CHECK_MESSAGE(has(text, "["), sql, " -> ", text);
  }
}

TEST_CASE("binder: a hint names what is near") {
  CHECK(has(bound("SELECT scroe FROM moments"), "did you mean \"score\"?"));
  CHECK(has(bound("SELECT * FROM moment"), "did you mean \"moments\"?"));
  CHECK(has(bound("SELECT \"x\" FROM moments"), "'in single quotes'"));
  CHECK(has(bound("SELECT id FROM moments WHERE count(*) > 1"), "HAVING"));
  CHECK(has(bound("SELECT moments.id FROM moments AS m"), "alias"));
}

TEST_CASE("schemas: a wrong CREATE or ALTER fails with PostgreSQL's SQLSTATE") {
  const struct {
    std::string_view expected, sql;
  } kWrong[] = {
      {"42701", "CREATE TABLE x (a INT, a INT)"},
      {"42704", "CREATE TABLE x (a STRANGE)"},
      {"42P16", "CREATE TABLE x (a INT PRIMARY KEY, b INT PRIMARY KEY)"},
      {"42703", "CREATE TABLE x (a INT, PRIMARY KEY (b))"},
      {"42704", "CREATE TABLE x (a JSON PRIMARY KEY)"},
      {"42804", "CREATE TABLE x (a INT CHECK (a + 1))"},
      {"42703", "CREATE TABLE x (a INT CHECK (b > 1))"},
      {"0A000", "CREATE TABLE x (a INT CHECK (a > (SELECT 1)))"},
      {"42804", "CREATE TABLE x (a INT DEFAULT true)"},
      {"42703", "CREATE TABLE x (a INT DEFAULT a)"},
      {"42P02", "CREATE TABLE x (a INT DEFAULT $1)"},
      {"22P02", "CREATE TABLE x (a INT DEFAULT 'x')"},
      {"22023", "CREATE TABLE x (a VECTOR)"},
      {"22023", "CREATE TABLE x (a INT) WITH (durability = 'never')"},
      {"22023", "CREATE TABLE x (a INT) WITH (colour = 'red')"},
      {"0A000", "CREATE TABLE x (a INT REFERENCES moments)"},
      {"42701", "ALTER TABLE moments ADD COLUMN id INT"},
      {"42703", "ALTER TABLE moments DROP COLUMN nothing"},
      {"42701", "ALTER TABLE moments RENAME COLUMN id TO label"},
      {"42703", "CREATE INDEX ON moments (nothing)"},
      {"42P07", "CREATE INDEX moments_label_idx ON moments (score)"},
      {"0A000", "CREATE INDEX ON moments USING hnsw (face)"},
      {"42704", "CREATE INDEX ON moments (face)"},
  };
  for (const auto& wrong : kWrong) {
    Catalogue catalogue;
    CHECK_MESSAGE(catalogue.create(wrong.sql).substr(0, 5) == wrong.expected, wrong.sql, " -> ",
                  catalogue.create(wrong.sql));
  }
}

TEST_CASE("schemas: names, keys and numbers follow PostgreSQL's habits") {
  Catalogue catalogue;
  CHECK(catalogue.create("CREATE TABLE t (a BIGSERIAL PRIMARY KEY, b TEXT UNIQUE, c INT CHECK (c > 0), UNIQUE (b, c))")
            .empty());
  const auto table = catalogue.find("t");
  REQUIRE(table != nullptr);
  REQUIRE(table->indexes.size() == 3);
  CHECK(table->indexes[0].name == "t_pkey");
  CHECK(table->indexes[0].primary);
  CHECK(table->indexes[1].name == "t_b_key");
  CHECK(table->indexes[2].name == "t_b_c_key");
  CHECK(table->columns[0].identity);
  CHECK(table->columns[0].not_null);
  REQUIRE(table->checks.size() == 1);
  CHECK(table->checks[0].name == "t_c_check");
  CHECK(table->columns.size() == 3);
}

TEST_CASE("schemas: VARCHAR(n) holds what is stored to its length; a cast to it cuts") {
  Catalogue catalogue;
  CHECK(catalogue.create("CREATE TABLE t (a VARCHAR(3), b TEXT, c VARCHAR)").empty());
  REQUIRE(catalogue.find("t")->checks.size() == 1);
  CHECK(catalogue.find("t")->checks[0].sql == "fits_length(a, 3)");
  CHECK(bound("SELECT 'cut off'::VARCHAR(3)") == "Project 'cut'\n  Values (t)\n");
}

TEST_CASE("schemas: a table without a key has a hidden one, which * does not show") {
  Catalogue catalogue;
  const auto table = catalogue.find("imu");
  CHECK(table->columns.back().hidden);
  CHECK(table->primary_key.empty());
  CHECK(has(bound("SELECT * FROM imu"), "Project ts, device, ax\n"));
}

TEST_CASE("schemas: a renamed column is renamed in the checks, a dropped one takes its checks and indexes along") {
  Catalogue catalogue;
  CHECK(catalogue.create("CREATE TABLE t (a INT, b INT, CHECK (t.a < b), CHECK (a > 0))").empty());
  CHECK(catalogue.create("CREATE INDEX ON t (a, b)").empty());
  CHECK(catalogue.create("ALTER TABLE t RENAME COLUMN a TO \"A b\"").empty());
  CHECK(catalogue.find("t")->checks[0].sql == "\"A b\" < b");
  CHECK(catalogue.create("ALTER TABLE t DROP COLUMN b").empty());
  REQUIRE(catalogue.find("t")->checks.size() == 1);
  CHECK(catalogue.find("t")->checks[0].sql == "\"A b\" > 0");
  CHECK(catalogue.find("t")->indexes.empty());
}

TEST_CASE("schemas: the DEFAULT of an added column is what older rows read; a CHECK must let it pass") {
  Catalogue catalogue;
  CHECK(catalogue.create("CREATE TABLE t (a INT)").empty());
  CHECK(catalogue.create("ALTER TABLE t ADD COLUMN b INT DEFAULT 7 CHECK (b > 0), ADD COLUMN c TEXT").empty());
  CHECK_FALSE(catalogue.find("t")->find("b")->missing_value.empty());
  CHECK(catalogue.find("t")->find("c")->missing_value.empty());
  CHECK(catalogue.create("ALTER TABLE t ADD COLUMN d INT DEFAULT 0 CHECK (d > 0)").starts_with("23514"));
  CHECK(catalogue.find("t")->find("d") == nullptr);
}

TEST_CASE("schemas: a key that ends in a TIMESTAMP names the time column") {
  Catalogue catalogue;
  CHECK(catalogue.create("CREATE TABLE t (device TEXT, ts TIMESTAMP, PRIMARY KEY (device, ts))").empty());
  CHECK(catalogue.find("t")->time_column == catalogue.find("t")->find("ts")->id);
  CHECK(catalogue.create("CREATE TABLE u (ts TIMESTAMP, x INT) WITH (time = ts, durability = os)").empty());
  CHECK(catalogue.find("u")->time_column == catalogue.find("u")->find("ts")->id);
  CHECK(catalogue.find("u")->durability == Durability::os);
}

}  // namespace
}  // namespace mneme::sql::testing
