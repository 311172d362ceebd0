#include "storage/memtable_flush.h"

#include <doctest/doctest.h>

#include <limits>

#include "storage/memtable_check.h"
#include "storage/memtable_chunk.h"
#include "storage/store_test.h"
#include "storage/write_set.h"

namespace mneme {
namespace {

DeleteSet deletes_of(const MemtableFlush& flush) {
  DeleteSet deletes;
  for (const DeleteSet::Pair& pair : flush.ended_after(0)) deletes.add(pair.ordinal, pair.end_sequence);
  return deletes;
}

constexpr std::int64_t kNoDeadline = std::numeric_limits<std::int64_t>::max();

std::shared_ptr<const TableSchema> key_and_name() {
  TableSchema schema;
  schema.id = TableId{4};
  schema.version = 2;
  schema.primary_key = {test::add_column(schema, "key").id};
  test::add_column(schema, "name", Type{.kind = TypeKind::text});
  return std::make_shared<const TableSchema>(std::move(schema));
}

// Row i (from 0) has key (i * 37) % rows, a permutation as 37 divides no count used here, and the id 100 + i.
struct Fixture {
  PosixWorld posix;
  World world = posix.world();
  sim::SimFileSystem files;
  MemoryBudget budget{16 << 20};
  BlockCache cache{budget, world.scheduler, 4 << 20};
  std::unique_ptr<SegmentWriter> writer;
  std::shared_ptr<Memtable> memtable = std::make_shared<Memtable>(world.scheduler, budget, key_and_name());

