// What merging segments must not change, and what it must: rows, deletes and snapshots stay; files and dead rows go.
#include <doctest/doctest.h>

#include <map>
#include <random>

#include "storage/store_test.h"
#include "storage/table_scan.h"

namespace mneme {
namespace {

using Rows = std::map<RowId, std::int64_t>;

Rows rows_of(const Snapshot& snapshot, TableId table) {
  Rows rows;
  auto scan = TableScan::open(snapshot, table, {ColumnId{1}}).value();
  std::vector<RowId> ids;
  while (const auto batch = scan.next(ids).value()) {
    for (std::size_t i = 0; i < ids.size(); ++i) {
      CHECK(rows.emplace(ids[i], batch->columns[0].values<std::int64_t>()[i]).second);
    }
  }
  return rows;
}

struct Simulated : test::SimulatedStore {
  TableId table{};
  Rows want;

  Simulated() {
    TableSchema schema;
    schema.name = "t";
    schema.primary_key = {test::add_column(schema, "key").id};
    table = make_table(std::move(schema));
  }
  // Keys that no earlier call used, in no order.
  void add(std::int64_t count) {
    InsertRows rows;
    rows.table = table;
    rows.batch.columns.emplace_back(Type{});
    for (std::int64_t i = 0; i < count; ++i) rows.batch.columns[0].append((next_key_ + i * 7'919) % 1'000'003);
    next_key_ += count * 7'919;
    commit(std::move(rows));
    want = rows_of(store->snapshot().value(), table);
  }
  void end_some(std::mt19937_64& random, std::uint64_t one_in) {
    EndRows ended{.table = table, .rows = {}};
    for (const auto& [id, key] : want) {
      if (random() % one_in == 0) ended.rows.insert(id);
    }
    for (const RowId id : ended.rows) want.erase(id);
    if (!ended.rows.empty()) commit(std::move(ended));
  }
  [[nodiscard]] Rows rows() { return rows_of(store->snapshot().value(), table); }
  [[nodiscard]] std::size_t segments() { return store->snapshot().value().version->find(table)->segments.size(); }

 private:
  std::int64_t next_key_ = 1;
};

TEST_CASE_FIXTURE(Simulated, "compaction: forty flushes become a few sorted segments that hold the same rows") {
  std::mt19937_64 random(1);
  for (int i = 0; i < 40; ++i) {
    add(3'000);
    end_some(random, 10);
    store->flush().value();
    settle();
    REQUIRE(rows() == want);
  }
  CHECK(segments() <= 8);
  settle();
  CHECK(files("seg", ".seg") == segments());
  CHECK(files("seg", ".del") <= segments());
  CHECK(store->budget().peak() <= store->budget().bytes());
  for (const bool killed : {true, false, false}) {
    killed ? kill() : reopen();
    CHECK(rows() == want);
    settle();
    CHECK(rows() == want);
  }
  const Snapshot snapshot = store->snapshot().value();
  for (const TableSegment& segment : snapshot.version->find(table)->segments) {
    Column keys(Type{});
    segment.file->open().value()->part(0).decode(1, 0, static_cast<std::size_t>(segment.part.rows), keys).value();
    CHECK(std::is_sorted(keys.values<std::int64_t>(), keys.values<std::int64_t>() + keys.rows()));
  }
}

TEST_CASE_FIXTURE(
    Simulated, "budget: narrow rows in no order, more at once than a flush may sort, become several sorted segments") {
  for (int i = 0; i < 5; ++i) add(40'000);
  store->flush().value();
  CHECK(segments() > 5);
  CHECK(rows() == want);
  settle();
  CHECK(segments() <= 8);
  CHECK(store->budget().peak() <= store->budget().bytes());
  kill();
  CHECK(rows() == want);
}

TEST_CASE_FIXTURE(Simulated,
                  "compaction: rows of any of its inputs that end while a merge is being named are dead in it") {
  std::mt19937_64 random(3);
  for (const bool flushed : {false, true}) {  // Then the log does not bring their ends again.
    for (int i = 0; i < 4; ++i) {
      add(2'000);
      store->flush().value();
    }
    const std::size_t before = segments(), rows_before = want.size();
    std::uint64_t written = disk.syncs_at(SyncSite::segment_directory), named = 0;
    // The edit is on its way to the disk; the Version that reads the merge is not shown yet.
    disk.after_operation([&] {
      if (disk.syncs_at(SyncSite::segment_directory) == written) {
        named = disk.syncs_at(SyncSite::manifest_data);
      } else if (disk.syncs_at(SyncSite::manifest_data) != named) {
        written = disk.syncs_at(SyncSite::segment_directory);  // Not again: a later end has these saved, too.
        end_some(random, 10);
      }
    });
    settle();
    disk.after_operation({});
    CHECK(segments() < before);
    CHECK(want.size() < rows_before);
    CHECK(rows() == want);
    if (flushed) store->flush().value();
    kill();
    CHECK(rows() == want);
  }
}

// The flush moves the log's start past the deletes: from then on nothing but the merge's own file of deletes has them.
TEST_CASE_FIXTURE(Simulated, "compaction: rows that ended before a flush in the midst of a merge stay dead") {
  std::mt19937_64 random(4);
  for (int steps = 1; steps <= 9; steps += 2) {
    for (int i = 0; i < 4; ++i) {
      add(2'000);
      store->flush().value();
    }
    for (int step = 0; step < steps; ++step) REQUIRE(store->step(0));
    end_some(random, 20);
    store->flush().value();
    settle();
    disk.reset(disk.cut(sim::CutPolicy::p0, 1));
    test::kill_store(std::move(store));
    store = Store::open(world, "db", options).value();
    CHECK(rows() == want);
  }
}

TEST_CASE_FIXTURE(Simulated, "compaction: rows that end while it runs are dead in the merge, whatever is killed when") {
  std::mt19937_64 random(2);
  for (const bool killed : {false, true}) {
    for (int i = 0; i < 4; ++i) {
      add(6'000);
      store->flush().value();
    }
    const std::size_t before = segments();
    for (int step = 0; segments() >= before && step < 200; ++step) {
      REQUIRE(store->step(0).value());
      end_some(random, 50);
      REQUIRE(rows() == want);
    }
    CHECK(segments() < before);
    killed ? kill() : reopen();
    CHECK(rows() == want);
    store->flush().value();
    killed ? kill() : reopen();
    CHECK(rows() == want);
  }
}

// Who holds the snapshot that sees the row.
struct Held : Simulated {
  enum class By { store, reader, second_of_reader, after_reader };
  std::unique_ptr<LatestReader> reader = store->latest_reader();
  std::unique_ptr<Snapshot> other;

  std::unique_ptr<Snapshot> hold(By by) {
    if (by == By::store) return std::make_unique<Snapshot>(store->snapshot().value());
    if (by == By::second_of_reader) other = std::make_unique<Snapshot>(reader->snapshot().value());
    auto held = std::make_unique<Snapshot>(reader->snapshot().value());
    other.reset();  // Not what `held` stands on.
    if (by == By::after_reader) reader.reset();
    return held;
  }
};

TEST_CASE_FIXTURE(Held,
                  "compaction: a row that a snapshot sees stays until the snapshot goes; then half-dead files shrink") {
  By by{};
  SUBCASE("the store's") { by = By::store; }
  SUBCASE("a reader's") { by = By::reader; }
  SUBCASE("a reader's second, after the first has gone") { by = By::second_of_reader; }
  SUBCASE("a reader's that has gone") { by = By::after_reader; }
  add(6'000);
  store->flush().value();
  auto held = hold(by);
  const Rows before = want;
  std::mt19937_64 random(3);
  end_some(random, 1);
  add(1);
  store->flush().value();
  settle();
  CHECK(rows_of(*held, table) == before);
  CHECK(segments() == 2);
  held.reset();
  add(1);
  store->flush().value();  // Only then is there anything new to look at.
  settle();
  CHECK(rows() == want);
  CHECK(want.size() == 2);
  CHECK(segments() == 2);
  CHECK(files("seg", ".seg") == 2);
  kill();
  CHECK(rows() == want);
}

TEST_CASE_FIXTURE(Simulated,
                  "compaction: a table dropped while its segments are merged is gone, and so are its files") {
  for (int i = 0; i < 4; ++i) {
    add(6'000);
    store->flush().value();
  }
  for (int i = 0; i < 3; ++i) REQUIRE(store->step(0).value());
  commit(DropTable{table});
  settle();
  store->flush().value();
  settle();
  CHECK(files("seg", ".seg") == 0);
  kill();
  CHECK(store->snapshot().value().version->tables.empty());
}

TEST_CASE_FIXTURE(Simulated, "compaction: a damaged segment is not merged, is reported, and stands in nobody's way") {
  for (int i = 0; i < 4; ++i) {
    add(3'000);
    store->flush().value();
  }
  store.reset();
  auto& bytes = disk.medium("db/seg/1.seg");
  bytes[2'000] ^= std::byte{1};
  store = Store::open(world, "db", options).value();
  bool reported = false;
  for (int i = 0; i < 100; ++i) {
    const auto stepped = store->step(0);
    if (!stepped) reported = stepped.error().code() == Code::corrupt;
    if (stepped && !*stepped) break;
  }
  CHECK(reported);
  InsertRows rows;
  rows.table = table;
  rows.batch.columns.emplace_back(Type{}).append(std::int64_t{5});
  commit(std::move(rows));
  store->flush().value();
  settle();
  CHECK(segments() == 2);  // The damaged one, and the merge of all others.
}

TEST_CASE_FIXTURE(Simulated, "vacuum: where a full disk refuses its work it says so, and of which file") {
  for (int i = 0; i < 4; ++i) {
    add(3'000);
    store->flush().value();
  }
  disk.set_capacity(1);  // What is there stays; nothing can grow.
  settle();              // Maintenance by itself is refused the same, and tells nobody.
  for (int i = 0; i < 2; ++i) {
    const auto refused = store->vacuum();
    REQUIRE_FALSE(refused.has_value());
    CHECK(refused.error().code() == Code::full);
    CHECK(refused.error().to_string().find("db/seg/") != std::string::npos);
    CHECK(rows() == want);
  }
  CHECK(segments() == 4);
  disk.set_capacity(~std::uint64_t{0});
  store->vacuum().value();  // Though nothing was committed since.
  CHECK(segments() == 1);
  CHECK(rows() == want);
  store->vacuum().value();
}

}  // namespace
}  // namespace mneme
