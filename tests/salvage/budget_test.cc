// What a salvage needs of memory: whatever a store could commit within its budget comes over within twice that, and
// where memory does not suffice, that is an error, never a loss.
#include <doctest/doctest.h>

#include <functional>

#include "salvage/salvage_store.h"
#include "storage/store_test.h"
#include "storage/table_scan.h"

namespace mneme::sim {
namespace {

struct Texts {  // Rows of one commit.
  std::size_t rows = 1;
  std::size_t bytes = 0;  // Of each row's text.
};
Texts one_text(std::size_t bytes) { return {1, bytes}; }

struct Found {
  std::uint64_t rows = 0, bytes = 0;
  friend bool operator==(const Found&, const Found&) = default;
};

Found find_texts(Store& store) {
  Found found;
  const Snapshot snapshot = store.snapshot().value();
  for (const auto& [id, table] : snapshot.version->tables) {
    auto scan = TableScan::open(snapshot, id, {ColumnId{1}}).value();
    std::vector<RowId> ids;
    while (const auto batch = scan.next(ids).value()) {
      found.rows += ids.size();
      for (std::size_t row = 0; row < ids.size(); ++row) found.bytes += batch->columns[0].bytes_at(row).size();
    }
  }
  return found;
}

struct Source : test::SimulatedStore {
  TableId table{};
  IndexKinds kinds{std::vector<std::unique_ptr<IndexKind>>()};

  explicit Source(std::size_t budget = MemoryBudget::kBytesMin) {
    options.memory_budget = budget;
    reopen();
    TableSchema schema;
    schema.name = "t";
    test::add_column(schema, "v", Type{.kind = TypeKind::text});
    table = make_table(std::move(schema));
  }
  bool add(const Texts& wanted) {
    InsertRows change;
    change.table = table;
    Column& column = change.batch.columns.emplace_back(Type{.kind = TypeKind::text});
    const std::string text(wanted.bytes, 'x');
    for (std::size_t i = 0; i < wanted.rows; ++i) column.append_bytes(as_bytes(text));
    const auto done = store->commit(test::change(std::move(change)), Durability::os);
    if (!done) CHECK(done.error().code() == Code::full);
    return done.has_value();
  }
  // Of a process that was killed.
  Result<SalvageReport> salvage(std::size_t budget, Found& found) {
    test::kill_store(std::move(store));
    const StoreOptions to{.memory_budget = budget / 2};
    const auto out = Store::open(world, "out", to).value();
    auto report = salvage_store(world, "db", *out, kinds, {.memory_budget = budget, .progress = {}});
    found = find_texts(*out);
    return report;
  }
};

// The most that a store of the least budget takes at once, found by halves.
std::size_t find_most(const std::function<Texts(std::size_t size)>& of_size, std::size_t too_many) {
  std::size_t most = 0;
  for (std::size_t step = too_many; step > 0; step /= 2) {
    Source fresh;
    if (fresh.add(of_size(most + step))) most += step;
  }
  return most;
}

void salvage_most(const std::function<Texts(std::size_t size)>& of_size, std::size_t too_many) {
  const std::size_t most = find_most(of_size, too_many);
  REQUIRE(most > 1);
  for (const std::size_t size : {most - 1, most}) {
    Source source;
    const Texts wanted = of_size(size);
    CAPTURE(wanted.rows);
    CAPTURE(wanted.bytes);
    REQUIRE(source.add(wanted));
    Found found;
    const auto report = source.salvage(2 * MemoryBudget::kBytesMin, found);
    REQUIRE_MESSAGE(report, report.error().to_string());
    CHECK(report->complete());
    CHECK(found == Found{wanted.rows, wanted.rows * wanted.bytes});
  }
}

}  // namespace

TEST_CASE("salvage: the largest commit that a budget takes comes over within twice that budget") {
  salvage_most(one_text, MemoryBudget::kBytesMin);
  for (const std::size_t bytes : {1U, 2'000U, 100'000U}) {
    const auto rows_of = [bytes](std::size_t rows) { return Texts{rows, bytes}; };
    salvage_most(rows_of, MemoryBudget::kBytesMin / (bytes + 8));
  }
}

TEST_CASE("salvage: want of memory is an error that says what helps, and no loss") {
  constexpr std::size_t kWritten = 16 << 20, kTextBytes = 5 << 20;
  for (const bool flushed : {false, true}) {
    Source source(kWritten);
    REQUIRE(source.add(one_text(kTextBytes)));
    REQUIRE(source.add({10, 1}));
    if (flushed) REQUIRE(source.store->flush());
    Found found;
    const auto little = source.salvage(2 * MemoryBudget::kBytesMin, found);
    REQUIRE(!little);
    CHECK(little.error().code() == Code::full);
    CHECK(little.error().sqlstate() == "53200");
    CHECK(little.error().message().find(" wanted ") != std::string::npos);
    CHECK(little.error().hint().find("--memory") != std::string::npos);
  }
  for (const bool flushed : {false, true}) {  // The same with what the database had.
    Source source(kWritten);
    REQUIRE(source.add(one_text(kTextBytes)));
    REQUIRE(source.add({10, 1}));
    if (flushed) REQUIRE(source.store->flush());
    Found found;
    const auto enough = source.salvage(2 * kWritten, found);
    REQUIRE_MESSAGE(enough, enough.error().to_string());
    CHECK(enough->complete());
    CHECK(found == Found{11, kTextBytes + 10});
  }
}

}  // namespace mneme::sim
