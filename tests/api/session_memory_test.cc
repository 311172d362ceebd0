// A session that is refused memory in the midst of a statement: by the heap at the nth allocation, by the budget at
// ever more bytes. The statement is taken back whole, the transaction goes on from its savepoint, and at its end what
// was reserved is given back.
#include <doctest/doctest.h>

#include <string>

#include "api/guarded.h"
#include "api/session.h"
#include "support/allocations.h"
#include "support/scratch_directory.h"

namespace mneme {
namespace {

using support::AllocationWatch;

const char* const kTable =
    "CREATE TABLE t (a INT PRIMARY KEY, b TEXT, c FLOAT); CREATE INDEX by_b ON t (b); "
    "CREATE TABLE gone (a INT);"
    "INSERT INTO t SELECT i, 'text ' || i % 17, i FROM generate_series(1, 300) s(i)";
const char* const kState = "SELECT count(*), sum(a), sum(length(b)), sum(c), min(b) FROM t";

const char* const kStatements[] = {
    "INSERT INTO t VALUES (1001, 'one', 1), (1002, 'two', 2)",
    "INSERT INTO t SELECT a + 2000, b || 'x', c FROM t",
    "INSERT INTO t SELECT a + 100, 'new', 0 FROM t ON CONFLICT (a) DO UPDATE SET b = excluded.b RETURNING a",
    "UPDATE t SET b = b || repeat('y', 100), c = c + 1",
    "UPDATE t SET a = a + 5000 WHERE a > 100",
    "UPDATE t SET c = s.c FROM t s WHERE s.a = t.a + 1",
    "DELETE FROM t WHERE a % 2 = 0",
    "DELETE FROM t WHERE a IN (SELECT a + 1 FROM t WHERE b = 'text 3')",
    "SELECT * FROM t ORDER BY b, a DESC",
    "SELECT * FROM t ORDER BY c LIMIT 20",
    "SELECT b, count(*), sum(c), string_agg(a::TEXT, ',' ORDER BY a), count(DISTINCT c) FROM t GROUP BY b",
    "SELECT x.a, y.b FROM t x JOIN t y ON x.b = y.b AND x.a < y.a + 5",
    "SELECT DISTINCT b FROM t UNION SELECT a::TEXT FROM t",
    "SELECT a FROM t EXCEPT SELECT a + 7 FROM t",
    "SELECT a, (SELECT max(c) FROM t y WHERE y.b = x.b) FROM t x",
    "CREATE TABLE made AS SELECT a, b FROM t",
    "CREATE TABLE made (a INT PRIMARY KEY, b TEXT UNIQUE)",
    "CREATE INDEX by_c ON t (c)",
    "ALTER TABLE t ADD COLUMN d TEXT DEFAULT 'z'",
    "DROP TABLE gone",
};

class Refused {  // A database with a transaction open. One thread at a time.
 public:
  enum class Rows : std::uint8_t { in_memory, in_segments };
  explicit Refused(Rows rows = Rows::in_memory) {
    const std::string made = rows == Rows::in_memory ? kTable : std::string(kTable) + "; VACUUM";
    Session::parse_each(made, [&](PreparedStatement& one) -> Result<void> {
      TRY(session_.execute(one, {}));
      return {};
    }).value();
  }
  Result<std::string> run(const std::string& sql) {
    return guarded([&]() -> Result<std::string> {
      const auto prepared = TRY(session_.prepare(sql));
      const auto data = TRY(session_.execute(*prepared, {}));
      std::string text;
      for (const Batch& batch : data->batches) {
        for (const Column& column : batch.columns) {
          for (std::size_t row = 0; row < batch.rows(); ++row) {
            text += column.is_null(row) ? "-" : std::string(as_text(column.bytes_at(row)));
            text += '|';
          }
        }
      }
      return text;
    });
  }
  std::string must(const std::string& sql) {
    auto done = run(sql);
    if (!done) FAIL(sql << ": " << done.error().to_string());
    return std::move(done).value();
  }
  MemoryBudget& budget() { return engine_->store().budget(); }
  Session& session() { return session_; }

  // Until the statement is given what it asks for. `refuse(n, call)` calls with the nth refusal in force.
  template <class Refuse>
  std::uint64_t refused_until_done(const std::string& sql, Refuse refuse) {
    CAPTURE(sql);
    const std::string before = must(kState);
    must("SAVEPOINT s");
    for (std::uint64_t n = 0, refusals = 0;; n += 1 + n / 40, ++refusals) {
      CAPTURE(n);
      const Result<void> done = refuse(n, [&]() -> Result<void> {
        TRY(run(sql));
        return {};
      });
      if (done) return refusals;
      REQUIRE(done.error().code() == Code::full);
      must("ROLLBACK TO s");
      REQUIRE(must(kState) == before);
    }
  }

