// What a program that adds rows by an Appender, or asks how a statement was run, can rely on.
#include <doctest/doctest.h>

#include <limits>

#include "mneme/database.h"
#include "support/scratch_directory.h"

namespace mneme {
namespace {

std::int64_t number(Connection& connection, std::string_view sql) {
  return connection.execute(sql).value().value(0, 0).as_int();
}
std::string text(const ResultSet& result) {
  std::string out;
  for (const auto row : result) out += std::string(row[0].as_text()) + "\n";
  return out;
}
std::string state_of(const Result<void>& outcome) { return outcome ? "" : std::string(outcome.error().sqlstate()); }

}  // namespace

TEST_CASE("appender: a NULL where none may be refuses its row, not the rows beside it") {
  const support::ScratchDirectory directory;
  auto db = Database::open(directory / "db").value();
  auto connection = db.connect();
  connection.execute("CREATE TABLE t (id INT PRIMARY KEY, a INT NOT NULL, b TEXT)").value();
  auto appender = db.appender("t").value();
  appender.append(1, 10, "x").value();
  CHECK(state_of(appender.append(2, nullptr, "x")) == "23502");
  CHECK(state_of(appender.append(nullptr, 10, "x")) == "23502");
  const std::array<Value, 3> row{3, Value(), "x"};
  const auto refused = appender.append(row);
  CHECK(state_of(refused) == "23502");
  CHECK(refused.error().message() == "NULL in column 'a' of table 't', which is NOT NULL");  // As INSERT says it.
  appender.append(4, 40, nullptr).value();
  appender.flush().value();
  CHECK(number(connection, "SELECT count(*) FROM t") == 2);
  CHECK(number(connection, "SELECT sum(id * 100 + a) FROM t") == 1 * 100 + 10 + 4 * 100 + 40);
  CHECK(number(connection, "SELECT count(*) FROM t WHERE b IS NULL") == 1);
  db.close().value();
}

TEST_CASE("appender: one that leaves out a column which may not be NULL is not made, unless the column is numbered") {
  const support::ScratchDirectory directory;
  auto db = Database::open(directory / "db").value();
  auto connection = db.connect();
  connection.execute("CREATE TABLE t (id SERIAL PRIMARY KEY, a INT NOT NULL, b INT)").value();
  const std::array<std::string, 1> only_b{"b"};
  CHECK(db.appender("t", only_b).error().sqlstate() == "23502");
  const std::array<std::string, 2> both{"a", "b"};
  auto appender = db.appender("t", both).value();
  appender.append(7, 8).value();
  appender.flush().value();
  auto all = db.appender("t").value();
  all.append(nullptr, 9, nullptr).value();  // NULL asks for the next number.
  all.flush().value();
  CHECK(number(connection, "SELECT sum(id * 100 + a) FROM t") == 100 + 7 + 200 + 9);
  db.close().value();
}

TEST_CASE("appender: a row that violates a CHECK, or is too long for its column, is refused, not the rows beside it") {
  const support::ScratchDirectory directory;
  auto db = Database::open(directory / "db").value();
  auto connection = db.connect();
  connection
      .execute(
          "CREATE TABLE t (id SERIAL PRIMARY KEY, a INT CHECK (a > 0), v VARCHAR(2), ts TIMESTAMP,"
          " CONSTRAINT past CHECK (ts < now()), CHECK (v IS NULL OR v <> 'no'))")
      .value();
  const std::array<std::string, 3> given{"a", "v", "ts"};
  auto appender = db.appender("t", given).value();
  const std::int64_t before = 1'700'000'000'000'000'000, after = 4'000'000'000'000'000'000;
  const int rows = 20'000;  // More than a batch.
  for (int i = 1; i <= rows; ++i) {
    appender.append(i, i % 3 == 0 ? "ab" : "\u00e9\u00e9", before).value();
    if (i % 4'000 != 1) continue;
    CHECK(state_of(appender.append(0, "ab", before)) == "23514");
    CHECK(state_of(appender.append(i, "abc", before)) == "22001");
    CHECK(state_of(appender.append(i, "no", before)) == "23514");
    const auto late = appender.append(i, "ab", after);
    CHECK(state_of(late) == "23514");
    CHECK(late.error().message() == "a row of table 't' violates CHECK 'past'");  // As INSERT says it.
  }
  appender.append(nullptr, nullptr, nullptr).value();  // NULL passes.
  appender.flush().value();
  CHECK(number(connection, "SELECT count(*) FROM t") == rows + 1);
  CHECK(number(connection, "SELECT sum(a) FROM t") == std::int64_t{rows} * (rows + 1) / 2);
  CHECK(number(connection, "SELECT max(char_length(v)) FROM t") == 2);
  db.close().value();
}

TEST_CASE("appender: a CHECK of a BLOB column reads a value that was written beside the row") {
  const support::ScratchDirectory directory;
  auto db = Database::open(directory / "db").value();
  auto connection = db.connect();
  connection
      .execute(
          "CREATE TABLE t (id INT, image BLOB CHECK (length(image) < 200000 AND md5(image) <> 'x'"
          " AND image IS NOT NULL), other BLOB)")
      .value();
  std::vector<BlobWriter> writers;
  const auto written = [&](std::size_t bytes) {
    BlobWriter& writer = writers.emplace_back(db.write_blob().value());
    writer.append(std::vector<std::byte>(bytes, std::byte{7})).value();
    return writer.finish().value();
  };
  auto appender = db.appender("t").value();
  appender.append(1, written(100'000), nullptr).value();
  CHECK(state_of(appender.append(2, written(300'000), nullptr)) == "23514");
  appender.append(3, written(150'000), written(400'000)).value();
  appender.flush().value();
  CHECK(number(connection, "SELECT sum(length(image)) FROM t") == 250'000);
  CHECK(number(connection, "SELECT sum(id) FROM t") == 4);
  CHECK(number(connection, "SELECT length(other) FROM t WHERE id = 3") == 400'000);
  writers.clear();
  db.close().value();
}

TEST_CASE("values: what is none of its type is refused where it is bound and where it is appended, as its text is") {
  const support::ScratchDirectory directory;
  auto db = Database::open(directory / "db").value();
  auto connection = db.connect();
  const float infinite[] = {1, std::numeric_limits<float>::infinity()}, finite[] = {1, 2};
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const Type boolean{.kind = TypeKind::boolean};
  const struct {
    const char* type;
    Value wrong;
    const char* sqlstate;
    Value right;
  } cases[] = {
      {"BOOL", Value::of_bytes(boolean, "\7"), "22P02", Value(true)},
      {"TEXT", std::string_view("\xff\xfe"), "22021", std::string_view("\xc3\xa9")},
      {"JSON", Value::json("{bad"), "22P02", Value::json("{}")},
      {"DECIMAL(5,2)", Value::decimal(100'000, 5, 2), "22003", Value::decimal(-99'999, 5, 2)},
      {"DECIMAL(5,2)", Value::decimal(std::numeric_limits<std::int64_t>::min(), 5, 2), "22003",
       Value::decimal(0, 5, 2)},
      {"POINT", Value::point(nan, 1), "22003", Value::point(180, -90)},
      {"POINT", Value::point(500, 1), "22003", Value::point(0, 0)},
      {"POINT3", Value::point3(1, nan, 1), "22003", Value::point3(1, 2, 3)},
      {"VECTOR(2)", Value::vector(std::span<const float>(infinite)), "22000",
       Value::vector(std::span<const float>(finite))},
  };
  for (const auto& [type, wrong, sqlstate, right] : cases) {
    CAPTURE(type);
    connection.execute_script("DROP TABLE IF EXISTS t; CREATE TABLE t (a " + std::string(type) + ", n INT)").value();
    auto insert = connection.prepare("INSERT INTO t VALUES ($1, 1)").value();
    auto appender = db.appender("t").value();
    const std::array wrong_row{wrong, Value(2)}, right_row{right, Value(3)};
    for (int round = 0; round < 2; ++round) {
      CHECK(insert.execute({wrong}).error().sqlstate() == std::string_view(sqlstate));
      CHECK(state_of(appender.append(wrong_row)) == sqlstate);
      insert.execute({right}).value();
      appender.append(right_row).value();
    }
    appender.flush().value();
    CHECK(number(connection, "SELECT count(a) FROM t") == 4);
  }
  CHECK(connection.execute("SELECT $1", {Value::decimal(1, 40, 30)}).error().sqlstate() == "22023");
  connection.execute_script("DROP TABLE t; CREATE TABLE t (d DECIMAL(5,2), v VECTOR(2))").value();
  auto appender = db.appender("t").value();
  CHECK(state_of(appender.append(100'000, std::span<const float>(finite))) == "22003");
  CHECK(state_of(appender.append(1, std::span<const float>(infinite))) == "22000");
  appender.append(99'999, std::span<const float>(finite)).value();
  appender.flush().value();
  CHECK(connection.execute("SELECT d::TEXT FROM t").value().value(0, 0).as_text() == "999.99");
  db.close().value();
}

TEST_CASE("appender: values are taken between begin_row and end_row only, and flush drops the row at hand") {
  const support::ScratchDirectory directory;
  auto db = Database::open(directory / "db").value();
  auto connection = db.connect();
  connection.execute("CREATE TABLE t (id INT PRIMARY KEY, a TEXT)").value();
  auto appender = db.appender("t").value();
  CHECK(appender.end_row().error().message() == "a row for table 't' was ended before it was begun");
  appender.put(1);
  CHECK(appender.end_row().error().message() == "a row for table 't' was given a INT before it was begun");
  appender.append(1, "one").value();
  CHECK(state_of(appender.end_row()) == "42601");  // Or the row would be there twice.
  appender.begin_row();
  appender.put(2);
  CHECK(appender.end_row().error().message() == "a row for table 't' has 2 columns; it was ended after 1 of them");
  const auto long_row = appender.append(2, "two", 2.0);
  CHECK(long_row.error().message() == "a row for table 't' has 2 columns; it was given a FLOAT after 2 of them");
  appender.begin_row();
  appender.put(2);
  appender.flush().value();
  appender.put("two");
  CHECK(state_of(appender.end_row()) == "42601");
  appender.append(3, "three").value();
  appender.flush().value();
  CHECK(text(connection.execute("SELECT id || a FROM t ORDER BY id").value()) == "1one\n3three\n");
  db.close().value();
}

TEST_CASE("appender: a row whose batch cannot be committed is not added; given again it is there once") {
  constexpr std::int64_t kBatch = 16'384;
  const support::ScratchDirectory directory;
  auto db = Database::open(directory / "db").value();
  auto connection = db.connect();
  connection.execute("CREATE TABLE t (id INT PRIMARY KEY, a TEXT)").value();
  connection.execute("INSERT INTO t VALUES (7, 'first')").value();
  auto appender = db.appender("t").value();
  for (std::int64_t id = 1; id < kBatch; ++id) appender.append(id, "mine").value();
  for (int again = 0; again < 3; ++again) CHECK(state_of(appender.append(kBatch, "mine")) == "23505");
  CHECK(state_of(appender.append(kBatch, 1.5)) == "42804");
  CHECK(state_of(appender.flush()) == "23505");
  connection.execute("DELETE FROM t WHERE id = 7").value();
  appender.append(kBatch, "mine").value();
  CHECK(number(connection, "SELECT count(*) FROM t WHERE a = 'mine'") == kBatch);  // end_row() has committed them.
  appender.flush().value();
  CHECK(number(connection, "SELECT count(*) FROM t") == kBatch);
  db.close().value();
}

TEST_CASE("explain: ANALYZE of CREATE TABLE AS makes the table and shows how its query ran; a failure leaves none") {
  const support::ScratchDirectory directory;
  auto db = Database::open(directory / "db").value();
  auto connection = db.connect();
  const auto made = connection.execute("EXPLAIN ANALYZE CREATE TABLE t AS SELECT n FROM generate_series(1, 5) AS s(n)");
  REQUIRE_MESSAGE(made.has_value(), made.error().message());
  CHECK(text(*made).find("(5 rows, ") != std::string::npos);
  CHECK(number(connection, "SELECT sum(n) FROM t") == 15);
  const auto failing = connection.execute("EXPLAIN ANALYZE CREATE TABLE u AS SELECT 1 / (n - 3) AS x FROM t");
  CHECK(failing.error().sqlstate() == "22012");
  CHECK(connection.execute("SELECT x FROM u").error().sqlstate() == "42P01");
  const auto there = connection.execute("EXPLAIN ANALYZE CREATE TABLE IF NOT EXISTS t AS SELECT 1 / 0 AS n");
  CHECK(there.has_value());
  CHECK(number(connection, "SELECT count(*) FROM t") == 5);
  db.close().value();
}

}  // namespace mneme
