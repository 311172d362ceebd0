// A load that never lets up, within the least memory there may be: it waits, it is not refused, and leaves few
// segments.
#include <doctest/doctest.h>

#include "os/posix.h"
#include "os/sim/sim_file_system.h"
#include "storage/store.h"
#include "storage/table_scan.h"

namespace mneme {
namespace {

constexpr std::size_t kCommits = 240, kRowsPerCommit = 2'500;

TableSchema one_column() {
  TableSchema schema;
  schema.name = "t";
  schema.columns.emplace_back();
  schema.columns.back().id = ColumnId{schema.next_column_id++};
  schema.columns.back().name = "key";
  schema.primary_key = {ColumnId{1}};
  return schema;
}

TEST_CASE(
    "load: a writer that is faster than the flush waits for it, and its rows end up in a bounded number of files") {
  PosixWorld real;
  sim::SimFileSystem disk;
  const World world{disk, real.world().clock, real.world().scheduler, real.world().random};
  const StoreOptions options{.memory_budget = MemoryBudget::kBytesMin, .log_file_bytes = 256 << 10, .threads = 1};
  auto store = Store::open(world, "db", options).value();
  TableSchema schema = one_column();
  schema.id = store->next_table_id().value();
  WriteSet create;
  create.changes.emplace_back(CreateTable{schema});
  store->commit(std::move(create), Durability::os).value();
  std::int64_t key = 0;
  std::size_t segments = 0;
  for (std::size_t i = 0; i < kCommits; ++i) {
    WriteSet writes;
    InsertRows rows{.table = schema.id, .batch = {}, .first_row = RowId{0}};
    rows.batch.columns.emplace_back(Type{});
    for (std::size_t row = 0; row < kRowsPerCommit; ++row) rows.batch.columns[0].append(key++);
    writes.changes.emplace_back(std::move(rows));
    const auto committed = store->commit(std::move(writes), Durability::os);
    REQUIRE_MESSAGE(committed.has_value(), (committed ? std::string() : committed.error().message()));
    segments = std::max(segments, store->snapshot().value().version->find(schema.id)->segments.size());
  }
  CHECK(segments <= 48);
  CHECK(store->budget().peak() <= store->budget().bytes());
  const Snapshot snapshot = store->snapshot().value();
  auto scan = TableScan::open(snapshot, schema.id, {ColumnId{1}}).value();
  std::vector<RowId> ids;
  std::size_t count = 0;
  while (scan.next(ids).value()) count += ids.size();
  CHECK(count == kCommits * kRowsPerCommit);
  store->close().value();
}

}  // namespace
}  // namespace mneme
