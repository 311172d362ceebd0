// What is durable when a call returns, along the paths that drawn power cuts hardly ever take. Each law was found
// missing by a mutant that lived (tests/mutate).
#include <doctest/doctest.h>

#include <algorithm>

#include "storage/manifest.h"
#include "storage/store_test.h"

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
