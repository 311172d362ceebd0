// What a flush must not change, and what it must: rows read the same from segments, the log before them goes, and
// memory stays within its budget however much is written.
#include <doctest/doctest.h>

#include <map>
#include <optional>

#include "storage/store_test.h"
#include "storage/table_scan.h"

namespace mneme {
namespace {

using test::change;

TableSchema numbers(const std::string& name = "numbers") {
  TableSchema schema;
  schema.name = name;
  test::add_column(schema, "number").identity = true;
  test::add_column(schema, "text", Type{.kind = TypeKind::text});
  return schema;
}

WriteSet insert(TableId table, std::int64_t first, std::int64_t count, std::size_t text_bytes = 10) {
  InsertRows rows;
  rows.table = table;
  rows.batch.columns.emplace_back(Type{});
  rows.batch.columns.emplace_back(Type{.kind = TypeKind::text});
  for (std::int64_t i = first; i < first + count; ++i) {
    rows.batch.columns[0].append(i);
    i % 7 == 0 ? rows.batch.columns[1].append_null()
               : rows.batch.columns[1].append_bytes(as_bytes(std::string(text_bytes, static_cast<char>('a' + i % 26))));
  }
  return change(std::move(rows));
}

using Rows = std::map<RowId, std::pair<std::int64_t, std::string>>;

Rows rows_of(const Snapshot& snapshot, TableId table) {
  Rows rows;
  auto scan = TableScan::open(snapshot, table, {ColumnId{1}, ColumnId{2}}).value();
  std::vector<RowId> ids;
  while (const auto batch = scan.next(ids).value()) {
    for (std::size_t i = 0; i < ids.size(); ++i) {
      const Column& text = batch->columns[1];
      const auto value = text.is_null(i) ? std::string("NULL") : std::string(as_text(text.bytes_at(i)));
      CHECK(rows.emplace(ids[i], std::pair(batch->columns[0].values<std::int64_t>()[i], value)).second);
    }
  }
  return rows;
}

struct Simulated : test::SimulatedStore {
  TableId table = make_table(numbers());

