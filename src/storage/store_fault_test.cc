// What a store promises once something failed: laws that the sweeps of tests/sim found broken, each with its own small
// proof.
#include <doctest/doctest.h>

#include "os/sim/sim_world.h"
#include "storage/store_test.h"
#include "storage/table_scan.h"

namespace mneme {
namespace {

TableSchema table_named(TableId id, const std::string& name) {
  TableSchema schema;
  schema.id = id;
  schema.name = name;
  test::add_column(schema, "value");
  return schema;
}

WriteSet insert(TableId table, std::int64_t value) {
  InsertRows rows;
  rows.table = table;
  rows.batch.columns.emplace_back(Type{}).append(value);
  return test::change(std::move(rows));
}

std::vector<std::int64_t> values_of(Store& store, TableId table) {
  std::vector<std::int64_t> values;
  auto scan = TableScan::open(store.snapshot().value(), table, {ColumnId{1}}).value();
  std::vector<RowId> ids;
  while (const auto batch = scan.next(ids).value()) {
    for (std::size_t i = 0; i < ids.size(); ++i) values.push_back(batch->columns[0].values<std::int64_t>()[i]);
  }
  return values;
}

using Values = std::vector<std::int64_t>;

struct Fixture {
  sim::SimWorld sim{1};
  std::unique_ptr<Store> store = Store::open(sim.world(), "db", {}).value();
  TableId table = store->next_table_id().value();

  Fixture() { store->commit(test::change(CreateTable{table_named(table, "t")}), Durability::commit).value(); }
  // Refused by the sync: its record is written before.
  void fail_sync_of(WriteSet writes) {
    sim.files().fail(sim::Fault{.at_operation = sim.files().operations() + 2});
    CHECK(store->commit(std::move(writes), Durability::commit).error().code() == Code::io);
    sim.files().fail({});
  }
  void reopen() {
    store.reset();
    store = Store::open(sim.world(), "db", {}).value();
  }
};

}  // namespace

TEST_CASE_FIXTURE(Fixture,
                  "store: opened after a failed sync it shows what the disk holds, and builds on nothing else") {
  store->commit(insert(table, 1), Durability::commit).value();
  fail_sync_of(insert(table, 2));
  reopen();
  CHECK(values_of(*store, table) == Values{1});  // The cache still showed 2.
  store->commit(insert(table, 3), Durability::commit).value();
  for (const auto policy : {sim::CutPolicy::p0, sim::CutPolicy::p1, sim::CutPolicy::p4}) {
    sim::SimWorld later(2, sim.files().cut(policy, 1));
    const auto recovered = Store::open(later.world(), "db", {}).value();
    CHECK(values_of(*recovered, table) == Values{1, 3});
  }
  CHECK(sim.files().retried_syncs() == 0);
}

TEST_CASE_FIXTURE(Fixture, "store: a closing whose sync failed is not taken for a clean one by the next opening") {
  store->commit(insert(table, 1), Durability::os).value();
  sim.files().fail(sim::Fault{.at_operation = sim.files().operations() + 2});
  CHECK(store->close().error().code() == Code::io);
  sim.files().fail({});
  reopen();
  CHECK(values_of(*store, table).empty());
  store->commit(insert(table, 2), Durability::commit).value();
  sim::SimWorld later(2, sim.files().cut(sim::CutPolicy::p0, 1));
  CHECK(values_of(*Store::open(later.world(), "db", {}).value(), table) == Values{2});
}

TEST_CASE_FIXTURE(Fixture, "store: after a failed sync new snapshots see the tables that were durable") {
  const TableId other = store->next_table_id().value();
  TableSchema wider = table_named(table, "t");
  wider.columns.push_back(wider.columns[0]);
  wider.columns[1].id = ColumnId{wider.next_column_id++};
  wider.columns[1].name = "more";
  ++wider.version;
  store->commit(test::change(CreateTable{table_named(other, "other")}), Durability::os).value();
  store->commit(test::change(AlterTable{wider}), Durability::os).value();
  fail_sync_of(test::change(DropTable{other}));
  const Snapshot snapshot = store->snapshot().value();
  CHECK(snapshot.version->tables.size() == 1);
  CHECK(snapshot.version->find(table)->schema->columns.size() == 1);
}

TEST_CASE_FIXTURE(Fixture, "store: after a failed sync a transaction hears of it, not of a race it cannot win") {
  store->commit(insert(table, 1), Durability::commit).value();
  fail_sync_of(test::change(EndRows{table, {RowId{1}}}));
  CHECK(values_of(*store, table) == Values{1});
  CHECK(store->commit(test::change(EndRows{table, {RowId{1}}}), Durability::commit).error().code() == Code::io);
  CHECK(store->commit(WriteSet{}, Durability::commit).has_value());  // Nothing to write: nothing to fail.
}

TEST_CASE_FIXTURE(Fixture, "store: other writers are kept out until its last write") {
  int writes = 0;
  sim.after_operation([&] {
    ++writes;
    CHECK(sim.files().lock("db/LOCK", "another").error().code() == Code::busy);
  });
  store->close().value();
  sim.after_operation({});
  CHECK(writes == 4);  // The log's mark, its sync, what readers are told, the manifest's mark.
  CHECK(sim.files().lock("db/LOCK", "another").has_value());
}

}  // namespace mneme
