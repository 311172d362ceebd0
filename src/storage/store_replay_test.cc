// What a store could commit within its budget, it can replay within it.
#include <doctest/doctest.h>

#include "storage/store_test.h"
#include "storage/table_scan.h"

namespace mneme {
namespace {

struct Rows {  // Of one commit.
  std::size_t count = 1;
  std::size_t text_bytes = 0;  // Of each.
};

struct Simulated : test::SimulatedStore {
  TableId table{};
  std::uint64_t rows = 0, bytes = 0;  // Committed.

  Simulated() {
    TableSchema schema;
    schema.name = "t";
    test::add_column(schema, "v", Type{.kind = TypeKind::text});
    table = make_table(std::move(schema));
  }
  // False: there is no memory for them.
  bool add(const Rows& wanted) {
    InsertRows change;
    change.table = table;
    Column& column = change.batch.columns.emplace_back(Type{.kind = TypeKind::text});
    const std::string text(wanted.text_bytes, 'x');
    for (std::size_t i = 0; i < wanted.count; ++i) column.append_bytes(as_bytes(text));
    const auto done = store->commit(test::change(std::move(change)), Durability::os);
    if (!done) {
      CHECK(done.error().code() == Code::full);
      return false;
    }
    rows += wanted.count;
    bytes += wanted.count * wanted.text_bytes;
    return true;
  }
  // The most that is taken at once, to a thousandth, found by halves.
  void add_most(const std::function<Rows(std::size_t size)>& of_size, std::size_t too_many) {
    std::size_t size = 0;
    for (std::size_t step = too_many / 2; step > too_many >> 10; step /= 2) {
      Simulated fresh;
      fresh.before = before;
      fresh.fill();
      if (fresh.add(of_size(size + step))) size += step;
    }
    CHECK(size > 0);
    fill();
    REQUIRE(add(of_size(size)));
  }
  std::size_t before = 0;  // Bytes in memory when the great one comes.
  void fill() {
    for (std::size_t left = before; left > 0; left -= std::min<std::size_t>(left, 10'000)) {
      REQUIRE(add({1, std::min<std::size_t>(left, 10'000)}));
    }
  }
  void check_rows() { check_rows(*store); }
  void check_rows(Store& from) const {
    const auto snapshot_taken = from.snapshot();
    REQUIRE_MESSAGE(snapshot_taken, snapshot_taken.error().to_string());
    const Snapshot& snapshot = *snapshot_taken;
    auto scan = TableScan::open(snapshot, table, {ColumnId{1}}).value();
    std::vector<RowId> ids;
    std::uint64_t found = 0, length = 0;
    while (const auto batch = scan.next(ids).value()) {
      found += ids.size();
      for (std::size_t row = 0; row < ids.size(); ++row) length += batch->columns[0].bytes_at(row).size();
    }
    CHECK(found == rows);
    CHECK(length == bytes);
  }
};

// Of about so many bytes.
Rows one_text(std::size_t size) { return {1, size}; }
Rows tiny_texts(std::size_t size) { return {size / 16, 1}; }
Rows middling_texts(std::size_t size) { return {size / 2'000, 2'000}; }

}  // namespace

TEST_CASE("replay: the largest commit that a budget takes is replayed within it, whatever was in memory before") {
  for (const std::size_t before : {std::size_t{0}, std::size_t{900'000}}) {
    for (const auto of_size : {one_text, tiny_texts, middling_texts}) {
      Simulated store;
      store.before = before;
      store.add_most(of_size, MemoryBudget::kBytesMin);
      store.kill();
      store.check_rows();
      store.kill();
      store.check_rows();
    }
  }
}

TEST_CASE("replay: the largest commit that a budget takes reaches a reader with that budget, there before or not") {
  for (const std::size_t before : {std::size_t{0}, std::size_t{900'000}}) {
    for (const auto of_size : {one_text, tiny_texts, middling_texts}) {
      CAPTURE(before);
      Simulated writer;
      writer.before = before;
      const auto there = Store::open_read_only(writer.world, "db", writer.options).value();
      writer.add_most(of_size, MemoryBudget::kBytesMin);
      writer.store->sync().value();
      writer.check_rows(*there);
      const auto later = Store::open_read_only(writer.world, "db", writer.options);
      REQUIRE_MESSAGE(later, later.error().to_string());
      writer.check_rows(**later);
    }
  }
}

}  // namespace mneme
