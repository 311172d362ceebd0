// Prepared reads of one row by its key, held against what the operators answer to the same statement (query() always
// goes by them) and against values that are known.
#include "api/point_read.h"

#include <doctest/doctest.h>

#include <array>
#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <limits>
#include <random>

#include "mneme/database.h"
#include "os/posix.h"
#include "os/thread.h"

namespace mneme {
namespace {

struct Place {
  std::string directory = (std::filesystem::temp_directory_path() / "mneme_point_XXXXXX").string();
  Place() { REQUIRE(mkdtemp(directory.data()) != nullptr); }
  ~Place() { std::filesystem::remove_all(directory); }
};

struct Fixture {
  Place place;
  Database database = Database::open(place.directory, {.threads = 0}).value();
  Connection connection = database.connect();

  void run(std::string_view sql, std::initializer_list<Value> values = {}) {
    CAPTURE(sql);
    const auto result = connection.execute(sql, values);
    if (!result) FAIL(result.error().to_string());
  }
  void flush() { run("VACUUM"); }
  Statement prepare(std::string_view sql) { return connection.prepare(sql).value(); }
};

std::string text_of(const ResultSet& result) {
  std::string text;
  for (const auto row : result) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      text += (i == 0 ? "" : "|") + (row[i].is_null() ? "NULL" : row[i].to_text());
    }
    text += "\n";
  }
  return text;
}

std::string stream_text(Statement& statement, std::span<const Value> values) {
  auto stream = statement.query(values);
  if (!stream) return stream.error().to_string();
  std::string text;
  for (;;) {
    auto batch = stream->next();
    if (!batch) return batch.error().to_string();
    if (!*batch) return text;
    for (std::size_t row = 0; row < (*batch)->rows(); ++row) {
      for (std::size_t i = 0; i < (*batch)->columns(); ++i) {
        const Value value = (*batch)->value(i, row);
        text += (i == 0 ? "" : "|") + (value.is_null() ? "NULL" : value.to_text());
      }
      text += "\n";
    }
  }
}

// What a statement answers, the same both ways.
std::string answer(Statement& statement, std::initializer_list<Value> values) {
  const std::span<const Value> span(values.begin(), values.size());
  const std::string by_operators = stream_text(statement, span);
  const auto result = statement.execute(span);
  const std::string text = result ? text_of(*result) : result.error().to_string();
  CHECK(text == by_operators);
  return text;
}

