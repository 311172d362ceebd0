#include "storage/segment_merge.h"

#include <doctest/doctest.h>

#include <limits>

#include "storage/store_test.h"

namespace mneme {
namespace {

constexpr std::int64_t kNoDeadline = std::numeric_limits<std::int64_t>::max();

// Key, and a text column that the inputs are older than: "new" for their rows.
std::shared_ptr<const TableSchema> key_and_later_text() {
  TableSchema schema;
  schema.id = TableId{4};
  schema.primary_key = {test::add_column(schema, "key").id};
  ColumnSchema& later = test::add_column(schema, "later", Type{.kind = TypeKind::text});
  Column value(later.type);
  value.append_bytes(as_bytes("new"));
  encode_column(value, 0, 1, later.missing_value);
  return std::make_shared<const TableSchema>(std::move(schema));
}

struct Fixture {
  PosixWorld posix;
  World world = posix.world();
  sim::SimFileSystem files;
  MemoryBudget budget{16 << 20};
  BlockCache cache{budget, world.scheduler, 4 << 20};

  std::unique_ptr<SegmentWriter> create(std::uint64_t number) {
    return SegmentWriter::create(files, std::to_string(number), {.number = number}, budget).value();
  }
  Segment close(SegmentWriter& writer, std::uint64_t number) {
    REQUIRE(writer.end_part());
    REQUIRE(writer.finish());
    return SegmentFile::open(files, std::to_string(number), number, cache, budget).value()->part(0);
  }
  // Input n of 3 holds the keys n, n + 3, n + 6 ... : row ordinal o has key 3 * o + n and id 1,000 + key.
  Segment input(std::int64_t n, std::int64_t rows) {
    const auto number = static_cast<std::uint64_t>(n + 1);
    auto writer = create(number);
    const Type integer{.kind = TypeKind::integer};
    REQUIRE(writer->begin_part({TableId{4}, 1, number, number, {{kRowIdColumn, integer}, {ColumnId{1}, integer}}}));
    Batch batch;
    batch.columns.emplace_back(integer);
    batch.columns.emplace_back(integer);
    for (std::int64_t o = 0; o < rows; ++o) {
      batch.columns[0].append(1'000 + 3 * o + n);
      batch.columns[1].append(3 * o + n);
    }
    REQUIRE(writer->append(batch));
    return close(*writer, number);
  }
};

TEST_CASE("a merge is sorted, keeps every value beside its key, and leaves out what nobody sees") {
  Fixture f;
  DeleteSet dead;
  dead.add(0, 5);  // Key 0.
  std::vector<SegmentMerge::Input> inputs{{f.input(0, 3'000), dead}, {f.input(1, 3'000), {}}, {f.input(2, 3'000), {}}};
  auto merge = SegmentMerge::begin(std::move(inputs), key_and_later_text(), f.budget).value();
  auto writer = f.create(9);
  int steps = 1;
  while (!merge->step(*writer, f.world.clock, 0).value()) ++steps;
  CHECK(steps == 5);  // 8,999 rows in batches of 2,048.
  const Segment merged = f.close(*writer, 9);
  REQUIRE(merged.rows() == 8'999);
  CHECK(merged.info().last_lsn == 3);
  Column ids(Type{.kind = TypeKind::integer});
  Column keys(Type{.kind = TypeKind::integer});
  Column texts(Type{.kind = TypeKind::text});
  REQUIRE(merged.decode(0, 0, 8'999, ids));
  REQUIRE(merged.decode(1, 0, 8'999, keys));
  REQUIRE(merged.decode(2, 0, 8'999, texts));
  for (std::size_t i = 0; i < 8'999; ++i) {
    REQUIRE(keys.values<std::int64_t>()[i] == static_cast<std::int64_t>(i) + 1);
    REQUIRE(ids.values<std::int64_t>()[i] == static_cast<std::int64_t>(i) + 1'001);
    REQUIRE(as_text(texts.bytes_at(i)) == "new");
  }
  CHECK_FALSE(merge->place(0, 0).has_value());
  CHECK(merge->place(1, 2) == 6);  // Key 7.
  CHECK(merge->place(2, 2'999) == 8'998);
}

TEST_CASE("a merge of rows that are all dead is empty") {
  Fixture f;
  DeleteSet dead;
  for (std::uint32_t o = 0; o < 10; ++o) dead.add(o, 2);
  auto merge = SegmentMerge::begin({{f.input(0, 10), dead}}, key_and_later_text(), f.budget).value();
  auto writer = f.create(9);
  CHECK(merge->step(*writer, f.world.clock, kNoDeadline).value());
  CHECK(f.close(*writer, 9).rows() == 0);
}

}  // namespace
}  // namespace mneme
