// What a salvage writes to: rows that cannot stand in their table are left out and told of, and no other is.
#include "salvage/destination.h"

#include <doctest/doctest.h>

#include "index/ordered/ordered.h"
#include "os/sim/sim_world.h"

namespace mneme::sim {
namespace {

TableSchema two_columns() {
  TableSchema schema;
  schema.name = "t";
  for (const char* name : {"id", "n"}) {
    ColumnSchema& column = schema.columns.emplace_back();
    column.id = ColumnId{schema.next_column_id++};
    column.name = name;
    column.type.kind = TypeKind::integer;
    column.not_null = true;
  }
  IndexSchema& key = schema.indexes.emplace_back();
  key.id = IndexId{schema.next_index_id++};
  key.name = "t_pkey";
  key.columns = schema.primary_key = {schema.columns[0].id};
  key.unique = key.primary = true;
  return schema;
}

// Row i has the key `keys[i]`; one of 0 in `values` is NULL.
Batch rows_of(const std::vector<std::int64_t>& keys, const std::vector<std::int64_t>& values) {
  Batch rows;
  Column& id = rows.columns.emplace_back(Type{.kind = TypeKind::integer});
  for (const std::int64_t key : keys) id.append(key);
  Column& n = rows.columns.emplace_back(Type{.kind = TypeKind::integer});
  for (const std::int64_t value : values) value == 0 ? n.append_null() : n.append(value);
  return rows;
}

struct OneTable {  // A destination with one table. One thread at a time.
  SimWorld sim{1};
  std::unique_ptr<IndexKinds> kinds = std::make_unique<IndexKinds>(ordered_kind());
  std::unique_ptr<Store> store = Store::open(sim.world(), "out", {.threads = 0}, kinds.get()).value();
  Destination destination{*store, *kinds, 0};
  TableId table{};
  std::vector<LeftOut> left_out;

  OneTable() {
    destination.expect_duplicates();
    table = destination.create_table(two_columns()).value();
  }
  void insert(const std::vector<RowId>& ids, Batch rows) {
    REQUIRE(destination.insert(table, ids, rows, [this](const LeftOut& row) { left_out.push_back(row); }));
  }
};

}  // namespace

TEST_CASE("salvage destination: a row that breaks NOT NULL is left out by itself, and the others of its batch are in") {
  OneTable world;
  world.insert({RowId{5}, RowId{6}, RowId{7}}, rows_of({1, 2, 3}, {10, 0, 30}));
  REQUIRE(world.left_out.size() == 1);
  CHECK(world.left_out[0].row == RowId{6});
  CHECK(!world.left_out[0].duplicate);
  CHECK(world.left_out[0].reason.find("'n' of table") != std::string::npos);
  const auto transaction = Transaction::begin(*world.store, *world.kinds, 0).value();
  const auto schema = transaction->find_table(world.table);
  const auto found =
      transaction->find_conflicts(world.table, schema->indexes[0], rows_of({1, 2, 3}, {1, 1, 1})).value();
  CHECK(found[0] != RowId{});
  CHECK(found[1] == RowId{});
  CHECK(found[2] != RowId{});
}

TEST_CASE("salvage destination: of two rows with one key the younger stays, in whatever order they come") {
  OneTable world;
  world.insert({RowId{5}}, rows_of({1}, {10}));
  world.insert({RowId{9}}, rows_of({1}, {20}));
  world.insert({RowId{7}}, rows_of({1}, {30}));
  REQUIRE(world.left_out.size() == 2);
  CHECK(world.left_out[0].row == RowId{5});
  CHECK(world.left_out[1].row == RowId{7});
  CHECK(world.left_out[1].duplicate);
}

TEST_CASE("salvage destination: a younger row that breaks NOT NULL does not cost the older one with its key") {
  OneTable world;
  world.insert({RowId{5}}, rows_of({1}, {10}));
  world.insert({RowId{9}}, rows_of({1}, {0}));
  REQUIRE(world.left_out.size() == 1);
  CHECK(world.left_out[0].row == RowId{9});
  const auto transaction = Transaction::begin(*world.store, *world.kinds, 0).value();
  const auto schema = transaction->find_table(world.table);
  CHECK(transaction->find_conflicts(world.table, schema->indexes[0], rows_of({1}, {1})).value()[0] != RowId{});
}

}  // namespace mneme::sim