TEST_CASE("point read: a value in a blob file comes whole, from memory and from a segment, and is not kept") {
  Fixture db;
  db.run("CREATE TABLE shot (id INT PRIMARY KEY, image BLOB, note BLOB)");
  std::string image(200'000, '\0');
  for (std::size_t i = 0; i < image.size(); ++i) image[i] = static_cast<char>(i * 7 + i / 1'000);
  const auto as_blob = [](std::string_view bytes) { return Value::blob(std::as_bytes(std::span(bytes))); };
  auto one = db.prepare("SELECT note, image, id FROM shot WHERE id = $1");
  for (std::int64_t id = 1; id <= 2; ++id) {
    db.run("INSERT INTO shot VALUES ($1, $2, $3)", {id, as_blob(image), as_blob("short")});
    db.run("INSERT INTO shot VALUES ($1, NULL, $2)", {id + 10, as_blob(image)});
    for (std::int64_t key = 1; key <= id; ++key) {
      answer(one, {key});
      answer(one, {key + 10});
      CHECK(one.execute({key}).value().value(0, 1).bytes() == image);
      CHECK(one.execute({key}).value().value(0, 0).bytes() == "short");
      CHECK(one.execute({key + 10}).value().value(0, 1).is_null());
    }
    const auto before = db.database.info().value().memory_used;
    for (int i = 0; i < 3; ++i) one.execute({id}).value();
    CHECK(db.database.info().value().memory_used < before + image.size());
    db.flush();
  }
}

TEST_CASE("point read: rows are found in memory, in segments, and not where they are not") {
  Fixture db;
  db.run("CREATE TABLE t (id INT PRIMARY KEY, ts TIMESTAMP, x FLOAT, label TEXT)");
  auto select = db.prepare("SELECT label, id, x FROM t WHERE id = $1");
  CHECK(answer(select, {1}).empty());
  db.run("INSERT INTO t VALUES (1, '2026-01-01', 1.5, 'one'), (2, NULL, NULL, NULL)");
  CHECK(answer(select, {1}) == "one|1|1.5\n");
  CHECK(answer(select, {2}) == "NULL|2|NULL\n");
  db.flush();
  CHECK(answer(select, {1}) == "one|1|1.5\n");
  CHECK(answer(select, {2}) == "NULL|2|NULL\n");
  CHECK(answer(select, {3}).empty());
  CHECK(answer(select, {-1}).empty());
}

TEST_CASE("point read: an updated row is its newest version, a deleted one is gone, flushed or not") {
  Fixture db;
  db.run("CREATE TABLE t (id INT PRIMARY KEY, v INT)");
  db.run("INSERT INTO t SELECT i, 0 FROM generate_series(1, 5000) AS s(i)");
  auto select = db.prepare("SELECT id, v FROM t WHERE id = $1");
  db.flush();
  CHECK(answer(select, {4000}) == "4000|0\n");
  db.run("UPDATE t SET v = 7 WHERE id % 10 = 0");
  db.run("DELETE FROM t WHERE id = 11");
  for (int round = 0; round < 2; ++round) {
    CHECK(answer(select, {4000}) == "4000|7\n");
    CHECK(answer(select, {4001}) == "4001|0\n");
    CHECK(answer(select, {11}).empty());
    db.flush();
  }
  db.run("INSERT INTO t VALUES (11, 8)");
  CHECK(answer(select, {11}) == "11|8\n");
}

TEST_CASE("point read: a random life of a table is answered as the operators do") {
  Fixture db;
  db.run("CREATE TABLE t (id INT PRIMARY KEY, code TEXT UNIQUE, v INT)");
  auto by_id = db.prepare("SELECT * FROM t WHERE id = $1");
  auto by_code = db.prepare("SELECT v, id FROM t WHERE code = $1");
  std::mt19937 random(7);
  for (int step = 0; step < 400; ++step) {
    const std::int64_t id = random() % 60;
    const std::string code = "c" + std::to_string(random() % 60);
    switch (random() % 12) {
      case 0:
      case 1:
      case 2:
      case 3: db.run("INSERT INTO t VALUES ($1, $2, $3) ON CONFLICT DO NOTHING", {id, code, step}); break;
      case 4:
      case 5: db.run("UPDATE t SET v = $2 WHERE id = $1", {id, step}); break;
      case 6: db.run("UPDATE t SET code = NULL WHERE id = $1", {id}); break;
      case 7: db.run("DELETE FROM t WHERE id = $1", {id}); break;
      case 8: db.run("DELETE FROM t WHERE v < $1", {step - 150}); break;
      case 9: db.flush(); break;
      case 10: db.database.run_maintenance(1'000'000).value(); break;
      default: db.run("INSERT INTO t SELECT i, NULL, 1 FROM generate_series(100, 300) AS s(i) ON CONFLICT DO NOTHING");
    }
    answer(by_id, {id});
    answer(by_code, {code});
    answer(by_id, {static_cast<std::int64_t>(100 + random() % 220)});
  }
}

// Thousands of rows, so that segments have several leaves and blocks, and columns whose blocks end elsewhere: 40 bytes
// wide, or of long text.
TEST_CASE("point read: every row of large segments is found by its key, and between them nothing") {
  Fixture db;
  for (const char* order : {"i * 7 - 9000", "i * i", "(i * 4801) % 6007"}) {
    db.run(
        "CREATE TABLE t (id INT PRIMARY KEY, n INT UNIQUE, label TEXT, v VECTOR(10), x FLOAT, w BLOB, late TEXT "
        "DEFAULT 'd')");
    db.run(std::string("INSERT INTO t SELECT ") + order +
           ", CASE WHEN i % 3 = 0 THEN NULL ELSE i * 2 END, repeat('x', i % 90), '[1,2,3,4,5,6,7,8,9,1]', i * 0.5, "
           "NULL, CASE WHEN i % 2 = 0 THEN 'even' END FROM generate_series(0, 6000) AS s(i)");
    db.flush();
    db.run("UPDATE t SET x = -x WHERE n % 10 = 0");
    db.run("DELETE FROM t WHERE n % 14 = 0");
    auto narrow = db.prepare("SELECT x, n, id, id FROM t WHERE id = $1");
    auto wide = db.prepare("SELECT label, v, w, late, x FROM t WHERE id = $1");
    auto by_n = db.prepare("SELECT id, x FROM t WHERE n = $1");
    const auto keys = db.connection.execute("SELECT id, n FROM t").value();
    std::vector<std::pair<std::int64_t, std::int64_t>> wanted;
    for (const auto row : keys) wanted.emplace_back(row[0].as_int(), row[1].is_null() ? -1 : row[1].as_int());
    for (int round = 0; round < 2; ++round) {
      std::size_t found = 0, found_by_n = 0;
      for (std::size_t i = 0; i < wanted.size(); ++i) {
        const auto& [id, n] = wanted[i];
        const auto one = narrow.execute({id}).value();
        found += one.rows() == 1 && one.value(0, 2).as_int() == id && one.value(0, 3) == one.value(0, 2) ? 1U : 0U;
        found_by_n += n < 0 || by_n.execute({n}).value().value(0, 0).as_int() == id ? 1U : 0U;
        if (i % 97 != 0) continue;
        for (const std::int64_t near : {id - 1, id, id + 1}) {
          answer(narrow, {near});
          answer(wide, {near});
        }
        for (const std::int64_t near : {n - 1, n, n + 1}) answer(by_n, {near});
      }
      CHECK(found == wanted.size());
      CHECK(found_by_n == wanted.size());
      for (const std::int64_t far : {std::numeric_limits<std::int64_t>::min(), std::int64_t{-9'001},
                                     std::int64_t{100'000'000}, std::numeric_limits<std::int64_t>::max()}) {
        CHECK(answer(wide, {far}).empty());
        CHECK(answer(by_n, {far}).empty());
      }
      db.flush();
    }
    db.run("DROP TABLE t");
  }
}

// A block stores the value before in place of a NULL.
TEST_CASE("point read: rows whose key is NULL are not taken for the row before them") {
  Fixture db;
  db.run("CREATE TABLE t (id INT PRIMARY KEY, n INT UNIQUE)");
  db.run("INSERT INTO t SELECT i, CASE WHEN i <= 1000 THEN i END FROM generate_series(1, 1500) AS s(i)");
  db.flush();
  auto select = db.prepare("SELECT id FROM t WHERE n = $1");
  CHECK(answer(select, {1'000}) == "1000\n");
  db.run("DELETE FROM t WHERE id = 1000");
  CHECK(answer(select, {1'000}).empty());
  CHECK(answer(select, {999}) == "999\n");
}

TEST_CASE("point read: the memory of results goes with their statement, in whatever order they end") {
  Fixture db;
  db.run("CREATE TABLE t (id INT PRIMARY KEY, label TEXT)");
  db.run("INSERT INTO t VALUES (1, 'one'), (2, 'two')");
  db.flush();
  std::optional<ResultSet> first, second;
  std::size_t before = 0;
  const auto used = [&] { return db.database.info()->memory_used - before; };
  for (int round = 0; round < 2; ++round) {  // In the first one the blocks come into the cache.
    second.reset();
    before = db.database.info()->memory_used;
    auto select = db.prepare("SELECT label FROM t WHERE id = $1");
    select.execute({1}).value();  // Makes the plan.
    first.emplace(select.execute({1}).value());
    second.emplace(select.execute({2}).value());
    first.reset();
    CHECK(select.execute({2})->value(0, 0).as_text() == "two");
    CHECK(used() > 0);
  }
  CHECK(second->value(0, 0).as_text() == "two");
  CHECK(used() > 0);
  second.reset();
  CHECK(used() == 0);
}

TEST_CASE("point read: keys of every ordered type, and of several columns, in whatever order they are asked for") {
  Fixture db;
  db.run(
      "CREATE TABLE t (a TEXT, b DATE, c UUID, d DECIMAL(9, 2), e BOOL, f FLOAT, v VECTOR(4), PRIMARY KEY (a, b), "
      "UNIQUE (c), UNIQUE (d, e), UNIQUE (f))");
  db.run(
      "INSERT INTO t VALUES ('x', '2026-02-03', '00000000-0000-0000-0000-00000000000a', 1.25, true, 0.0, "
      "'[1,2,3,4]'), ('x', '2026-02-04', NULL, 2.5, false, 'NaN', NULL)");
  auto by_ab = db.prepare("SELECT b, v FROM t WHERE b = $1 AND a = $2");
  auto by_c = db.prepare("SELECT a FROM t WHERE c = $1");
  auto by_de = db.prepare("SELECT b FROM t WHERE d = $1 AND e = $2");
  auto by_f = db.prepare("SELECT b, f FROM t WHERE f = $1");
  std::array<std::uint8_t, 16> ten{};
  ten[15] = 10;
  for (int round = 0; round < 2; ++round) {
    CHECK(answer(by_ab, {Value::date(20'487), "x"}) == "2026-02-03|[1,2,3,4]\n");
    CHECK(answer(by_ab, {Value::date(20'488), "x"}) == "2026-02-04|NULL\n");
    CHECK(answer(by_ab, {Value::date(20'488), "y"}).empty());
    CHECK(answer(by_c, {Value::uuid(ten)}) == "x\n");
    CHECK(answer(by_de, {Value::decimal(125, 9, 2), true}) == "2026-02-03\n");
    CHECK(answer(by_de, {Value::decimal(125, 9, 2), false}).empty());
    CHECK(answer(by_f, {-0.0}) == "2026-02-03|0\n");
    CHECK(answer(by_f, {std::numeric_limits<double>::quiet_NaN()}) == "2026-02-04|NaN\n");
    db.flush();
  }
}

TEST_CASE("point read: a NULL finds nothing, values of other types are converted or refused as ever") {
  Fixture db;
  db.run("CREATE TABLE t (id INT PRIMARY KEY, d DATE UNIQUE, p DECIMAL(4, 1) UNIQUE)");
  db.run("INSERT INTO t VALUES (5, '2026-02-03', 2.5)");
  auto select = db.prepare("SELECT id FROM t WHERE id = $1");
  auto by_decimal = db.prepare("SELECT id FROM t WHERE p = $1");
  for (int round = 0; round < 2; ++round) {
    CHECK(answer(select, {5}) == "5\n");
    CHECK(answer(select, {Value()}).empty());
    CHECK(answer(select, {Value::null(Type{.kind = TypeKind::integer})}).empty());
    CHECK(answer(select, {"5"}) == "5\n");
    CHECK(select.execute({"five"}).error().sqlstate() == "22P02");
    CHECK(select.execute().error().sqlstate() == "08P01");
    CHECK(select.execute({5, 5}).error().sqlstate() == "08P01");
    CHECK(answer(select, {Value::decimal(50, 4, 1)}) == "5\n");
    CHECK(answer(select, {1e30}) != "5\n");
    CHECK(answer(by_decimal, {Value::decimal(25, 4, 1)}) == "5\n");
    CHECK(answer(by_decimal, {Value::decimal(250, 9, 2)}) == "5\n");
    CHECK(answer(by_decimal, {Value::decimal(999'999, 9, 2)}) != "5\n");
    CHECK(answer(select, {5}) == "5\n");
    db.flush();
  }
}

TEST_CASE("point read: inside a transaction it sees its snapshot and the transaction's own changes") {
  Fixture db;
  Connection other = db.database.connect();
  db.run("CREATE TABLE t (id INT PRIMARY KEY, v INT)");
  db.run("CREATE TABLE u (id INT PRIMARY KEY)");
  db.run("INSERT INTO t VALUES (1, 10), (2, 20), (3, 30)");
  auto select = db.prepare("SELECT v FROM t WHERE id = $1");
  CHECK(answer(select, {1}) == "10\n");
  db.run("BEGIN");
  CHECK(answer(select, {1}) == "10\n");
  other.execute("UPDATE t SET v = 99 WHERE id = 1").value();
  other.execute("DELETE FROM t WHERE id = 2").value();
  other.execute("VACUUM").value();
  other.execute("INSERT INTO t VALUES (4, 40)").value();
  CHECK(answer(select, {1}) == "10\n");
  CHECK(answer(select, {2}) == "20\n");
  CHECK(answer(select, {4}).empty());
  db.run("INSERT INTO u VALUES (1)");  // Another table: this one is still as it was.
  CHECK(answer(select, {2}) == "20\n");
  db.run("SAVEPOINT s");
  db.run("UPDATE t SET v = 31 WHERE id = 3");
  db.run("INSERT INTO t VALUES (5, 50)");
  CHECK(answer(select, {3}) == "31\n");
  CHECK(answer(select, {5}) == "50\n");
  db.run("DELETE FROM t WHERE id = 3");
  CHECK(answer(select, {3}).empty());
  db.run("ROLLBACK TO s");
  CHECK(answer(select, {3}) == "30\n");
  CHECK(answer(select, {5}).empty());
  db.run("COMMIT");
  CHECK(answer(select, {1}) == "99\n");
  CHECK(answer(select, {2}).empty());
  CHECK(answer(select, {4}) == "40\n");
}

TEST_CASE("point read: in a transaction that has failed it is refused until the end") {
  Fixture db;
  db.run("CREATE TABLE t (id INT PRIMARY KEY)");
  db.run("INSERT INTO t VALUES (1)");
  auto select = db.prepare("SELECT id FROM t WHERE id = $1");
  CHECK(answer(select, {1}) == "1\n");
  db.run("BEGIN");
  CHECK_FALSE(db.connection.execute("SELECT * FROM nowhere"));
  CHECK(select.execute({1}).error().sqlstate() == "25P02");
  db.run("ROLLBACK");
  CHECK(answer(select, {1}) == "1\n");
  auto stream = db.connection.query("SELECT id FROM t").value();
  CHECK(select.execute({1}).error().code() == Code::invalid_argument);
}

TEST_CASE("point read: what was prepared before a change of the schema is planned anew") {
  Fixture db;
  db.run("CREATE TABLE t (id INT PRIMARY KEY, v INT)");
  db.run("INSERT INTO t VALUES (1, 10)");
  auto all = db.prepare("SELECT * FROM t WHERE id = $1");
  auto only = db.prepare("SELECT v FROM t WHERE id = $1");
  CHECK(answer(all, {1}) == "1|10\n");
  CHECK(answer(only, {1}) == "10\n");
  db.run("ALTER TABLE t ADD COLUMN w TEXT DEFAULT 'new'");
  CHECK(answer(all, {1}) == "1|10|new\n");
  CHECK(all.execute({1})->columns().size() == 3);
  db.flush();
  CHECK(answer(all, {1}) == "1|10|new\n");
  db.run("ALTER TABLE t RENAME COLUMN w TO x");
  CHECK(all.execute({1})->columns()[2].name == "x");
  db.run("ALTER TABLE t DROP COLUMN v");
  CHECK(answer(all, {1}) == "1|new\n");
  CHECK(only.execute({1}).error().sqlstate() == "42703");
  db.run("BEGIN");
  db.run("ALTER TABLE t ADD COLUMN y INT DEFAULT 3");
  CHECK(answer(all, {1}) == "1|new|3\n");
  db.run("ROLLBACK");
  CHECK(answer(all, {1}) == "1|new\n");
  db.run("DROP TABLE t");
  CHECK(all.execute({1}).error().sqlstate() == "42P01");
  db.run("CREATE TABLE t (id TEXT PRIMARY KEY)");
  db.run("INSERT INTO t VALUES ('1')");
  CHECK(answer(all, {"1"}) == "1\n");
}

TEST_CASE("point read: results are their own, whatever is executed after them and however long they live") {
  Fixture db;
  db.run("CREATE TABLE t (id INT PRIMARY KEY, label TEXT)");
  db.run("INSERT INTO t SELECT i, 'row ' || i FROM generate_series(1, 100) AS s(i)");
  std::vector<ResultSet> kept;
  {
    auto select = db.prepare("SELECT label FROM t WHERE id = $1");
    for (int round = 0; round < 2; ++round) {
      for (int id = 1; id <= 100; ++id) {
        kept.push_back(select.execute({id}).value());
        CHECK(select.execute({101 - id})->batch(0).text(0, 0) == "row " + std::to_string(101 - id));
        const auto none = select.execute({1'000}).value();
        CHECK((none.rows() == 0 && none.batches() == 0 && none.columns().size() == 1));
      }
      db.flush();
    }
  }
  for (std::size_t i = 0; i < kept.size(); ++i) {
    CHECK(kept[i].rows() == 1);
    CHECK(kept[i].batch(0).text(0, 0) == "row " + std::to_string(i % 100 + 1));
  }
  kept[0] = std::move(kept[1]);
  CHECK(kept[0].batch(0).text(0, 0) == "row 2");
  PosixWorld world;
  Thread(world.world().scheduler, "other", [&] { kept.clear(); }).join();
}

TEST_CASE("point read: a row much larger than the last one is answered whole, and so is the next small one") {
  Fixture db;
  db.run("CREATE TABLE t (id INT PRIMARY KEY, label TEXT, data BLOB)");
  const std::string large(60'000, 'x');
  db.run("INSERT INTO t VALUES (1, 'small', 'b'), (2, $1, $2), (3, NULL, NULL)", {large, Value::blob({})});
  auto select = db.prepare("SELECT label, data FROM t WHERE id = $1");
  for (int round = 0; round < 2; ++round) {
    CHECK(select.execute({1})->batch(0).text(0, 0) == "small");
    CHECK(select.execute({2})->batch(0).text(0, 0) == large);
    CHECK(select.execute({3})->value(0, 0).is_null());
    CHECK(select.execute({1})->batch(0).text(1, 0) == "b");
    db.flush();
  }
}

TEST_CASE("point read: an idle statement keeps neither memory nor files from going") {
  Fixture db;
  db.run("CREATE TABLE t (id INT PRIMARY KEY, label TEXT)");
  db.run("INSERT INTO t SELECT i, repeat('x', 100) FROM generate_series(1, 20000) AS s(i)");
  auto select = db.prepare("SELECT id FROM t WHERE id = $1");
  CHECK(answer(select, {20'000}) == "20000\n");
  const std::size_t before = db.database.info()->memory_used;
  db.flush();
  CHECK(db.database.info()->memory_used + 1'000'000 < before);
  CHECK(answer(select, {20'000}) == "20000\n");
  db.run("DROP TABLE t");
  db.flush();
  db.run("CREATE TABLE u (id INT)");
  db.flush();
  for (int i = 0; i < 4; ++i) {  // An obsolete file goes after later syncs.
    db.run("INSERT INTO u VALUES (1)");
    db.flush();
  }
  std::uintmax_t bytes = 0;
  for (const auto& file : std::filesystem::directory_iterator(db.place.directory + "/seg")) bytes += file.file_size();
  CHECK(bytes < 100'000);
}

TEST_CASE("point read: once the database is closed it says so") {
  Fixture db;
  db.run("CREATE TABLE t (id INT PRIMARY KEY)");
  auto select = db.prepare("SELECT id FROM t WHERE id = $1");
  CHECK(answer(select, {1}).empty());
  db.database.close().value();
  CHECK(select.execute({1}).error().code() == Code::closed);
}

TEST_CASE("point read: EXPLAIN shows the index it goes by") {
  Fixture db;
  db.run("CREATE TABLE t (id INT PRIMARY KEY, v INT)");
  const auto plan = text_of(db.connection.execute("EXPLAIN SELECT v FROM t WHERE id = $1", {1}).value());
  CHECK(plan.find("index") != std::string::npos);
  CHECK(plan.find("(id = $1)") != std::string::npos);
}

TEST_CASE("point read: readers beside writers and maintenance each see one whole commit") {
  Fixture db;
  db.run("CREATE TABLE t (id INT PRIMARY KEY, v INT)");
  db.run("INSERT INTO t SELECT i, 0 FROM generate_series(1, 3000) AS s(i)");
  std::atomic<bool> stop{false};
  std::atomic<int> lost{0}, backwards{0};
  const auto read = [&](int seed) {
    Connection connection = db.database.connect();
    auto select = connection.prepare("SELECT v FROM t WHERE id = $1").value();
    std::mt19937 random(static_cast<unsigned>(seed));
    std::int64_t last = 0;
    while (!stop) {
      const auto result = select.execute({static_cast<std::int64_t>(1 + random() % 3000)}).value();
      if (result.rows() != 1) {
        ++lost;
      } else {
        // Every commit gives all rows the next value.
        const std::int64_t now = result.value(0, 0).as_int();
        if (now < last) ++backwards;
        last = now;
      }
    }
  };
  PosixWorld world;
  Thread first(world.world().scheduler, "first", [&] { read(1); });
  Thread second(world.world().scheduler, "second", [&] { read(2); });
  for (int i = 1; i <= 15; ++i) {
    db.run("UPDATE t SET v = $1", {i});
    if (i % 3 == 0) db.flush();
  }
  stop = true;
  first.join();
  second.join();
  CHECK(lost == 0);
  CHECK(backwards == 0);
}

}  // namespace
}  // namespace mneme
