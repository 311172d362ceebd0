// Real threads: several read through one reader, beside its own thread, the writer and the writer's maintenance.
#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <optional>

#include "storage/store_test.h"
#include "storage/table_scan.h"

namespace mneme {
namespace {

constexpr std::int64_t kCommits = 150;

// None where a scan fails, or where the rows are not the first so many commits.
std::optional<std::int64_t> commits_in(const Snapshot& snapshot, TableId table) {
  auto scan = TableScan::open(snapshot, table, {ColumnId{1}});
  if (!scan) return std::nullopt;
  std::int64_t rows = 0, sum = 0;
  std::vector<RowId> ids;
  for (;;) {
    const auto batch = scan->next(ids);
    if (!batch) return std::nullopt;
    if (!*batch) break;
    for (std::size_t i = 0; i < ids.size(); ++i, ++rows) sum += (*batch)->columns[0].values<std::int64_t>()[i];
  }
  if (sum != rows * (rows + 1) / 2) return std::nullopt;
  return rows;
}

TEST_CASE_FIXTURE(test::SimulatedStore,
                  "follower: threads that share a reader see each commit, whole, once it is done") {
  TableSchema schema;
  schema.name = "t";
  test::add_column(schema, "n");
  store->close().value();
  store.reset();
  options.threads = 1;
  store = Store::open(world, "db", options).value();
  const TableId table = make_table(schema);
  const auto reader = Store::open_read_only(world, "db", options).value();

  std::atomic<std::int64_t> done{0};
  std::atomic<int> wrong{0}, looks{0};
  {
    std::vector<std::unique_ptr<Thread>> threads;
    threads.push_back(std::make_unique<Thread>(world.scheduler, "writer", [&] {
      for (std::int64_t n = 1; n <= kCommits; ++n) {
        InsertRows rows{};
        rows.table = table;
        rows.batch.columns.emplace_back(Type{}).append(n);
        wrong += !store->commit(test::change(std::move(rows)), Durability::commit);
        done = n;
        if (n % 30 == 0) wrong += !store->flush();
      }
    }));
    for (int i = 0; i < 3; ++i) {
      threads.push_back(std::make_unique<Thread>(world.scheduler, "reader", [&] {
        for (std::int64_t seen = 0; seen < kCommits && wrong == 0; ++looks) {
          const std::int64_t at_least = std::max(seen, done.load());
          const auto snapshot = reader->snapshot();
          const auto found = snapshot ? commits_in(*snapshot, table) : std::nullopt;
          wrong += !found || *found < at_least;
          seen = found.value_or(kCommits);
        }
      }));
    }
    threads.push_back(std::make_unique<Thread>(world.scheduler, "idle", [&] {
      while (done < kCommits && wrong == 0) {
        wrong += !reader->step(0);
        wrong += !store->readers();
        world.scheduler.sleep_ns(100'000);
      }
    }));
  }
  CHECK(wrong == 0);
  CHECK(looks >= 3);
  CHECK(store->readers().value().size() == 1);
  reader->close().value();
}

}  // namespace
}  // namespace mneme
