#include "storage/latest_reader.h"

#include <doctest/doctest.h>

#include "os/sim/sim_world.h"
#include "storage/store.h"

namespace mneme {
namespace {

template <class T>
WriteSet one(T change) {
  WriteSet writes;
  writes.changes.emplace_back(std::move(change));
  return writes;
}

struct Fixture {
  sim::SimWorld sim{1};
  std::unique_ptr<Store> store = Store::open(sim.world(), "db", {.threads = 0}).value();
  TableId table = store->next_table_id().value();
  std::unique_ptr<LatestReader> reader = store->latest_reader();

  Fixture() { create(table, "t"); }
  void create(TableId id, const std::string& name) const {
    TableSchema schema;
    schema.id = id;
    schema.name = name;
    schema.columns.emplace_back();
    schema.columns.back().id = ColumnId{schema.next_column_id++};
    schema.columns.back().name = "value";
    store->commit(one(CreateTable{schema}), Durability::commit).value();
  }
  [[nodiscard]] WriteSet row(std::int64_t value) const {
    InsertRows rows;
    rows.table = table;
    rows.batch.columns.emplace_back(Type{}).append(value);
    return one(std::move(rows));
  }
  std::uint64_t insert(std::int64_t value) const { return store->commit(row(value), Durability::os).value().sequence; }
  [[nodiscard]] std::size_t rows_seen() const {
    const auto view = reader->view().value();
    std::size_t rows = 0;
    for (const auto& memtable : view.version()->find(table)->memtables) rows += memtable->visible_rows(view.sequence());
    return rows;
  }
};

TEST_CASE("latest reader: a view is what a snapshot taken now would be") {
  const Fixture at;
  for (int i = 0; i < 5; ++i) {
    const std::uint64_t committed = at.insert(i);
    const Snapshot snapshot = at.store->snapshot().value();
    const auto view = at.reader->view().value();
    CHECK(view.sequence() == committed);
    CHECK(view.sequence() == snapshot.sequence);
    CHECK(view.version() == snapshot.version);
  }
  CHECK(at.rows_seen() == 5);
}

TEST_CASE("latest reader: a table that was made since is in the next view") {
  const Fixture at;
  CHECK(at.reader->view().value().version()->tables.size() == 1);
  at.create(at.store->next_table_id().value(), "u");
  CHECK(at.reader->view().value().version()->tables.size() == 2);
}

TEST_CASE("latest reader: a view stays what it was while commits and flushes go by") {
  const Fixture at;
  at.insert(1);
  const auto view = at.reader->view().value();
  const std::uint64_t sequence = view.sequence();
  at.insert(2);
  at.store->flush().value();
  CHECK(view.sequence() == sequence);
  const auto& memtables = view.version()->find(at.table)->memtables;
  REQUIRE(memtables.size() == 1);
  CHECK(memtables.front()->visible_rows(sequence) == 1);
}

TEST_CASE("latest reader: after its view it keeps no memtable in memory") {
  const Fixture at;
  for (int i = 0; i < 10'000; ++i) at.insert(i);
  CHECK(at.rows_seen() == 10'000);
  at.store->flush().value();
  CHECK(at.store->budget().used(MemoryShare::memtables) < 10'000 * sizeof(std::int64_t));
  CHECK(at.rows_seen() == 0);
}

TEST_CASE("latest reader: a snapshot of it is what the store's is, whoever else reads through the same reader") {
  const Fixture at;
  at.insert(1);
  const Snapshot want = at.store->snapshot().value();
  const Snapshot first = at.reader->snapshot().value();
  CHECK(first.sequence == want.sequence);
  CHECK(first.version == want.version);
  const std::uint64_t later = at.insert(2);
  CHECK(at.reader->snapshot().value().sequence == later);
  CHECK(at.rows_seen() == 2);
  CHECK(at.reader->snapshot().value().sequence == later);
}

TEST_CASE("latest reader: whoever lets go of a snapshot's version lets go of all of it") {
  const Fixture at;
  for (int i = 0; i < 10'000; ++i) at.insert(i);
  Snapshot snapshot = at.reader->snapshot().value();
  snapshot.version.reset();
  at.store->flush().value();
  CHECK(at.store->budget().used(MemoryShare::memtables) < 10'000 * sizeof(std::int64_t));
}

TEST_CASE("latest reader: while a view lives no newer snapshot is the oldest") {
  const auto registry = [] {
    static sim::SimWorld world{1};
    return std::make_shared<SnapshotRegistry>(world.world().scheduler);
  }();
  SnapshotRegistry::Slot slot(registry);
  CHECK(registry->oldest(9) == 9);
  slot.pin(4);
  CHECK(registry->oldest(9) == 4);
  const auto pin = registry->pin(3);
  CHECK(registry->oldest(9) == 3);
  slot.unpin();
  CHECK(registry->oldest(9) == 3);
  {
    const SnapshotRegistry::Slot other(registry);
  }
  CHECK(registry->oldest(2) == 2);
}

TEST_CASE("latest reader: once a sync has failed it shows what was durable") {
  Fixture at;
  at.store->commit(at.row(1), Durability::commit).value();
  CHECK(at.rows_seen() == 1);
  at.sim.files().fail(sim::Fault{.at_operation = at.sim.files().operations() + 2});
  CHECK(at.store->commit(at.row(2), Durability::commit).error().code() == Code::io);
  at.sim.files().fail({});
  CHECK(at.rows_seen() == 1);
  CHECK(at.reader->view().value().sequence() == at.store->snapshot().value().sequence);
  CHECK(at.reader->snapshot().value().sequence == at.store->snapshot().value().sequence);
}

TEST_CASE("latest reader: of a closed store it shows nothing") {
  const Fixture at;
  CHECK(at.rows_seen() == 0);
  at.store->close().value();
  CHECK(at.reader->view().error().code() == Code::closed);
  CHECK(at.reader->snapshot().error().code() == Code::closed);
}

}  // namespace
}  // namespace mneme