  void fill(std::int64_t rows) {
    Batch batch;
    batch.columns.emplace_back(Type{.kind = TypeKind::integer});
    batch.columns.emplace_back(Type{.kind = TypeKind::text});
    for (std::int64_t i = 0; i < rows; ++i) {
      const std::int64_t key = i * 37 % rows;
      batch.columns[0].append(key);
      key % 5 == 0 ? batch.columns[1].append_null()
                   : batch.columns[1].append_bytes(as_bytes("n" + std::to_string(key)));
    }
    REQUIRE(memtable->append(batch, RowId{100}));
    memtable->publish(7);
  }
  void end(std::uint64_t row, std::uint64_t sequence) {
    REQUIRE(memtable->end(memtable->find(RowId{100 + row}).value(), sequence));
  }
  Segment finish() {
    REQUIRE(writer->end_part());
    REQUIRE(writer->finish());
    return SegmentFile::open(files, "9.seg", 9, cache, budget).value()->part(0);
  }
  void create() { writer = SegmentWriter::create(files, "9.seg", {.number = 9}, budget).value(); }
};

std::int64_t integer_at(const Segment& segment, std::size_t column, std::uint64_t ordinal) {
  Column out(Type{.kind = TypeKind::integer});
  REQUIRE(segment.decode(column, ordinal, 1, out));
  return out.values<std::int64_t>()[0];
}

TEST_CASE("a flush of rows that changed in memory is refused: whichever byte, of values, NULLs, lengths or text") {
  Fixture f;
  Memtable& memtable = *f.memtable;
  WriteSet writes;
  writes.changes.emplace_back(InsertRows{.table = memtable.schema().id, .batch = {}, .first_row = {}});
  auto& [table, batch, first, crc, number_at] = std::get<InsertRows>(writes.changes[0]);
  for (const ColumnSchema& column : memtable.schema().columns) batch.columns.emplace_back(column.type);
  for (int row = 0; row < 100; ++row) {
    for (Column& column : batch.columns) {
      if (row % 9 == 4) {
        column.append_null();
      } else if (column.type().is_variable()) {
        column.append_bytes(as_bytes("text " + std::to_string(row)));
      } else {
        column.append_fixed(ByteBuffer(column.type().width(), static_cast<std::byte>(row)));
      }
    }
  }
  ByteBuffer bytes;
  encode_write_set(writes, bytes);
  memtable.append(batch, RowId{1}).value();
  memtable.stamp_rows(crc);
  memtable.publish(7);
  CHECK(check_memtable(memtable).has_value());
  const MemtableChunk& chunk = *memtable.visible_chunks(kEnding - 1).chunks.at(1);
  for (std::size_t column = 0; column < batch.columns.size(); ++column) {
    std::byte& value = chunk.columns[column].values[3 * batch.columns[column].type().width()];
    auto& nulls = chunk.columns[column].nulls[0];
    if (!batch.columns[column].type().is_variable()) {
      value ^= std::byte{1};
      CHECK(check_memtable(memtable).error().code() == Code::corrupt);
      value ^= std::byte{1};
    }
    nulls ^= std::uint64_t{1} << 3;
    CHECK(check_memtable(memtable).error().code() == Code::corrupt);
    nulls ^= std::uint64_t{1} << 3;
  }
  CHECK(check_memtable(memtable).has_value());
}

TEST_CASE("a flushed memtable is a segment sorted by key, each value beside its own key and row id") {
  Fixture f;
  f.fill(5'003);
  f.create();
  auto flush = MemtableFlush::begin(f.memtable, {Lsn{7}, Lsn{7}, 7}, f.budget).value();
  CHECK(flush->step(*f.writer, f.world.clock, kNoDeadline).value());
  const Segment segment = f.finish();
  REQUIRE(segment.rows() == 5'003);
  CHECK(segment.info().table == TableId{4});
  CHECK(segment.info().last_lsn == 7);
  Column ids(Type{.kind = TypeKind::integer});
  Column keys(Type{.kind = TypeKind::integer});
  Column names(Type{.kind = TypeKind::text});
  REQUIRE(segment.decode(0, 0, 5'003, ids));
  REQUIRE(segment.decode(1, 0, 5'003, keys));
  REQUIRE(segment.decode(2, 0, 5'003, names));
  for (std::size_t i = 0; i < 5'003; ++i) {
    REQUIRE(keys.values<std::int64_t>()[i] == static_cast<std::int64_t>(i));
    REQUIRE((ids.values<std::int64_t>()[i] - 100) * 37 % 5'003 == static_cast<std::int64_t>(i));
    REQUIRE(names.is_null(i) == (i % 5 == 0));
    if (i % 5 != 0) REQUIRE(as_text(names.bytes_at(i)) == "n" + std::to_string(i));
  }
}

TEST_CASE("a version stays behind only if no snapshot sees it and the flush covers its end") {
  Fixture f;
  f.fill(41);
  f.end(0, 8);  // Key 0. Dead to all, covered.
  f.end(1, 9);  // Key 37. Covered, but a snapshot at 8 sees it.
  f.create();
  auto flush = MemtableFlush::begin(f.memtable, {Lsn{7}, Lsn{9}, 8}, f.budget).value();
  CHECK(flush->rows() == 40);
  auto not_covered = MemtableFlush::begin(f.memtable, {Lsn{7}, Lsn{7}, 20}, f.budget).value();
  CHECK(not_covered->rows() == 41);
  CHECK(flush->step(*f.writer, f.world.clock, kNoDeadline).value());
  const Segment segment = f.finish();
  CHECK(integer_at(segment, 1, 0) == 1);
  const DeleteSet deletes = deletes_of(*flush);
  REQUIRE(deletes.young().size() == 1);
  CHECK(deletes.young()[0].end_sequence == 9);
  CHECK(integer_at(segment, 1, deletes.young()[0].ordinal) == 37);
}

TEST_CASE("a delete that arrives between two steps is told by its ordinal") {
  Fixture f;
  f.fill(5'003);
  f.create();
  auto flush = MemtableFlush::begin(f.memtable, {Lsn{7}, Lsn{7}, 7}, f.budget).value();
  CHECK_FALSE(flush->step(*f.writer, f.world.clock, 0).value());  // The deadline is past: one batch.
  f.end(2, 30);                                                   // Key 74: already written.
  int steps = 1;
  while (!flush->step(*f.writer, f.world.clock, 0).value()) ++steps;
  CHECK(steps == 2);  // 5,003 rows in three batches of at most 2,048.
  const DeleteSet deletes = deletes_of(*flush);
  CHECK(deletes.count() == 1);
  CHECK(deletes.end_sequence(74) == 30);
  CHECK(f.finish().rows() == 5'003);
}

TEST_CASE("a flush that the budget refuses is full, and takes nothing") {
  Fixture f;
  f.fill(5'003);
  f.budget.set_share_cap(MemoryShare::maintenance, 1'000);
  const auto flush = MemtableFlush::begin(f.memtable, {Lsn{7}, Lsn{7}, 7}, f.budget);
  REQUIRE_FALSE(flush);
  CHECK(flush.error().code() == Code::full);
  CHECK(f.budget.used(MemoryShare::maintenance) == 0);
}

}  // namespace
}  // namespace mneme
