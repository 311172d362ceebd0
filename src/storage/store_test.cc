#include "storage/store.h"

#include <doctest/doctest.h>
#include <stdlib.h>

#include "storage/store_test.h"
#include "storage/table_scan.h"

namespace mneme {
namespace {

TableSchema counters(TableId id) {
  TableSchema schema;
  schema.id = id;
  schema.name = "counters";
  test::add_column(schema, "value");
  return schema;
}

WriteSet insert(TableId table, std::int64_t value) {
  InsertRows rows;
  rows.table = table;
  rows.batch.columns.emplace_back(Type{}).append(value);
  return test::change(std::move(rows));
}

WriteSet replace(TableId table, RowId old, std::int64_t value) {
  WriteSet writes = insert(table, value);
  writes.changes.emplace_back(EndRows{table, {old}});
  return writes;
}

struct Row {
  RowId id{};
  std::int64_t value = 0;
};

std::vector<Row> rows_of(const Snapshot& snapshot, TableId table) {
  std::vector<Row> rows;
  auto scan = TableScan::open(snapshot, table, {ColumnId{1}}).value();
  std::vector<RowId> ids;
  while (const auto batch = scan.next(ids).value()) {
    for (std::size_t i = 0; i < ids.size(); ++i) rows.push_back({ids[i], batch->columns[0].values<std::int64_t>()[i]});
  }
  return rows;
}

struct Simulated {
  PosixWorld real;
  sim::SimFileSystem disk;
  World world{disk, real.world().clock, real.world().scheduler, real.world().random};
  std::unique_ptr<Store> store = Store::open(world, "db", {}).value();
  TableId table = store->next_table_id().value();

