#include "storage/row_source.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "base/coding.h"
#include "storage/memtable_flush.h"
#include "storage/row_finder.h"
#include "storage/segment_source.h"
#include "storage/store_test.h"
#include "storage/table_scan.h"

namespace mneme {
namespace {

TableSchema events() {
  TableSchema schema;
  schema.id = TableId{1};
  schema.name = "events";
  schema.time_column = test::add_column(schema, "ts", Type{.kind = TypeKind::timestamp}).id;
  test::add_column(schema, "note", Type{.kind = TypeKind::text});
  return schema;
}

// Rows at times first, first + 1 ...; the note is "n<time>", NULL in every seventh.
Batch moments(std::int64_t first, std::int64_t count) {
  Batch batch;
  Column ts(Type{.kind = TypeKind::timestamp}), note(Type{.kind = TypeKind::text});
  for (std::int64_t at = first; at < first + count; ++at) {
    ts.append(at);
    at % 7 == 0 ? note.append_null() : note.append_bytes(as_bytes("n" + std::to_string(at)));
  }
  batch.columns.push_back(std::move(ts));
  batch.columns.push_back(std::move(note));
  return batch;
}

ScanBound between(std::int64_t lower, std::int64_t upper) {
  ScanBound bound{ColumnId{1}, Column(Type{.kind = TypeKind::timestamp}), Column(Type{.kind = TypeKind::timestamp})};
  bound.lower->append(lower);
  bound.upper->append(upper);
  return bound;
}

// A table of 5,000 old rows in a segment (times 0 .. 4,999, written backwards, RowIds 1 .. 5,000 by arrival) and ten
// new ones in a memtable.
struct Fixture {
  PosixWorld real;
  World world = real.world();
  sim::SimFileSystem disk;
  MemoryBudget budget{16 << 20};
  BlockCache cache{budget, world.scheduler, 4 << 20};
  std::shared_ptr<const TableSchema> schema = std::make_shared<const TableSchema>(events());
  std::shared_ptr<Version> version = std::make_shared<Version>();
  TableSegment segment;
  std::shared_ptr<Memtable> memtable = std::make_shared<Memtable>(world.scheduler, budget, schema);

