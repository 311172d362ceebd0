#include "table/transaction.h"

#include <doctest/doctest.h>

#include "index/scan_kind_test.h"
#include "os/posix.h"
#include "os/sim/sim_file_system.h"

namespace mneme {
namespace {

// id INT primary key, name TEXT
TableSchema people() {
  TableSchema schema;
  schema.name = "people";
  schema.columns.push_back({ColumnId{1}, "id", Type{.kind = TypeKind::integer}, true, true, false, {}, {}});
  schema.columns.push_back({ColumnId{2}, "name", Type{.kind = TypeKind::text}, false, false, false, {}, {}});
  schema.primary_key = {ColumnId{1}};
  schema.indexes.push_back({IndexId{1}, "people_pkey", "ordered", {ColumnId{1}}, true, true});
  schema.next_column_id = 3;
  schema.next_index_id = 2;
  return schema;
}

Batch person(std::optional<std::int64_t> id, std::string_view name) {
  Batch batch;
  Column& ids = batch.columns.emplace_back(Type{.kind = TypeKind::integer});
  if (id) {
    ids.append(*id);
  } else {
    ids.append_null();
  }
  batch.columns.emplace_back(Type{.kind = TypeKind::text}).append_bytes(as_bytes(name));
  return batch;
}

struct Fixture {
  PosixWorld real;
  sim::SimFileSystem disk;
  World world{disk, real.world().clock, real.world().scheduler, real.world().random};
  IndexKinds kinds{test::scan_kinds()};
  std::unique_ptr<Store> store = Store::open(world, "db", {}, &kinds).value();

