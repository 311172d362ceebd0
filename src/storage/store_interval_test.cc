// Durability `interval`: acknowledged at once, on the disk when the table's interval has passed.
#include <doctest/doctest.h>

#include "os/sim/sim_world.h"
#include "storage/store_test.h"
#include "storage/table_scan.h"

namespace mneme {
namespace {

constexpr std::int64_t kMillisecond = 1'000'000;
constexpr std::int64_t kHour = 3'600'000 * kMillisecond, kYear = 365 * 24 * kHour;
constexpr std::uint32_t kIntervalMs = 50;

struct Intervals {  // In virtual time.
  explicit Intervals(unsigned threads)
      : options{.memory_budget = MemoryBudget::kBytesMin, .log_file_bytes = 64 << 10, .threads = threads} {
    store = Store::open(sim.world(), "db", options).value();
    TableSchema schema;
    schema.name = "t";
    schema.interval_ms = kIntervalMs;
    schema.id = table = store->next_table_id().value();
    test::add_column(schema, "n");
    store->commit(test::change(CreateTable{std::move(schema)}), Durability::commit).value();
  }
  void add() {
    InsertRows rows;
    rows.table = table;
    rows.batch.columns.emplace_back(Type{}).append(std::int64_t{1});
    store->commit(test::change(std::move(rows)), Durability::interval).value();
  }
  // Rows that are there if power goes now and nothing is kept that was not synced.
  std::size_t durable() {
    sim::SimFileSystem after(sim.files().cut(sim::CutPolicy::p0, 0));
    const World world{after, real.world().clock, real.world().scheduler, real.world().random};
    StoreOptions alone = options;
    alone.threads = 0;
    const auto reopened = Store::open(world, "db", alone).value();
    const Snapshot snapshot = reopened->snapshot().value();
    std::vector<RowId> ids;
    std::size_t rows = 0;
    auto scan = TableScan::open(snapshot, table, {ColumnId{1}}).value();
    while (scan.next(ids).value()) rows += ids.size();
    return rows;
  }

  PosixWorld real;
  sim::SimWorld sim{1};
  StoreOptions options;
  std::unique_ptr<Store> store;
  TableId table{};
};

TEST_CASE("interval: a commit is on the disk once the interval has passed, whatever the wall clock is set to") {
  for (const std::int64_t jump : {std::int64_t{0}, kYear, -kYear, -kHour}) {
    INFO("the clock jumps by ", jump);
    Intervals run(1);
    run.add();
    CHECK(run.durable() == 0);  // It was acknowledged before.
    run.sim.clock().jump_wall(jump);
    run.sim.scheduler().sleep_ns((kIntervalMs + 5) * kMillisecond);
    CHECK(run.durable() == 1);
  }
}

TEST_CASE("interval: commits that keep coming do not put off the sync of those before them") {
  Intervals run(1);
  std::vector<std::int64_t> made_at;
  for (int i = 0; i < 60; ++i) {
    run.add();
    made_at.push_back(run.sim.clock().monotonic_ns());
    run.sim.scheduler().sleep_ns(7 * kMillisecond);
    const std::int64_t due = run.sim.clock().monotonic_ns() - (kIntervalMs + 1) * kMillisecond;
    const auto old = static_cast<std::size_t>(std::ranges::count_if(made_at, [&](auto at) { return at <= due; }));
    CHECK(run.durable() >= old);
  }
  CHECK(run.durable() < 60);  // No commit waited for a sync of its own.
}

TEST_CASE("interval: a host without threads makes the sync by its next step after the interval") {
  Intervals run(0);
  run.add();
  while (run.store->step(0).value()) {
  }
  CHECK(run.durable() == 0);
  run.sim.scheduler().sleep_ns((kIntervalMs + 1) * kMillisecond);
  run.store->step(0).value();
  CHECK(run.durable() == 1);
}

}  // namespace
}  // namespace mneme
