// What the public API promises beyond its statements: files, processes, checks.
#include "mneme/database.h"

#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <functional>

#include "support/scratch_directory.h"

namespace mneme {
namespace {

std::int64_t number(Connection& connection, std::string_view sql) {
  return connection.execute(sql).value().value(0, 0).as_int();
}

}  // namespace

TEST_CASE("database: info() counts the rows of a table without reading its files, under deletes and updates") {
  const support::ScratchDirectory directory;
  const auto rows = [](Database& db) { return db.info().value().tables[0].rows; };
  {
    auto db = Database::open(directory / "db").value();
    auto connection = db.connect();
    connection.execute("CREATE TABLE t (id INT PRIMARY KEY, a INT)").value();
    connection.execute("INSERT INTO t SELECT n, 0 FROM generate_series(1, 5000) AS s(n)").value();
    connection.execute("CHECKPOINT").value();
    connection.execute("DELETE FROM t WHERE id <= 1000").value();
    connection.execute("UPDATE t SET a = 1 WHERE id > 4900").value();
    CHECK(rows(db) == 4'000);
    connection.execute("CHECKPOINT").value();
    connection.execute("INSERT INTO t SELECT n, 0 FROM generate_series(6001, 6007) AS s(n)").value();
    connection.execute("DELETE FROM t WHERE id IN (2000, 4950, 6003)").value();
    CHECK(number(connection, "SELECT count(*) FROM t") == 4'004);
    CHECK(rows(db) == 4'004);
    db.close().value();
  }
  auto db = Database::open(directory / "db").value();
  std::filesystem::rename(directory / "db/seg", directory / "db/away");
  CHECK(rows(db) == 4'004);
  std::filesystem::rename(directory / "db/away", directory / "db/seg");
  CHECK(db.check().value().problems.empty());
  db.close().value();
}

TEST_CASE("database: rows of a table without columns have none, in a result as in a stream") {
  const support::ScratchDirectory directory;
  auto db = Database::open(directory / "db").value();
  auto connection = db.connect();
  connection.execute("CREATE TABLE none ()").value();
  connection.execute("INSERT INTO none DEFAULT VALUES").value();
  const auto result = connection.execute("SELECT * FROM none").value();
  REQUIRE(result.batches() == 1);
  CHECK(result.batch(0).rows() == 1);
  CHECK(result.batch(0).columns() == 0);
  CHECK(result.columns().empty());
  auto stream = connection.query("SELECT * FROM none").value();
  const auto batch = stream.next().value();
  REQUIRE(batch);
  CHECK(batch->rows() == 1);
  CHECK(batch->columns() == 0);
}

TEST_CASE("database: of two that take one key the first wins, wherever its row lies by then") {
  const support::ScratchDirectory directory;
  auto db = Database::open(directory / "db").value();
  auto one = db.connect(), two = db.connect();
  one.execute("CREATE TABLE t (id INT PRIMARY KEY, name TEXT UNIQUE)").value();
  const auto insert = [](Connection& connection, int id, const std::string& name) {
    return connection.execute("INSERT INTO t VALUES ($1, $2)", {Value(id), std::string_view(name)});
  };
  for (const bool flushed : {false, true}) {
    for (const int key : {500, 600, 550, 400}) {  // Ascending at first, then not.
      const int id = key + (flushed ? 1'000 : 0);
      const std::string name = "n" + std::to_string(id), other = "other " + name;
      two.execute("BEGIN").value();
      insert(two, id, other).value();
      insert(one, id, name).value();
      if (flushed) one.execute("CHECKPOINT").value();
      CHECK(two.execute("COMMIT").error().sqlstate() == "23505");
      two.execute("BEGIN").value();
      insert(two, -id, "n" + std::to_string(-id)).value();
      insert(one, id + 1, "n" + std::to_string(-id)).value();
      if (flushed) one.execute("CHECKPOINT").value();
      CHECK(two.execute("COMMIT").error().sqlstate() == "23505");
      CHECK(insert(two, id, other).error().sqlstate() == "23505");
      CHECK(insert(two, -id, name).error().sqlstate() == "23505");
      // A row's key ends and comes again; that of a row which is gone is free.
      two.execute("UPDATE t SET id = id, name = name || '' WHERE id = $1", {Value(id)}).value();
      two.execute("DELETE FROM t WHERE id = $1", {Value(id)}).value();
      insert(two, id, name).value();
    }
  }
  CHECK(number(one, "SELECT count(*) FROM t") == 16);
  CHECK(db.check().value().problems.empty());
  db.close().value();
}

TEST_CASE(
    "database: an index larger than maintenance's memory is built through scratch files, and none of them stays") {
  const support::ScratchDirectory directory;
  Options options;
  options.memory_budget = 4 << 20;
  options.threads = 0;
  {
    auto db = Database::open(directory / "db", options).value();
    auto connection = db.connect();
    connection.execute("CREATE TABLE t (id INT PRIMARY KEY, name TEXT)").value();
    connection.execute("CREATE INDEX t_name ON t (name)").value();
    for (int batch = 0; batch < 40; ++batch) {
      const std::string first = std::to_string(batch * 5'000), last = std::to_string(batch * 5'000 + 4'999);
      connection
          .execute("INSERT INTO t SELECT n, md5(CAST(n AS TEXT)) FROM generate_series(" + first + ", " + last +
                   ") AS s(n)")
          .value();
      while (db.run_maintenance(1'000'000'000).value()) {
      }
    }
    CHECK(number(connection, "SELECT count(*) FROM t") == 200'000);
    CHECK(number(connection, "SELECT id FROM t WHERE name = md5('123456')") == 123'456);
    CHECK(db.check().value().problems.empty());
    CHECK(db.info().value().tables[0].segments <= 24);  // Merges go on; they do not wait for memory that never comes.
    db.close().value();
  }
  const std::string left = directory / "db/seg/sort-7.tmp";  // As a crash may leave it.
  REQUIRE(std::fclose(std::fopen(left.c_str(), "w")) == 0);
  auto db = Database::open(directory / "db", options).value();
  for (int round = 0; round < 3; ++round) {  // Files go after two later syncs.
    auto connection = db.connect();
    connection.execute("INSERT INTO t VALUES ($1, 'x')", {std::int64_t{1'000'000 + round}}).value();
    while (db.run_maintenance(1'000'000'000).value()) {
    }
  }
  for (const auto& entry : std::filesystem::directory_iterator(directory / "db/seg")) {
    CHECK(entry.path().extension() != ".tmp");
  }
}

namespace {

// Runs `body` in a child; its exit status: 0 if the body returned true.
template <class Body>
int in_child(Body body) {
  const ::pid_t child = ::fork();
  if (child == 0) {
    ::alarm(20);  // It must not wait for anything: a hang is a failure.
    ::_exit(body() ? 0 : 1);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  return status;
}

}  // namespace

TEST_CASE("connection: a stream that failed gives its error again, and no rows") {
  const support::ScratchDirectory directory;
  auto db = Database::open(directory / "db").value();
  auto connection = db.connect();
  auto stream = connection.query("SELECT sum(1000000 / (n - 5)) FROM generate_series(1, 20001) AS s(n)").value();
  for (int i = 0; i < 3; ++i) CHECK(stream.next().error().sqlstate() == "22012");
}

TEST_CASE("connection: who sees the results of a script may use its connection") {
  const support::ScratchDirectory directory;
  auto db = Database::open(directory / "db").value();
  auto connection = db.connect();
  std::vector<std::int64_t> seen;
  const auto look = [&](const ResultSet& result) {
    if (result.rows() > 0) seen.push_back(result.value(0, 0).as_int() + number(connection, "SELECT 10"));
    seen.push_back(connection.in_transaction() ? 1 : 0);
  };
  connection.execute_script("SELECT 1; BEGIN; SELECT 2; COMMIT", look).value();
  CHECK(seen == std::vector<std::int64_t>{11, 0, 1, 12, 1, 0});
}

TEST_CASE("connection: whatever fails inside a transaction has failed it, by whichever call") {
  const support::ScratchDirectory directory;
  auto db = Database::open(directory / "db").value();
  auto connection = db.connect();
  connection.execute("CREATE TABLE t (id INT PRIMARY KEY, image BLOB)").value();
  connection.execute("INSERT INTO t SELECT n, NULL FROM generate_series(1, 3000) AS s(n)").value();
  auto by_parameter = connection.prepare("SELECT id FROM t WHERE id = $1").value();
  auto fails_late = connection.prepare("SELECT 1 / (id - 2500) FROM t ORDER BY id").value();
  const auto drained = [](Result<RowStream> stream) -> Result<void> {
    if (!stream) return std::move(stream).error();
    for (;;) {
      const auto batch = stream->next();
      if (!batch) return batch.error();
      if (!*batch) return {};
    }
  };
  const auto outcome = [](const auto& result) { return result ? Result<void>() : Result<void>(result.error()); };
  const std::pair<const char*, std::function<Result<void>()>> calls[] = {
      {"execute", [&] { return outcome(connection.execute("SELECT 1 / 0")); }},
      {"execute two", [&] { return outcome(connection.execute("SELECT 1; SELECT 2")); }},
      {"execute_script", [&] { return connection.execute_script("SELECT 1; SELECT 1 / 0"); }},
      {"execute_script unread", [&] { return connection.execute_script("SELECT 1; SELEC 1"); }},
      {"prepare", [&] { return outcome(connection.prepare("SELEC 1")); }},
      {"query unread", [&] { return drained(connection.query("SELEC 1")); }},
      {"query unbound", [&] { return drained(connection.query("SELECT nothing FROM t")); }},
      {"query of a change", [&] { return drained(connection.query("DELETE FROM t")); }},
      {"query without a parameter", [&] { return drained(by_parameter.query()); }},
      {"next", [&] { return drained(connection.query("SELECT 1 / (id - 1) FROM t")); }},
      {"next, later", [&] { return drained(fails_late.query()); }},
      {"statement without a parameter", [&] { return outcome(by_parameter.execute()); }},
      {"read_blob unbound", [&] { return outcome(connection.read_blob("SELECT nothing FROM t")); }},
      {"read_blob of many", [&] { return outcome(connection.read_blob("SELECT image FROM t")); }},
      {"read_blob of another", [&] { return outcome(connection.read_blob("SELECT id FROM t WHERE id = 1")); }},
  };
  for (const auto& [name, call] : calls) {
    CAPTURE(name);
    connection.execute("BEGIN").value();
    connection.execute("INSERT INTO t VALUES (-1, NULL)").value();
    CHECK_FALSE(call());
    CHECK(connection.in_transaction());
    const auto next = connection.execute("INSERT INTO t VALUES (-2, NULL)");
    CHECK_FALSE(next);
    if (!next) CHECK(next.error().sqlstate() == "25P02");
    connection.execute("ROLLBACK").value();
    CHECK_FALSE(call());  // Outside of one there is nothing to fail.
    CHECK(number(connection, "SELECT count(*) FROM t") == 3'000);
  }
}

TEST_CASE("database: a child made by fork() is refused by every call, lets go without a word, and writes nothing") {
  const support::ScratchDirectory directory;
  auto db = Database::open(directory / "db").value();
  std::optional<Connection> connection = db.connect();
  connection->execute("CREATE TABLE t (id INT PRIMARY KEY)").value();
  connection->execute("BEGIN").value();
  connection->execute("INSERT INTO t VALUES (1)").value();
  std::optional<Statement> statement = connection->prepare("INSERT INTO t VALUES ($1)").value();
  std::optional<Appender> appender = db.appender("t").value();
  std::optional<Table> table = db.table("t").value();
  const std::array<Value, 1> row{Value(std::int64_t{7})};
  REQUIRE(appender->append(row));

  const auto refused = [](const auto& result) {
    return !result && result.error().code() == Code::busy &&
           result.error().message().find("forked") != std::string::npos;
  };
  CHECK(in_child([&] {
          const bool all = refused(connection->execute("SELECT 1")) && refused(connection->execute("COMMIT")) &&
                           refused(connection->query("SELECT 1")) && refused(connection->prepare("SELECT 1")) &&
                           refused(connection->execute_script("SELECT 1;")) && refused(statement->execute(row)) &&
                           refused(appender->append(row)) && refused(appender->flush()) &&
                           refused(table->insert({{"id", std::int64_t{9}}})) && refused(table->count()) &&
                           refused(db.check()) && refused(db.info()) && refused(db.sync()) &&
                           refused(db.backup(directory.path() + "/copy")) && refused(db.run_maintenance(1)) &&
                           refused(db.table("t")) && refused(db.appender("t")) && refused(db.close());
          statement.reset();
          appender.reset();
          table.reset();
          connection.reset();
          {
            const Database gone = std::move(db);
          }  // Its maintenance thread is not here to be joined.
          return all;
        }) == 0);

  appender->flush().value();
  connection->execute("COMMIT").value();
  CHECK(number(*connection, "SELECT sum(id) FROM t") == 8);
  statement.reset();
  appender.reset();
  table.reset();
  connection.reset();
  db.close().value();
  auto again = Database::open(directory / "db").value();
  auto later = again.connect();
  CHECK(number(later, "SELECT sum(id) FROM t") == 8);
}

TEST_CASE("database: a prepared statement answers each execution as if it were the first, whatever types it is given") {
  const support::ScratchDirectory directory;
  auto db = Database::open(directory / "db").value();
  auto connection = db.connect();
  connection.execute("CREATE TABLE t (id INT PRIMARY KEY, x FLOAT)").value();
  connection.execute("INSERT INTO t VALUES (1, 0.5), (2, 1.5), (3, NULL)").value();
  auto equal = connection.prepare("SELECT id FROM t WHERE id = $1").value();
  auto below = connection.prepare("SELECT id FROM t WHERE id < $1 ORDER BY id").value();
  auto sum = connection.prepare("SELECT $1 + 1").value();
  for (int round = 0; round < 2; ++round) {
    CHECK(equal.execute({Value(1)}).value().rows() == 1);
    CHECK(equal.execute({Value(1.5)}).value().rows() == 0);
    CHECK(equal.execute({Value(2.0)}).value().rows() == 1);
    CHECK(equal.execute({std::string_view("2")}).value().rows() == 1);
    CHECK(equal.execute({Value()}).value().rows() == 0);
    CHECK(below.execute({Value(2)}).value().rows() == 1);
    CHECK(below.execute({Value(2.4)}).value().rows() == 2);
    CHECK(sum.execute({Value(1)}).value().value(0, 0).as_int() == 2);
    CHECK(sum.execute({Value(1.5)}).value().value(0, 0).as_double() == 2.5);
    CHECK(sum.execute({Value()}).value().value(0, 0).is_null());
    const std::array bound{Value(2.4)};
    auto stream = below.query(bound).value();
    CHECK(stream.next().value()->rows() == 2);
  }
  CHECK_FALSE(equal.execute({Value(true)}));  // As when it comes first: INT = BOOL.
  auto either = connection.prepare("SELECT coalesce($1, $2)").value();
  CHECK(either.execute({std::string_view("a"), std::string_view("b")}).value().value(0, 0).as_text() == "a");
  CHECK(either.execute({Value(), Value(5)}).value().value(0, 0).as_int() == 5);  // No TEXT any more.
  // NULLs that come and go beside values that the column casts.
  auto insert = connection.prepare("INSERT INTO t VALUES ($1, $2)").value();
  for (int id = 10; id < 20; ++id) insert.execute({Value(id), id % 2 == 0 ? Value(id) : Value()}).value();
  CHECK(number(connection, "SELECT count(x) FROM t WHERE x = id") == 5);

  auto table = db.table("t").value();
  CHECK(table.erase(Value(2)).value() == 1);
  CHECK(table.erase(Value(2.5)).value() == 0);
  CHECK(table.get(Value(3)).value().has_value());
  CHECK_FALSE(table.get(Value(2.6)).value().has_value());
}

TEST_CASE("database: what a change of a table asks of its rows is asked of those that come before it commits, too") {
  const support::ScratchDirectory directory;
  auto db = Database::open(directory / "db").value();
  auto one = db.connect(), two = db.connect();
  const auto outcome = [&](std::string_view change, std::string_view insert, bool flushed, std::string_view own = {}) {
    one.execute_script("DROP TABLE IF EXISTS t; CREATE TABLE t (a INT, b INT); INSERT INTO t VALUES (1, 1), (2, NULL)")
        .value();
    if (flushed) one.execute("CHECKPOINT").value();
    one.execute("BEGIN").value();
    one.execute(change).value();
    if (!own.empty()) one.execute(own).value();
    two.execute(insert).value();
    if (flushed) two.execute("CHECKPOINT").value();
    const auto committed = one.execute("COMMIT");
    return committed ? "" : std::string(committed.error().sqlstate());
  };
  for (const bool flushed : {false, true}) {
    CAPTURE(flushed);
    const auto* const unique = "CREATE UNIQUE INDEX t_b ON t (b)";
    CHECK(outcome(unique, "INSERT INTO t VALUES (3, 1)", flushed) == "23505");
    CHECK(outcome(unique, "UPDATE t SET b = 1 WHERE a = 2", flushed) == "23505");
    CHECK(outcome(unique, "INSERT INTO t VALUES (3, 2)", flushed).empty());
    CHECK(two.execute("INSERT INTO t VALUES (4, 2)").error().sqlstate() == "23505");
    CHECK(outcome(unique, "DELETE FROM t WHERE a = 2", flushed).empty());
    CHECK(outcome(unique, "INSERT INTO t VALUES (3, 4)", flushed, "INSERT INTO t VALUES (4, 4)") == "40001");
    CHECK(
        outcome("ALTER TABLE t ADD COLUMN c INT UNIQUE DEFAULT NULL", "INSERT INTO t VALUES (3, 1)", flushed).empty());
    CHECK(outcome("ALTER TABLE t ADD COLUMN c INT NOT NULL DEFAULT 7", "INSERT INTO t VALUES (3, 1)", flushed).empty());
    CHECK(outcome("DELETE FROM t", "INSERT INTO t VALUES (3, 1)", flushed, "ALTER TABLE t ADD COLUMN c INT NOT NULL") ==
          "40001");
  }
}

TEST_CASE("database: what info() says of a table makes one like it") {
  const support::ScratchDirectory directory;
  auto db = Database::open(directory / "db").value();
  auto connection = db.connect();
  const auto told = [](Database& of) { return of.info().value().tables[0].sql; };
  for (const std::string_view with :
       {"", " WITH (durability = 'os')", " WITH (durability = 'interval', interval_ms = 20)", " WITH (time = 'At it')",
        " WITH (interval_ms = 7, time = ts)"}) {
    CAPTURE(with);
    connection.execute("DROP TABLE IF EXISTS t").value();
    connection
        .execute("CREATE TABLE t (a INT, \"At it\" TIMESTAMP, ts TIMESTAMP, PRIMARY KEY (a, ts))" + std::string(with))
        .value();
    const std::string sql = told(db);
    for (const std::string_view word : {"durability = ", "interval_ms = ", "time = "}) {
      const bool is_default = with.ends_with("time = ts)") && word == "time = ";  // As the key says.
      CHECK((sql.find(word) != std::string::npos) == (with.find(word) != std::string::npos && !is_default));
    }
    connection.execute_script("DROP TABLE t; " + sql).value();
    CHECK(told(db) == sql);
  }
}

TEST_CASE("database: a row is named by all columns of its key") {
  const support::ScratchDirectory directory;
  auto db = Database::open(directory / "db").value();
  auto connection = db.connect();
  connection.execute("CREATE TABLE t (b TEXT, v INT, a INT, PRIMARY KEY (a, b))").value();
  connection.execute("INSERT INTO t VALUES ('x', 1, 1), ('y', 2, 1), ('x', 3, 2)").value();
  auto table = db.table("t").value();
  const std::array key{Value(1), Value(std::string_view("y"))};
  CHECK((*table.get(key).value())[1].as_int() == 2);
  for (const auto& refused : {table.get(Value(1)).error(), table.erase(Value(1)).error()}) {
    CHECK(refused.code() == Code::invalid_argument);
    CHECK(refused.to_string().find("has 2 columns, but 1 values were given") != std::string::npos);
  }
  CHECK(table.erase(key).value() == 1);
  CHECK_FALSE(table.get(key).value().has_value());
  CHECK(number(connection, "SELECT count(*) FROM t") == 2);
}

TEST_CASE("database: after close() every call is refused, be there much to flush as it closes or nothing") {
  for (const int rows : {1, 40'000}) {
    const support::ScratchDirectory directory;
    auto db = Database::open(directory / "db").value();
    auto connection = db.connect();
    connection.execute("CREATE TABLE t (id INT PRIMARY KEY, s TEXT)").value();
    connection
        .execute("INSERT INTO t SELECT n, 'a text of some length' FROM generate_series(1, $1) AS s(n)", {Value(rows)})
        .value();
    auto prepared = connection.prepare("SELECT s FROM t WHERE id = $1").value();
    CHECK(prepared.execute({Value(1)}).value().rows() == 1);
    db.close().value();
    const auto refused = [](const auto& result) { return !result && result.error().code() == Code::closed; };
    CHECK(refused(connection.execute("SELECT count(*) FROM t")));
    CHECK(refused(connection.execute("INSERT INTO t VALUES (0, '')")));
    CHECK(refused(connection.execute("BEGIN")));
    CHECK(refused(connection.query("SELECT id FROM t")));
    CHECK(refused(prepared.execute({Value(1)})));
    CHECK(refused(db.connect().execute("SELECT 1")));
    CHECK(refused(db.info()));
    CHECK(refused(db.table("t")));
    CHECK(refused(db.appender("t")));
    CHECK(refused(db.check()));
    CHECK(refused(db.sync()));
  }
}

TEST_CASE("database: the number behind the greatest is refused, also after reopening, and never wraps") {
  const support::ScratchDirectory directory;
  const auto state = [](const auto& result) { return result ? std::string() : std::string(result.error().sqlstate()); };
  for (const std::string_view key :
       {"id BIGINT GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY", "id BIGSERIAL PRIMARY KEY"}) {
    CAPTURE(key);
    std::filesystem::remove_all(directory / "db");
    const auto open = [&] { return Database::open(directory / "db").value(); };
    {
      auto db = open();
      auto connection = db.connect();
      connection.execute("CREATE TABLE t (" + std::string(key) + ", a INT)").value();
      connection.execute("INSERT INTO t VALUES (-5, 0), (9223372036854775805, 0)").value();
      CHECK(state(connection.execute("INSERT INTO t (a) VALUES (1), (2), (3)")) == "2200H");
      CHECK(number(connection, "INSERT INTO t (a) VALUES (1) RETURNING id") == 9'223'372'036'854'775'806);
      CHECK(number(connection, "INSERT INTO t (a) VALUES (1) RETURNING id") == 9'223'372'036'854'775'807);
      CHECK(state(connection.execute("INSERT INTO t (a) VALUES (1)")) == "2200H");
      db.close().value();
    }
    for (const bool flushed : {false, true}) {
      auto db = open();
      auto connection = db.connect();
      CHECK(state(connection.execute("INSERT INTO t (a) VALUES (1)")) == "2200H");
      CHECK(state(connection.execute("BEGIN")).empty());
      CHECK(state(connection.execute("CREATE TABLE u (id BIGSERIAL PRIMARY KEY, a INT)")).empty());
      CHECK(state(connection.execute("INSERT INTO u VALUES (9223372036854775807, 0)")).empty());
      CHECK(state(connection.execute("INSERT INTO u (a) VALUES (1)")) == "2200H");
      CHECK(state(connection.execute("ROLLBACK")).empty());
      CHECK(number(connection, "SELECT count(*) FROM t WHERE id BETWEEN -5 AND 9223372036854775807") == 4);
      if (!flushed) connection.execute("CHECKPOINT").value();
      db.close().value();
    }
  }
}

TEST_CASE("database: a log file that is too small or too large is refused before anything is made") {
  const support::ScratchDirectory directory;
  for (const std::uint64_t bytes :
       {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{65'535}, std::uint64_t{1} << 62}) {
    Options options;
    options.log_file_bytes = bytes;
    const auto refused = Database::open(directory / "db", options);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code() == Code::invalid_argument);
    CHECK(refused.error().message().find("log_file_bytes is " + std::to_string(bytes)) != std::string::npos);
    CHECK_FALSE(std::filesystem::exists(directory / "db"));
  }
  Options least;
  least.log_file_bytes = 65'536;
  auto db = Database::open(directory / "db", least).value();
  auto connection = db.connect();
  connection.execute("CREATE TABLE t (a INT)").value();
  connection.execute("INSERT INTO t SELECT n FROM generate_series(1, 100000) AS s(n)").value();
  CHECK(number(connection, "SELECT count(*) FROM t") == 100'000);
  db.close().value();
}

}  // namespace mneme