  Simulated() { store->commit(test::change(CreateTable{counters(table)}), Durability::commit).value(); }
  void reopen() {
    store.reset();
    store = Store::open(world, "db", {}).value();
  }
};

TEST_CASE_FIXTURE(Simulated, "store: a snapshot keeps seeing what it saw; a later one sees the commit") {
  store->commit(insert(table, 1), Durability::commit).value();
  const Snapshot before = store->snapshot().value();
  const RowId old = rows_of(before, table).at(0).id;
  store->commit(replace(table, old, 2), Durability::commit).value();
  CHECK(rows_of(before, table).at(0).value == 1);
  const auto after = rows_of(store->snapshot().value(), table);
  REQUIRE(after.size() == 1);
  CHECK(after[0].value == 2);
  CHECK(after[0].id > old);
}

TEST_CASE_FIXTURE(Simulated,
                  "store: a key that was handed out, or seen in a row, is not handed out again, reopened or not") {
  TableSchema numbered = counters(store->next_table_id().value());
  numbered.name = "numbered";
  numbered.columns[0].identity = true;
  WriteSet create;
  create.changes.emplace_back(CreateTable{numbered});
  store->commit(std::move(create), Durability::commit).value();
  CHECK(store->reserve_keys(numbered.id, 3).value() == 1);
  store->commit(insert(numbered.id, 100), Durability::commit).value();  // A number the user gave.
  CHECK(store->reserve_keys(numbered.id, 1).value() == 101);
  store->commit(insert(numbered.id, 101), Durability::commit).value();
  reopen();
  CHECK(store->reserve_keys(numbered.id, 1).value() == 102);
  CHECK(store->reserve_keys(TableId{77}, 1).error().code() == Code::not_found);
}

TEST_CASE_FIXTURE(Simulated, "store: of two that replace one version the first wins, and the loser leaves no trace") {
  store->commit(insert(table, 1), Durability::commit).value();
  const RowId old = rows_of(store->snapshot().value(), table).at(0).id;
  store->commit(replace(table, old, 2), Durability::commit).value();
  const auto lost = store->commit(replace(table, old, 3), Durability::commit);
  REQUIRE_FALSE(lost.has_value());
  CHECK(lost.error().code() == Code::conflict);
  CHECK(lost.error().sqlstate() == "40001");
  reopen();
  const auto rows = rows_of(store->snapshot().value(), table);
  REQUIRE(rows.size() == 1);
  CHECK(rows[0].value == 2);
}

TEST_CASE_FIXTURE(Simulated,
                  "store: a name is taken once, a table is altered from its latest version, a dropped one is gone") {
  WriteSet twice;
  twice.changes.emplace_back(CreateTable{counters(store->next_table_id().value())});
  CHECK(store->commit(std::move(twice), Durability::commit).error().code() == Code::already_exists);
  WriteSet stale;
  stale.changes.emplace_back(AlterTable{counters(table)});  // Still version 1: somebody else's is newer or the same.
  CHECK(store->commit(std::move(stale), Durability::commit).error().code() == Code::conflict);
  WriteSet drop;
  drop.changes.emplace_back(DropTable{table});
  store->commit(std::move(drop), Durability::commit).value();
  CHECK(store->commit(insert(table, 1), Durability::commit).error().code() == Code::not_found);
  CHECK(store->next_table_id().value() > table);
}

TEST_CASE_FIXTURE(Simulated, "store: rows that are not the table's are refused before anything is written") {
  InsertRows rows;
  rows.table = table;
  rows.batch.columns.emplace_back(Type{.kind = TypeKind::floating}).append(1.5);
  WriteSet writes;
  writes.changes.emplace_back(std::move(rows));
  CHECK(store->commit(std::move(writes), Durability::commit).error().code() == Code::invalid_argument);
  WriteSet none;
  none.changes.emplace_back(EndRows{table, {RowId{12345}}});
  CHECK(store->commit(std::move(none), Durability::commit).error().code() == Code::invalid_argument);
  reopen();
  CHECK(rows_of(store->snapshot().value(), table).empty());
}

TEST_CASE_FIXTURE(
    Simulated,
    "store: after a failed sync it is read-only, new snapshots show the durable part, and no sync is retried") {
  store->commit(insert(table, 1), Durability::commit).value();
  disk.fail(sim::Fault{.at_operation = disk.operations() + 2});  // The write passes, its sync fails.
  CHECK(store->commit(insert(table, 2), Durability::commit).error().code() == Code::io);
  CHECK(store->commit(insert(table, 3), Durability::commit).error().code() == Code::io);
  CHECK(store->sync().error().code() == Code::io);
  CHECK(rows_of(store->snapshot().value(), table).size() == 1);
  CHECK(store->close().error().code() == Code::io);
  CHECK(disk.retried_syncs() == 0);
}

TEST_CASE_FIXTURE(Simulated,
                  "store: a full disk refuses the commit, and the next goes through when there is room again") {
  disk.fail(sim::Fault{.at_operation = disk.operations() + 1, .kind = sim::Fault::Kind::no_space});
  CHECK(store->commit(insert(table, 1), Durability::commit).error().code() == Code::full);
  store->commit(insert(table, 2), Durability::commit).value();
  reopen();
  const auto rows = rows_of(store->snapshot().value(), table);
  REQUIRE(rows.size() == 1);
  CHECK(rows[0].value == 2);
}

TEST_CASE_FIXTURE(Simulated, "store: a second writer is refused; closing twice is fine; every later call is closed") {
  CHECK(Store::open(world, "db", {}).error().code() == Code::busy);
  store->close().value();
  store->close().value();
  CHECK(store->snapshot().error().code() == Code::closed);
  CHECK(store->commit(insert(table, 1), Durability::commit).error().code() == Code::closed);
  CHECK(Store::open(world, "db", {.memory_budget = 100}).error().code() == Code::invalid_argument);
  reopen();
  CHECK(store->recovery().log_tail_cut == 0);
}

TEST_CASE_FIXTURE(Simulated, "store: closing says that an earlier sync failed; what it was of may be gone") {
  store->commit(insert(table, 1), Durability::commit).value();
  store->commit(insert(table, 2), Durability::os).value();
  disk.fail_after(0);
  CHECK(store->sync().error().code() == Code::io);  // As the maintenance thread would, and tell nobody.
  const auto closed = store->close();
  REQUIRE_FALSE(closed);
  CHECK(closed.error().code() == Code::io);
  CHECK(closed.error().message().find("sync failed") != std::string::npos);
  reopen();
  CHECK(rows_of(store->snapshot().value(), table).size() >= 1);
}

TEST_CASE_FIXTURE(Simulated,
                  "store: a database whose CURRENT is gone is refused as corrupt, never begun anew over its log") {
  store->commit(insert(table, 1), Durability::commit).value();
  store.reset();
  for (const std::string& name : disk.list("db").value()) {
    if (name == "CURRENT" || name.starts_with("MANIFEST-")) disk.unlink("db/" + name).value();
  }
  const auto opened = Store::open(world, "db", {});
  REQUIRE_FALSE(opened.has_value());
  CHECK(opened.error().code() == Code::corrupt);
  CHECK(opened.error().message().find("db/wal") != std::string::npos);
}

TEST_CASE_FIXTURE(Simulated,
                  "store: a validator sees every earlier commit, may refuse, and a refused commit leaves no trace") {
  class AtMostOne final : public CommitValidator {
   public:
    explicit AtMostOne(TableId table) : table_(table) {}
    Result<void> validate(const Snapshot& latest, const WriteSet& /*writes*/) override {
      if (rows_of(latest, table_).empty()) return {};
      return Error(Code::invalid_argument, "one row is enough");
    }

   private:
    TableId table_;
  } validator(table);
  store->commit(insert(table, 1), Durability::commit, &validator).value();
  CHECK(store->commit(insert(table, 2), Durability::commit, &validator).error().message() == "one row is enough");
  reopen();
  CHECK(rows_of(store->snapshot().value(), table).size() == 1);
}

TEST_CASE("store: sixteen writers' commits are all there after a reopen, and they share syncs") {
  constexpr int kWriters = 16;
  constexpr int kCommits = 40;
  Simulated s;
  const auto before = s.disk.syncs_at(SyncSite::log_data);
  {
    std::vector<std::unique_ptr<Thread>> writers;
    for (int w = 0; w < kWriters; ++w) {
      writers.push_back(std::make_unique<Thread>(s.world.scheduler, "writer", [&s, w] {
        for (int i = 0; i < kCommits; ++i) {
          s.store->commit(insert(s.table, w * kCommits + i), Durability::commit).value();
        }
      }));
    }
  }
  const auto syncs = s.disk.syncs_at(SyncSite::log_data) - before;
  CHECK(syncs <= kWriters * kCommits);  // Never more than one a commit; how many fewer is the machine's matter.
  s.reopen();
  std::vector<bool> seen(kWriters * kCommits);
  for (const Row& row : rows_of(s.store->snapshot().value(), s.table)) seen[static_cast<std::size_t>(row.value)] = true;
  CHECK(std::count(seen.begin(), seen.end(), true) == kWriters * kCommits);
}

TEST_CASE("store: readers of a counter that many replace never see it torn, missing or twice, and no update is lost") {
  constexpr int kWriters = 4;
  constexpr int kUpdates = 100;
  Simulated s;
  s.store->commit(insert(s.table, 0), Durability::os).value();
  std::atomic<int> wrong{0};
  {
    std::vector<std::unique_ptr<Thread>> threads;
    for (int w = 0; w < kWriters; ++w) {
      threads.push_back(std::make_unique<Thread>(s.world.scheduler, "writer", [&] {
        for (int done = 0; done < kUpdates;) {
          const auto rows = rows_of(s.store->snapshot().value(), s.table);
          if (rows.size() != 1) return void(++wrong);
          const auto result = s.store->commit(replace(s.table, rows[0].id, rows[0].value + 1), Durability::os);
          if (result)
            ++done;
          else if (result.error().code() != Code::conflict)
            return void(++wrong);
        }
      }));
    }
  }
  CHECK(wrong == 0);
  CHECK(rows_of(s.store->snapshot().value(), s.table).at(0).value == kWriters * kUpdates);
}

}  // namespace
}  // namespace mneme