 private:
  support::ScratchDirectory directory_;
  std::shared_ptr<Engine> engine_ =
      Engine::open(directory_ / "db", {.memory_budget = std::size_t{16} << 20, .threads = 0}).value();
  Session session_{engine_};
};

TEST_CASE("session: a statement whose nth allocation fails is taken back whole, and the transaction goes on") {
  const auto run = [](const char* sql, Refused::Rows rows, bool sticky) {
    Refused database(rows);
    database.must("BEGIN");
    database.must("INSERT INTO t VALUES (-1, 'of the transaction', 0)");
    const auto refusals = database.refused_until_done(sql, [&](std::uint64_t n, auto call) {
      AllocationWatch watch;
      watch.fail_after(n, sticky);
      return call();
    });
    CHECK(refusals > 10);  // DROP TABLE asks for little.
    const std::string after = database.must(kState);
    database.must("COMMIT");
    CHECK(database.must(kState) == after);
    CHECK(database.budget().used(MemoryShare::queries) == 0);
  };
  for (const char* sql : kStatements) {
    for (const bool sticky : {false, true}) {
      run(sql, Refused::Rows::in_memory, sticky);
      run(sql, Refused::Rows::in_segments, sticky);
    }
  }
}

TEST_CASE("session: a statement that is refused a reservation is taken back whole, and the transaction goes on") {
  std::uint64_t refusals = 0;
  for (const char* sql : kStatements) {
    Refused database;
    database.must("BEGIN");
    database.must("INSERT INTO t VALUES (-1, 'of the transaction', 0)");
    const std::size_t cap = database.budget().share_cap(MemoryShare::queries);
    refusals += database.refused_until_done(sql, [&](std::uint64_t n, auto call) {
      database.budget().set_share_cap(MemoryShare::queries, database.budget().used(MemoryShare::queries) + n * 64);
      auto done = call();
      database.budget().set_share_cap(MemoryShare::queries, cap);
      return done;
    });
    database.must("COMMIT");
    CHECK(database.budget().used(MemoryShare::queries) == 0);
  }
  CHECK(refusals > 1'000);
}

TEST_CASE("session: a commit that is refused memory leaves nothing of its transaction, and the next one is taken") {
  for (const bool by_heap : {true, false}) {
    Refused database;
    MemoryBudget& budget = database.budget();
    const std::string before = database.must(kState);
    const std::size_t cap = budget.share_cap(MemoryShare::memtables);
    std::uint64_t refusals = 0;
    for (std::uint64_t n = 0;; n += 1 + n / 40, ++refusals) {
      CAPTURE(n);
      database.must("BEGIN");
      // Enough keys, and none above the last, for the index in memory to split its buckets.
      database.must(
          "INSERT INTO t SELECT i * 7919 % 100003 + 1000, 'long ' || i, i FROM generate_series(1, 4000) s(i)");
      database.must("DELETE FROM t WHERE a < 10");
      Result<std::string> done = std::string();
      if (by_heap) {
        AllocationWatch watch;
        watch.fail_after(n, true);
        done = database.run("COMMIT");
      } else {
        budget.set_share_cap(MemoryShare::memtables, n * 64);
        done = database.run("COMMIT");
        budget.set_share_cap(MemoryShare::memtables, cap);
      }
      if (done) break;
      REQUIRE(done.error().code() == Code::full);
      static_cast<void>(database.run("ROLLBACK"));  // It may have ended already.
      REQUIRE(database.must(kState) == before);
      REQUIRE(budget.used(MemoryShare::queries) == 0);
    }
    CHECK(refusals > 5);
    CHECK(database.must("SELECT count(*) FROM t WHERE a > 1000") == std::string("\xa0\x0f\0\0\0\0\0\0", 8) + "|");
  }
}

TEST_CASE("session: the query of a blob is planned once, and anew when its table changes") {
  Refused database;
  database.must("CREATE TABLE shot (id INT PRIMARY KEY, image BLOB)");
  database.must("INSERT INTO shot VALUES (1, '\\x0102'), (2, '\\x030405')");
  const auto length = [&](std::int64_t id) {
    const Value values[] = {Value(id)};
    return database.session().read_blob("SELECT image FROM shot WHERE id = $1", values).value().value().head.size();
  };
  const auto allocations = [&](std::int64_t id) {
    const AllocationWatch watch;
    static_cast<void>(length(id));
    return watch.count();
  };
  CHECK(length(1) == 2);
  const std::uint64_t planned = allocations(1);
  database.must("ALTER TABLE shot ADD COLUMN note TEXT");
  const std::uint64_t planning = allocations(2);
  CHECK(planned * 3 < planning * 2);
  CHECK(length(2) == 3);
  database.must("DROP TABLE shot");
  const Value values[] = {Value(std::int64_t{1})};
  CHECK_FALSE(database.session().read_blob("SELECT image FROM shot WHERE id = $1", values).has_value());
}

}  // namespace
}  // namespace mneme
