// What is durable when a call returns, along the paths that drawn power cuts hardly ever take. Each law was found
// missing by a mutant that lived (tests/mutate).
#include <doctest/doctest.h>

#include <algorithm>

#include "storage/manifest.h"
#include "storage/store_test.h"
#include "storage/table_scan.h"

namespace mneme {
namespace {

struct Durable : test::SimulatedStore {
  Durable() {
    TableSchema schema;
    schema.name = "t";
    test::add_column(schema, "text", Type{.kind = TypeKind::text});
    table = make_table(std::move(schema));
  }
  InsertRows row(const std::string& text) const {
    InsertRows rows;
    rows.table = table;
    rows.batch.columns.emplace_back(Type{.kind = TypeKind::text}).append_bytes(as_bytes(text));
    return rows;
  }
  std::size_t rows() const {
    auto scan = TableScan::open(store->snapshot().value(), table, {}).value();
    std::size_t count = 0;
    while (scan.next().value()) count += scan.ordinals().size();
    return count;
  }
  TableId table{};
};

TEST_CASE_FIXTURE(Durable, "durable: a commit that finds memory nearly used up has synced the log as any other") {
  std::size_t alone = 0;
  const MemoryBudget& budget = store->budget();
  for (int i = 0; i < 120; ++i) {
    const std::size_t cap = budget.share_cap(MemoryShare::memtables);
    alone += budget.used(MemoryShare::memtables) > cap - cap / 4;  // Then it does not join the others.
    const std::uint64_t before = disk.syncs_at(SyncSite::log_data);
    commit(row(std::string(20'000, 'a')), Durability::commit);
    CHECK(disk.syncs_at(SyncSite::log_data) > before);
  }
  CHECK(alone > 3);
}

TEST_CASE_FIXTURE(Durable, "durable: a backup knows its whole log to be durable: damage at its end is no torn tail") {
  commit(row("first"), Durability::commit);
  commit(row("last"), Durability::os);
  store->backup("copy").value();
  auto& log = disk.medium("copy/wal/1.log");
  const auto last = std::ranges::find_if(log.rbegin(), log.rend(), [](std::byte b) { return b != std::byte{0}; });
  REQUIRE(last != log.rend());
  *last ^= std::byte{1};
  const auto opened = Store::open(world, "copy", options);
  REQUIRE_FALSE(opened.has_value());
  CHECK(opened.error().code() == Code::corrupt);
}

TEST_CASE_FIXTURE(Durable, "durable: a commit that a power cut took does not come back when power is cut again") {
  const std::string text(900, 'x');
  commit(row("first"), Durability::commit);
  commit(row(text), Durability::os);
  ByteBuffer& torn = disk.medium("db/wal/1.log");
  const auto run = std::search_n(torn.begin(), torn.end(), 900, std::byte{'x'}) - torn.begin();
  const auto lost = (run / 512 + 1) * 512;  // Nothing but `x`.
  std::fill_n(torn.begin() + lost, 512, std::byte{0});
  kill();
  REQUIRE(rows() == 1);

  const ByteBuffer before = disk.medium("db/wal/1.log");
  commit(row(text), Durability::os);
  ByteBuffer& after = disk.medium("db/wal/1.log");
  ByteBuffer kept = before;  // Of the new record, only what is like the old one's missing sector.
  std::copy_n(after.begin() + lost, 512, kept.begin() + lost);
  after = kept;
  kill();
  CHECK(rows() == 1);
}

// A flush lets go of the log, and with it of what else would tell which numbers were given.
TEST_CASE_FIXTURE(Durable, "durable: each flush keeps the next number of a table, were only one given since the last") {
  for (std::uint64_t given = 1; given <= 3; ++given) {
    CHECK(store->reserve_keys(table, 1).value() == given);
    commit(row("numbered"));
    store->flush().value();
    CHECK(Manifest::read(disk, "db").value().tables.at(table).next_key == given + 1);
  }
  reopen();
  CHECK(store->reserve_keys(table, 1).value() == 4);
}

}  // namespace
}  // namespace mneme