  std::unique_ptr<Transaction> begin() { return Transaction::begin(*store, kinds, 0).value(); }
  Fixture() {
    const auto transaction = begin();
    transaction->create_table(people()).value();
    transaction->commit().value();
  }
  static Result<void> insert(Transaction& transaction, std::optional<std::int64_t> id, std::string_view name) {
    transaction.begin_statement();
    Batch batch = person(id, name);
    TRY(transaction.insert(transaction.find_table("people")->id, batch));
    auto unique = transaction.check_unique();
    if (!unique) transaction.rollback_statement();
    return unique;
  }
  struct Seen {
    std::int64_t id = 0;
    std::string name;
    RowId row{};
    bool operator==(const Seen& other) const { return id == other.id && name == other.name; }
  };
  static std::vector<Seen> rows(Transaction& transaction, std::optional<KeyRange> key = std::nullopt) {
    ScanRequest request;
    request.table = transaction.find_table("people")->id;
    request.columns = {ColumnId{1}, ColumnId{2}};
    request.key = std::move(key);
    const auto reader = transaction.scan(std::move(request)).value();
    std::vector<Seen> seen;
    std::vector<RowId> ids;
    while (const auto batch = reader->next(ids).value()) {
      for (std::size_t i = 0; i < ids.size(); ++i) {
        seen.push_back({batch->columns[0].values<std::int64_t>()[i],
                        std::string(batch->columns[1].values<StringRef>()[i].view()), ids[i]});
      }
    }
    return seen;
  }
  static void remove(Transaction& transaction, RowId row) {
    transaction.begin_statement();
    transaction.remove(transaction.find_table("people")->id, RowSet{row}).value();
  }
};
using Rows = std::vector<Fixture::Seen>;

TEST_CASE_FIXTURE(Fixture, "transaction: it reads its own writes, and nobody else does before it commits") {
  const auto one = begin();
  insert(*one, 1, "Ada").value();
  CHECK(rows(*one) == Rows{{1, "Ada", {}}});
  CHECK(rows(*begin()).empty());
  one->commit().value();
  CHECK(rows(*begin()) == Rows{{1, "Ada", {}}});
}

TEST_CASE_FIXTURE(Fixture, "transaction: a key exists once, within it and against what is committed") {
  const auto one = begin();
  insert(*one, 1, "Ada").value();
  CHECK(insert(*one, 1, "again").error().sqlstate() == "23505");
  CHECK(rows(*one) == Rows{{1, "Ada", {}}});
  one->commit().value();
  const auto two = begin();
  CHECK(insert(*two, 1, "again").error().sqlstate() == "23505");
  remove(*two, rows(*two)[0].row);
  insert(*two, 1, "Bob").value();  // Deleted, then inserted anew.
  two->commit().value();
  CHECK(rows(*begin()) == Rows{{1, "Bob", {}}});
}

TEST_CASE_FIXTURE(Fixture, "transaction: of two that take one key the first wins, and so of two that end one row") {
  const auto one = begin();
  const auto two = begin();
  insert(*one, 7, "one").value();
  insert(*two, 7, "two").value();
  one->commit().value();
  const auto lost = two->commit();
  REQUIRE(!lost);
  CHECK(lost.error().code() == Code::conflict);
  CHECK(lost.error().sqlstate() == "23505");
  const auto three = begin();
  const auto four = begin();
  const RowId row = rows(*three)[0].row;
  remove(*three, row);
  remove(*four, row);
  three->commit().value();
  CHECK(four->commit().error().sqlstate() == "40001");
  CHECK(rows(*begin()).empty());
}

TEST_CASE_FIXTURE(Fixture, "transaction: numbers for keys go on from what was given, in tables old and new") {
  const auto one = begin();
  insert(*one, std::nullopt, "first").value();
  insert(*one, 40, "given").value();
  one->commit().value();
  const auto two = begin();
  insert(*two, std::nullopt, "next").value();
  CHECK(rows(*two).back().id == 41);
  TableSchema other = people();
  other.name = "others";
  two->create_table(std::move(other)).value();
  Batch batch = person(std::nullopt, "new");
  two->insert(two->find_table("others")->id, batch).value();
  CHECK(batch.columns[0].values<std::int64_t>()[0] == 1);
}

TEST_CASE_FIXTURE(Fixture, "transaction: savepoints take back rows, deletes and schema changes") {
  const auto one = begin();
  insert(*one, 1, "kept").value();
  one->set_savepoint("a");
  remove(*one, rows(*one)[0].row);
  insert(*one, 2, "gone").value();
  TableSchema wider = *one->find_table("people");
  wider.columns.push_back({ColumnId{3}, "age", Type{.kind = TypeKind::integer}, false, false, false, {}, {}});
  one->alter_table(wider).value();
  CHECK(one->find_table("people")->columns.size() == 3);
  CHECK(rows(*one) == Rows{{2, "gone", {}}});
  one->rollback_to("a").value();
  CHECK(one->find_table("people")->columns.size() == 2);
  CHECK(rows(*one) == Rows{{1, "kept", {}}});
  insert(*one, 2, "again").value();
  one->rollback_to("a").value();
  CHECK(one->rollback_to("b").error().sqlstate() == "3B001");
  one->release("a").value();
  CHECK(!one->rollback_to("a"));
  one->commit().value();
  CHECK(rows(*begin()) == Rows{{1, "kept", {}}});
}

TEST_CASE_FIXTURE(Fixture, "transaction: a key range comes in key order, own rows among the others") {
  const auto one = begin();
  for (const int id : {5, 1, 9}) insert(*one, id, "old").value();
  one->commit().value();
  const auto two = begin();
  for (const int id : {8, 2}) insert(*two, id, "own").value();
  remove(*two, rows(*two)[0].row);  // 5, the first stored.
  KeyRange range;
  range.index = IndexId{1};
  range.lower.emplace(Type{.kind = TypeKind::integer}).append(std::int64_t{2});
  CHECK(rows(*two, std::move(range)) == Rows{{2, "own", {}}, {8, "own", {}}, {9, "old", {}}});
  KeyRange down;
  down.index = IndexId{1};
  down.descending = true;
  CHECK(rows(*two, std::move(down)) == Rows{{9, "old", {}}, {8, "own", {}}, {2, "own", {}}, {1, "old", {}}});
}

TEST_CASE_FIXTURE(Fixture, "transaction: a scan of a column that is not there is refused, also over rows of its own") {
  const auto one = begin();
  insert(*one, 1, "own").value();
  for (const bool by_key : {false, true}) {
    ScanRequest request;
    request.table = one->find_table("people")->id;
    request.columns = {ColumnId{2}, ColumnId{3}};
    if (by_key) request.key.emplace().index = IndexId{1};
    CHECK(one->scan(std::move(request)).error().code() == Code::not_found);
  }
}

TEST_CASE_FIXTURE(Fixture, "transaction: a writer of a table that was altered meanwhile loses") {
  const auto one = begin();
  insert(*one, 1, "late").value();
  const auto two = begin();
  TableSchema wider = *two->find_table("people");
  wider.columns.push_back({ColumnId{3}, "age", Type{.kind = TypeKind::integer}, false, false, false, {}, {}});
  two->alter_table(wider).value();
  two->commit().value();
  CHECK(one->commit().error().sqlstate() == "40001");
}

TEST_CASE_FIXTURE(Fixture, "transaction: NULL in a NOT NULL column is refused by name; conflicts name their rows") {
  TableSchema strict = people();
  strict.name = "strict";
  strict.columns[1].not_null = true;
  const auto one = begin();
  one->create_table(strict).value();
  Batch batch;
  batch.columns.emplace_back(Type{.kind = TypeKind::integer}).append(std::int64_t{1});
  batch.columns.emplace_back(Type{.kind = TypeKind::text}).append_null();
  CHECK(one->insert(one->find_table("strict")->id, batch).error().sqlstate() == "23502");
  insert(*one, 3, "there").value();
  const TableId table = one->find_table("people")->id;
  const auto found = one->find_conflicts(table, people().indexes[0], person(3, "new")).value();
  REQUIRE(found.size() == 1);
  const Batch there = one->fetch(table, found).value();
  CHECK(there.columns[1].values<StringRef>()[0].view() == "there");
  CHECK(one->find_conflicts(table, people().indexes[0], person(4, "new")).value()[0] == RowId{0});
}

}  // namespace
}  // namespace mneme