  Fixture() {
    auto old = std::make_shared<Memtable>(world.scheduler, budget, schema);
    for (int i = 0; i < 50; ++i) {
      old->append(moments(4'900 - i * 100, 100), RowId{1 + static_cast<std::uint64_t>(i) * 100}).value();
      old->publish(1 + static_cast<std::uint64_t>(i));
    }
    auto writer = SegmentWriter::create(disk, "7.seg", {.number = 7}, budget).value();
    auto flush = MemtableFlush::begin(old, {Lsn{1}, Lsn{50}, 50}, budget).value();
    while (!flush->step(*writer, world.clock, 0).value()) {
    }
    writer->end_part().value();
    writer->finish().value();
    segment.file = std::make_shared<SegmentHandle>(disk, world.scheduler, "7.seg", 7, cache, budget);
    segment.part = {TableId{1}, 1, 5'000, RowId{1}, RowId{5'000}, 0, 0, {}};
    segment.deletes = std::make_shared<SegmentDeletes>(world.scheduler, budget, 5'000);
    memtable->append(moments(10'000, 10), RowId{6'000}).value();
    memtable->publish(60);
    version->tables.emplace(TableId{1}, TableVersion{schema, {memtable}, {segment}, std::make_shared<KeyCounter>()});
  }
  void end(std::uint32_t ordinal, std::uint64_t sequence) {
    REQUIRE(segment.deletes->prepare(ordinal).value());
    segment.deletes->end_prepared(sequence);
  }
  std::vector<std::int64_t> times(std::uint64_t sequence, std::vector<ScanBound> bounds = {}) {
    auto scan = TableScan::open({sequence, version, nullptr}, TableId{1}, {ColumnId{2}, ColumnId{1}}, std::move(bounds))
                    .value();
    std::vector<std::int64_t> found;
    std::vector<RowId> ids;
    while (const auto batch = scan.next(ids).value()) {
      REQUIRE(ids.size() == batch->rows());
      REQUIRE(batch->rows() <= kBatchRowsMax);
      for (std::size_t row = 0; row < ids.size(); ++row) {
        const auto at = batch->columns[1].values<std::int64_t>()[row];
        REQUIRE(batch->columns[0].is_null(row) == (at % 7 == 0));
        if (at % 7 != 0) REQUIRE(as_text(batch->columns[0].bytes_at(row)) == "n" + std::to_string(at));
        // Arrival went backwards in hundreds.
        const auto arrived = at >= 10'000 ? at - 4'000 : 1 + (49 - at / 100) * 100 + at % 100;
        REQUIRE(ids[row] == static_cast<RowId>(arrived));
        found.push_back(at);
      }
    }
    return found;
  }
};

TEST_CASE_FIXTURE(Fixture, "row source: a scan walks segments, then memtables, each row once, text and ids in step") {
  const auto found = times(60);
  REQUIRE(found.size() == 5'010);
  for (std::size_t i = 0; i < 5'000; ++i) REQUIRE(found[i] == static_cast<std::int64_t>(i));
  CHECK(found[5'000] == 10'000);
  CHECK(times(59).size() == 5'000);  // The memtable's rows are younger.
}

TEST_CASE_FIXTURE(Fixture, "row source: a snapshot sees a segment's row until the sequence that ended it") {
  end(3, 61);
  end(2'100, 63);
  CHECK(times(60).size() == 5'010);
  CHECK(times(62).size() == 5'009);
  const auto later = times(63);
  REQUIRE(later.size() == 5'008);
  CHECK(later[3] == 4);
  CHECK_FALSE(segment.deletes->prepare(3).value());  // A version ends once.
  REQUIRE(segment.deletes->prepare(5).value());
  CHECK(times(70).size() == 5'008);  // Prepared is not ended.
  segment.deletes->cancel_prepared();
  segment.deletes->age(61);
  CHECK(times(62).size() == 5'009);
  CHECK(times(63).size() == 5'008);
}

TEST_CASE_FIXTURE(Fixture, "row source: bounds skip blocks and sources that zone maps rule out, never a row inside") {
  const auto few = times(60, [] {
    std::vector<ScanBound> bounds;
    bounds.push_back(between(4'990, 9'000));
    return bounds;
  }());
  CHECK(few.size() < 5'010);
  CHECK(std::ranges::find(few, 4'990) != few.end());
  CHECK(std::ranges::find(few, 4'999) != few.end());
  CHECK(std::ranges::find(few, 100) == few.end());
}

TEST_CASE_FIXTURE(Fixture, "row source: a column younger than segment and memtable reads as its missing value") {
  TableSchema younger = events();
  younger.version = 2;
  test::add_column(younger, "level");
  Column seven(Type{});
  seven.append(std::int64_t{7});
  encode_column(seven, 0, 1, younger.columns.back().missing_value);
  version->tables.at(TableId{1}).schema = std::make_shared<const TableSchema>(younger);
  end(0, 61);
  auto scan = TableScan::open({61, version, nullptr}, TableId{1}, {ColumnId{3}}).value();
  std::size_t rows = 0;
  while (const auto batch = scan.next().value()) {
    for (std::size_t row = 0; row < batch->rows(); ++row) REQUIRE(batch->columns[0].values<std::int64_t>()[row] == 7);
    rows += batch->rows();
  }
  CHECK(rows == 5'009);
}

TEST_CASE_FIXTURE(Fixture,
                  "row source: RowIds are found in the segment that holds them, wherever clustering put them") {
  const TableVersion& table = version->tables.at(TableId{1});
  const RowId wanted[] = {RowId{1}, RowId{77}, RowId{5'000}, RowId{6'000}};
  const auto found = find_rows(table, wanted).value();
  REQUIRE(found.size() == 3);  // The last is in no segment.
  for (const FoundRow& row : found) {
    std::vector<RowId> ids;
    const std::uint32_t ordinals[] = {row.ordinal};
    SegmentSource::open(segment, TableId{1}, 60).value()->row_ids(ordinals, ids).value();
    CHECK(ids.at(0) == row.row);
  }
}

TEST_CASE_FIXTURE(Fixture, "row source: deletes go to a DeleteSet and come back the same") {
  end(0, 61);
  end(4'999, 62);
  end(2'047, 63);
  segment.deletes->age(61);
  const DeleteSet kept = segment.deletes->up_to(62);
  CHECK(kept.count() == 2);
  SegmentDeletes again(world.scheduler, budget, 5'000);
  again.adopt(kept).value();
  CHECK(again.end_sequence(0) == 0);
  CHECK(again.end_sequence(4'999) == 62);
  CHECK(again.end_sequence(2'047) == kSequenceMax);
  CHECK(segment.deletes->after(61).size() == 2);
}

}  // namespace
}  // namespace mneme