  void add(std::int64_t first, std::int64_t count, std::size_t text_bytes = 10) {
    store->commit(insert(table, first, count, text_bytes), Durability::os).value();
  }
  [[nodiscard]] Rows rows() { return rows_of(store->snapshot().value(), table); }
};

TEST_CASE_FIXTURE(Simulated, "flush: rows, NULLs and deletes read the same from segments, and after a reopen") {
  add(0, 5'000);
  Rows want = rows();
  std::optional<Snapshot> before = store->snapshot().value();
  store->flush().value();
  CHECK(store->snapshot().value().version->find(table)->memtables.empty());
  CHECK(rows() == want);
  CHECK(rows_of(*before, table) == want);

  std::vector<RowId> ended;
  for (const auto& [id, row] : want) {
    if (row.first % 3 == 0) ended.push_back(id);
  }
  store->commit(change(EndRows{table, RowSet(ended)}), Durability::commit).value();
  CHECK(rows_of(*before, table) == want);
  for (const RowId id : ended) want.erase(id);
  CHECK(rows() == want);
  store->flush().value();  // Now the deletes are in a .del file.
  CHECK(files("seg", ".del") == 1);
  CHECK(rows() == want);
  before.reset();
  reopen();
  CHECK(store->recovery().groups == 0);
  CHECK(rows() == want);
  CHECK(store->commit(change(EndRows{table, {ended[0]}}), Durability::commit).error().code() == Code::conflict);
}

TEST_CASE_FIXTURE(Simulated, "flush: what replay meets after the flush ends rows in segments, once") {
  add(0, 100);
  store->flush().value();
  std::vector<RowId> ended;
  for (const auto& [id, row] : rows()) ended.push_back(id);
  ended.resize(10);
  store->commit(change(EndRows{table, RowSet(ended)}), Durability::commit).value();
  const Rows want = rows();
  CHECK(want.size() == 90);
  kill();
  CHECK(store->recovery().groups == 1);
  CHECK(rows() == want);
  kill();
  CHECK(rows() == want);
}

TEST_CASE_FIXTURE(Simulated, "flush: the log before it is given back, so that its files do not pile up") {
  for (int i = 0; i < 200; ++i) {
    add(i * 100, 100);
    settle();
  }
  CHECK(files("wal", ".log") <= 6);  // 200 commits of 1.5 KiB would be 5 files of 64 KiB and more.
  CHECK(store->log_bytes() <= 4 * test::kLogFileBytes);
  CHECK(rows().size() == 20'000);
  reopen();
  CHECK(rows().size() == 20'000);
}

TEST_CASE_FIXTURE(Simulated, "flush: numbers that were handed out are not handed out again after the log is gone") {
  add(1, 100);
  const std::uint64_t next = store->reserve_keys(table, 50).value();
  CHECK(next == 101);
  store->flush().value();
  reopen();
  CHECK(store->recovery().groups == 0);
  CHECK(store->reserve_keys(table, 1).value() >= 151);
  CHECK(store->next_table_id().value() > table);
  const RowId last = rows().rbegin()->first;
  add(500, 1);
  CHECK(rows().rbegin()->first > last);
}

TEST_CASE_FIXTURE(Simulated, "flush: small tables share one file; a dropped table's part goes with the next flush") {
  const TableId other = make_table(numbers("other"));
  add(0, 10);
  store->commit(insert(other, 0, 10), Durability::commit).value();
  store->flush().value();
  CHECK(files("seg", ".seg") == 1);
  store->commit(change(DropTable{other}), Durability::commit).value();
  store->flush().value();
  settle();
  CHECK(files("seg", ".seg") == 1);
  CHECK(rows().size() == 10);
  store->commit(change(DropTable{table}), Durability::commit).value();
  store->flush().value();
  settle();
  CHECK(files("seg", ".seg") == 0);
  reopen();
  CHECK(store->snapshot().value().version->tables.empty());
}

TEST_CASE_FIXTURE(Simulated, "flush: a file that a snapshot reads stays until it is let go") {
  add(0, 10);
  store->flush().value();
  auto reader = std::make_unique<Snapshot>(store->snapshot().value());
  store->commit(change(DropTable{table}), Durability::commit).value();
  store->flush().value();
  settle();
  CHECK(rows_of(*reader, table).size() == 10);
  CHECK(files("seg", ".seg") == 1);
  reader.reset();
  settle();
  CHECK(files("seg", ".seg") == 0);
}

TEST_CASE_FIXTURE(Simulated, "budget: far more than fits is taken, because memtables become segments on the way") {
  for (int i = 0; i < 120; ++i) add(i * 1'000, 1'000, 100);  // 12 MB of text through 4 MiB.
  CHECK(store->budget().peak() <= store->budget().bytes());
  CHECK(rows().size() == 120'000);
  CHECK(store->commit(insert(table, 0, 30'000, 100), Durability::os).error().code() == Code::full);
  kill();
  CHECK(rows().size() == 120'000);
}

TEST_CASE("budget: the longest text that is taken can be flushed, alone or after others, and read") {
  constexpr std::size_t kBlock = 256 << 10;  // Longer than any block aims to be.
  std::size_t longest = 0;
  for (std::size_t step = MemoryBudget::kBytesMin / 2; step > 0; step /= 2) {
    Simulated fresh;
    if (fresh.store->commit(insert(fresh.table, 1, 1, longest + step), Durability::os)) longest += step;
  }
  REQUIRE(longest > MemoryBudget::kBytesMin / 4);  // More than maintenance may hold.
  for (const std::size_t size : {longest - 1, longest, longest / 2, kBlock}) {
    Simulated bench;
    bench.add(1, 1, size);
    REQUIRE(bench.store->flush());
    bench.add(2, 3);
    bench.add(5, 1, size / 2);
    bench.add(6, 3);
    REQUIRE(bench.store->flush());
    const auto check = [&] {
      const auto rows = bench.rows();
      REQUIRE(rows.size() == 8);
      CHECK(rows.begin()->second == std::pair(std::int64_t{1}, std::string(size, 'b')));
      CHECK(std::next(rows.begin(), 4)->second == std::pair(std::int64_t{5}, std::string(size / 2, 'f')));
    };
    check();
    bench.reopen();
    check();
  }
}

TEST_CASE_FIXTURE(Simulated, "budget: a log that holds more than memory does is replayed into segments") {
  options.memory_budget = 64 << 20;
  options.log_file_bytes = 32 << 20;
  reopen();
  for (int i = 0; i < 60; ++i) add(i * 1'000, 1'000, 100);
  options.memory_budget = MemoryBudget::kBytesMin;
  kill();
  CHECK(store->recovery().groups == 61);  // The table, too.
  CHECK(store->budget().peak() <= store->budget().bytes());
  CHECK(rows().size() == 60'000);
  kill();
  CHECK(rows().size() == 60'000);
}

TEST_CASE("flush: with a thread of its own the store keeps up with a writer, and every step it takes is seen whole") {
  PosixWorld real;
  sim::SimFileSystem disk;
  World world{disk, real.world().clock, real.world().scheduler, real.world().random};
  const StoreOptions options{
      .memory_budget = MemoryBudget::kBytesMin, .log_file_bytes = test::kLogFileBytes, .threads = 1};
  auto store = Store::open(world, "db", options).value();
  TableSchema schema = numbers();
  const TableId table = schema.id = store->next_table_id().value();
  store->commit(change(CreateTable{std::move(schema)}), Durability::commit).value();
  std::int64_t most = 0;
  for (int i = 0; i < 60; ++i) {
    store->commit(insert(table, i * 500, 500, 40), Durability::os).value();
    if (i % 10 != 9) continue;
    const auto rows = rows_of(store->snapshot().value(), table);
    CHECK(rows.size() == static_cast<std::size_t>(i + 1) * 500);
    most = std::max<std::int64_t>(
        most, static_cast<std::int64_t>(store->snapshot().value().version->find(table)->segments.size()));
  }
  CHECK(most > 0);
  store.reset();
  store = Store::open(world, "db", options).value();
  CHECK(rows_of(store->snapshot().value(), table).size() == 30'000);
}

}  // namespace
}  // namespace mneme
