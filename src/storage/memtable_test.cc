#include "storage/memtable.h"

#include <doctest/doctest.h>

#include "storage/memtable_chunk.h"
#include "storage/store_test.h"
#include "storage/table_scan.h"

namespace mneme {
namespace {

std::shared_ptr<const TableSchema> number_and_name() {
  TableSchema schema;
  schema.id = TableId{1};
  schema.name = "t";
  test::add_column(schema, "number");
  test::add_column(schema, "name", Type{.kind = TypeKind::text});
  return std::make_shared<const TableSchema>(std::move(schema));
}

// Rows first .. first + count - 1: the number is the row, the name "n<row>", NULL in every fifth.
Batch rows_from(std::int64_t first, std::int64_t count) {
  Batch batch;
  Column& number = batch.columns.emplace_back(Type{.kind = TypeKind::integer});
  Column name(Type{.kind = TypeKind::text});
  for (std::int64_t i = first; i < first + count; ++i) {
    number.append(i);
    i % 5 == 0 ? name.append_null() : name.append_bytes(as_bytes("n" + std::to_string(i)));
  }
  batch.columns.push_back(std::move(name));
  return batch;
}

struct Fixture {
  PosixWorld world;
  MemoryBudget budget{8 << 20};
  std::shared_ptr<Memtable> memtable = std::make_shared<Memtable>(world.world().scheduler, budget, number_and_name());

  // The numbers a snapshot sees; every row's name is checked on the way.
  std::vector<std::int64_t> seen(std::uint64_t sequence) {
    auto version = std::make_shared<Version>();
    version->tables.emplace(TableId{1},
                            TableVersion{number_and_name(), {memtable}, {}, std::make_shared<KeyCounter>()});
    std::vector<std::int64_t> numbers;
    std::vector<RowId> ids;
    auto scan = TableScan::open({sequence, version, nullptr}, TableId{1}, {ColumnId{1}, ColumnId{2}}).value();
    while (const auto batch = scan.next(ids).value()) {
      REQUIRE(ids.size() == batch->rows());
      for (std::size_t row = 0; row < batch->rows(); ++row) {
        const auto number = batch->columns[0].values<std::int64_t>()[row];
        REQUIRE(batch->columns[1].is_null(row) == (number % 5 == 0));
        if (number % 5 != 0) REQUIRE(as_text(batch->columns[1].bytes_at(row)) == "n" + std::to_string(number));
        numbers.push_back(number);
      }
    }
    return numbers;
  }
};

std::vector<std::int64_t> range(std::int64_t first, std::int64_t count) {
  std::vector<std::int64_t> numbers;
  for (std::int64_t i = 0; i < count; ++i) numbers.push_back(first + i);
  return numbers;
}

TEST_CASE_FIXTURE(Fixture, "memtable: a snapshot sees the commits up to its sequence, whole, over many chunks") {
  memtable->append(rows_from(0, 10), RowId{100}).value();
  memtable->publish(5);
  memtable->append(rows_from(10, 5'000), RowId{200}).value();
  memtable->publish(9);
  CHECK(seen(4).empty());
  CHECK(seen(5) == range(0, 10));
  CHECK(seen(8) == range(0, 10));
  CHECK(seen(9) == range(0, 5'010));
}

TEST_CASE_FIXTURE(Fixture,
                  "memtable: what was appended is not seen before it is published, and discarded leaves nothing") {
  memtable->append(rows_from(0, 20), RowId{1}).value();
  memtable->publish(1);
  memtable->append(rows_from(20, 3'000), RowId{21}).value();
  CHECK(seen(99) == range(0, 20));
  CHECK_FALSE(memtable->find(RowId{21}).has_value());
  memtable->discard();
  memtable->append(rows_from(500, 3), RowId{40}).value();
  memtable->publish(2);
  auto expected = range(0, 20);
  for (const auto number : range(500, 3)) expected.push_back(number);
  CHECK(seen(2) == expected);
}

TEST_CASE_FIXTURE(Fixture, "memtable: rows that take the place of discarded ones do not inherit their NULLs") {
  Batch nulls = rows_from(500, 1);
  nulls.columns[0] = Column(nulls.columns[0].type());
  nulls.columns[0].append_null();
  memtable->append(rows_from(0, 1), RowId{1}).value();
  memtable->publish(1);
  memtable->append(nulls, RowId{2}).value();
  memtable->discard();
  memtable->append(rows_from(1, 1), RowId{2}).value();
  memtable->publish(2);
  const auto chunks = memtable->visible_chunks(2).chunks;
  CHECK_FALSE(chunks.front()->is_null(0, 1));
  CHECK(seen(2) == range(0, 2));
}

TEST_CASE_FIXTURE(Fixture, "memtable: a version ends once; snapshots below its end still see it") {
  memtable->append(rows_from(0, 3), RowId{7}).value();
  memtable->publish(1);
  const auto at = memtable->find(RowId{8});
  REQUIRE(at.has_value());
  CHECK(seen(1) == range(0, 3));
  CHECK(memtable->end(*at, 4));
  CHECK_FALSE(memtable->end(*at, 6));
  CHECK(seen(3) == range(0, 3));
  CHECK(seen(4) == std::vector<std::int64_t>{0, 2});
}

TEST_CASE_FIXTURE(Fixture, "memtable: every version is found by its RowId across commits with gaps, and no other is") {
  memtable->append(rows_from(0, 1'000), RowId{10}).value();
  memtable->publish(1);
  memtable->append(rows_from(0, 1'000), RowId{5'000}).value();
  memtable->publish(2);
  for (std::uint64_t id = 1; id < 7'000; ++id) {
    const bool exists = (id >= 10 && id < 1'010) || (id >= 5'000 && id < 6'000);
    REQUIRE(memtable->find(RowId{id}).has_value() == exists);
  }
}

TEST_CASE("memtable: a budget that is used up refuses the batch with full, and what was there stays as it was") {
  PosixWorld world;
  MemoryBudget budget(MemoryBudget::kBytesMin);
  auto memtable = std::make_shared<Memtable>(world.world().scheduler, budget, number_and_name());
  memtable->append(rows_from(0, 10), RowId{1}).value();
  memtable->publish(1);
  const std::size_t before = memtable->memory_bytes();
  CHECK(memtable->append(rows_from(10, 200'000), RowId{11}).error().code() == Code::full);
  CHECK(memtable->visible_rows(9) == 10);
  CHECK(memtable->memory_bytes() <= before + 2 * 256);  // At most a part of text more in the chunk that stayed.
  memtable->append(rows_from(10, 10), RowId{11}).value();
  memtable->publish(2);
  CHECK(memtable->visible_rows(2) == 20);
  memtable.reset();
  CHECK(budget.used(MemoryShare::memtables) == 0);
}

}  // namespace
}  // namespace mneme
