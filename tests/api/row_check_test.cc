// Rows that no statement would have let in: written beneath the tables, and then looked for.
#include <doctest/doctest.h>

#include <functional>

#include "index/index_kinds.h"
#include "index/ordered/ordered.h"
#include "mneme/database.h"
#include "os/posix.h"
#include "storage/store.h"
#include "support/scratch_directory.h"
#include "types/empty_batch.h"

namespace mneme {
namespace {

struct Row {
  std::int64_t key = 4;
  std::optional<std::int64_t> needed = 4, positive = 4;
  std::string name = "d";
};

struct Fixture {
  support::ScratchDirectory directory;
  const std::string path = directory / "db";

  Fixture() {
    auto db = Database::open(path).value();
    auto connection = db.connect();
    for (const char* sql :
         {"CREATE TABLE t (key INT PRIMARY KEY, needed INT NOT NULL, positive INT CHECK (positive > 0), "
          "name TEXT UNIQUE)",
          "INSERT INTO t VALUES (1, 1, 1, 'a'), (2, 2, NULL, NULL), (3, 3, 3, NULL)"}) {
      connection.execute(sql).value();
    }
    db.run_maintenance(1'000'000'000).value();
  }

  // What check() says once the store has taken this row.
  std::vector<std::string> problems_with(const Row& row) {
    write(row);
    return Database::open(path).value().check().value().problems;
  }

 private:
  void write(const Row& row) {
    PosixWorld world;
    IndexKinds kinds(ordered_kind());
    const auto store = Store::open(world.world(), path, {.threads = 0}, &kinds).value();
    const Snapshot snapshot = store->snapshot().value();
    const auto& [id, table] = *snapshot.version->tables.begin();
    InsertRows rows{.table = id, .batch = empty_batch(*table.schema), .first_row = RowId{0}};
    auto& columns = rows.batch.columns;
    columns[0].append(row.key);
    const auto put = [](Column& column, std::optional<std::int64_t> value) {
      value ? column.append(*value) : column.append_null();
    };
    put(columns[1], row.needed);
    put(columns[2], row.positive);
    columns[3].append_bytes(as_bytes(row.name));
    WriteSet writes;
    writes.changes.emplace_back(std::move(rows));
    store->commit(std::move(writes), Durability::commit).value();
    store->close().value();
  }
};

}  // namespace

TEST_CASE_FIXTURE(Fixture, "check: a row that keeps what its table asks is no problem, nor are two NULLs in UNIQUE") {
  CHECK(problems_with({}).empty());
}

TEST_CASE_FIXTURE(Fixture, "check: two rows of one primary key are named") {
  const auto problems = problems_with({.key = 2});
  REQUIRE(problems.size() == 1);
  CHECK(problems[0] ==
        "unique index 't_pkey' of table 't': 1 rows have a key that another has, the first such two are rows 2 and 4");
}

TEST_CASE_FIXTURE(Fixture, "check: two rows of one UNIQUE text are named") {
  const auto problems = problems_with({.name = "a"});
  REQUIRE(problems.size() == 1);
  CHECK(problems[0].find("t_name_key") != std::string::npos);
}

TEST_CASE_FIXTURE(Fixture, "check: a NULL where none may be is named") {
  const auto problems = problems_with({.needed = std::nullopt});
  REQUIRE(problems.size() == 1);
  CHECK(problems[0] == "column 'needed' of table 't' is NOT NULL, and 1 rows have none there, the first of them row 4");
}

TEST_CASE_FIXTURE(Fixture, "check: a row that violates a CHECK is named") {
  const auto problems = problems_with({.positive = -4});
  REQUIRE(problems.size() == 1);
  CHECK(problems[0].find("a row of table 't' violates CHECK") == 0);
}

}  // namespace mneme
