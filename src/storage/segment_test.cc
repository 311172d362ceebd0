#include "storage/segment.h"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "os/posix.h"
#include "os/sim/sim_file_system.h"
#include "storage/segment_writer.h"

namespace mneme {
namespace {

constexpr TableId kTable{7};
constexpr const char* kPath = "9.seg";

std::vector<SegmentColumn> every_type() {
  return {{kRowIdColumn, {.kind = TypeKind::integer}},
          {ColumnId{1}, {.kind = TypeKind::timestamp}},
          {ColumnId{2}, {.kind = TypeKind::boolean}},
          {ColumnId{3}, {.kind = TypeKind::floating}},
          {ColumnId{4}, {.kind = TypeKind::real}},
          {ColumnId{5}, {.kind = TypeKind::text}},
          {ColumnId{6}, {.kind = TypeKind::date}},
          {ColumnId{7}, {.kind = TypeKind::uuid}},
          {ColumnId{8}, {.kind = TypeKind::point3}},
          {ColumnId{9}, {.kind = TypeKind::vector, .element = VectorElement::f32, .dimension = 100}},
          {ColumnId{10}, {.kind = TypeKind::vector, .element = VectorElement::u8, .dimension = 9'000}},
          {ColumnId{11}, {.kind = TypeKind::blob}}};
}

std::uint64_t mixed(std::uint64_t row, std::uint64_t column) {
  const std::uint64_t z = (row * 131 + column) * 0x9E3779B97F4A7C15U;
  return (z ^ (z >> 29)) * 0xBF58476D1CE4E5B9U;
}

// The value of a row, a function of its number alone, so that any read can be checked by itself.
void append_value(Column& out, std::uint64_t row, std::size_t column, std::size_t nulls_every) {
  const std::uint64_t value = mixed(row, column);
  if (column != 0 && nulls_every != 0 && value % nulls_every == 0) return out.append_null();
  switch (out.type().kind) {
    case TypeKind::boolean: return out.append(static_cast<std::uint8_t>(value >> 9 & 1));
    case TypeKind::floating: return out.append(static_cast<double>(value % 1'000) / 8);
    case TypeKind::real: return out.append(static_cast<float>(value % 1'000) / 4);
    case TypeKind::date: return out.append(static_cast<std::int32_t>(row / 100));
    case TypeKind::timestamp: return out.append(static_cast<std::int64_t>(row * 5'000'000 + value % 977));
    case TypeKind::integer: return out.append(static_cast<std::int64_t>(row * 3 + 1));
    default: break;
  }
  if (out.type().is_variable()) {
    const std::string text =
        "row " + std::to_string(value % (column == 5 ? 1'000 : 100'000'000)) + std::string(value % 70, 'x');
    return out.append_bytes(as_bytes(text));
  }
  ByteBuffer bytes(out.type().width());
  for (std::size_t i = 0; i < bytes.size(); ++i)
    bytes[i] = static_cast<std::byte>(mixed(row + i / 8, column) >> (i % 8 * 8));
  out.append_fixed(bytes);
}

Batch make_batch(const std::vector<SegmentColumn>& columns, std::uint64_t first, std::size_t count,
                 std::size_t nulls_every) {
  Batch batch;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    Column& column = batch.columns.emplace_back(columns[i].type);
    for (std::uint64_t row = first; row < first + count; ++row) append_value(column, row, i, nulls_every);
  }
  return batch;
}

bool same(const Column& a, const Column& b) {
  if (a.rows() != b.rows()) return false;
  for (std::size_t i = 0; i < a.rows(); ++i) {
    if (a.is_null(i) != b.is_null(i)) return false;
    if (!a.is_null(i) && as_text(a.bytes_at(i)) != as_text(b.bytes_at(i))) return false;
  }
  return true;
}

struct Bench {  // One world for a test.
  std::unique_ptr<Scheduler> scheduler = make_posix_scheduler();
  sim::SimFileSystem files;
  MemoryBudget budget{64 << 20};
  BlockCache cache{budget, *scheduler, 16 << 20};

  Result<std::shared_ptr<SegmentFile>> open() { return SegmentFile::open(files, kPath, 9, cache, budget); }
  ByteBuffer contents() {
    auto file = files.open(kPath, FileSystem::Open::read_only).value();
    ByteBuffer bytes(static_cast<std::size_t>(file->size().value()));
    CHECK(file->read(0, bytes).value() == bytes.size());
    return bytes;
  }
  void replace(Bytes bytes) {
    if (files.exists(kPath).value()) files.unlink(kPath).value();
    auto file = files.open(kPath, FileSystem::Open::create).value();
    if (!bytes.empty()) file->write(0, bytes).value();
    cache.forget_file(9);
  }
};

void write_part(SegmentWriter& writer, TableId table, const std::vector<SegmentColumn>& columns, std::size_t rows,
                std::size_t batch_rows, std::size_t nulls_every) {
  REQUIRE(writer.begin_part({table, 3, 11, 12, columns}));
  for (std::size_t first = 0; first < rows; first += batch_rows) {
    REQUIRE(writer.append(make_batch(columns, first, std::min(batch_rows, rows - first), nulls_every)));
  }
  REQUIRE(writer.end_rows());
}

void write_section(SegmentWriter& writer, IndexId index, std::size_t bytes) {
  auto sink = writer.begin_section({index, "ordered", {ColumnId{1}, ColumnId{5}}});
  REQUIRE(sink);
  for (std::size_t i = 0; i < bytes; ++i) {
    const auto byte = static_cast<std::byte>(i * 7);
    REQUIRE((*sink)->append({&byte, 1}));
  }
  REQUIRE(writer.end_section());
}

void write_segment(Bench& bench, const std::vector<SegmentColumn>& columns, std::size_t rows, std::size_t batch_rows,
                   std::size_t nulls_every, std::size_t section_bytes = 0) {
  auto writer = SegmentWriter::create(bench.files, kPath, {.number = 9, .expected_bytes = 4'096}, bench.budget);
  REQUIRE(writer);
  write_part(**writer, kTable, columns, rows, batch_rows, nulls_every);
  if (section_bytes != 0) write_section(**writer, IndexId{2}, section_bytes);
  REQUIRE((*writer)->end_part());
  const auto size = (*writer)->finish();
  REQUIRE(size);
  REQUIRE((*writer)->sync());
  CHECK(bench.contents().size() == *size);
}

TEST_CASE("segment: every type comes back by range, by ordinal and by block, whatever batches it was written in") {
  const auto columns = every_type();
  for (const std::size_t nulls_every : {std::size_t{0}, std::size_t{5}, std::size_t{1}}) {
    for (const std::size_t batch_rows : {std::size_t{97}, std::size_t{2'048}, std::size_t{5'000}}) {
      constexpr std::size_t kRows = 5'000;
      Bench bench;
      write_segment(bench, columns, kRows, batch_rows, nulls_every);
      const auto file = bench.open();
      REQUIRE(file);
      REQUIRE((*file)->verify());
      const auto segment = (*file)->find(kTable);
      REQUIRE(segment);
      CHECK(segment->rows() == kRows);
      CHECK(segment->info().schema_version == 3);
      const Batch all = make_batch(columns, 0, kRows, nulls_every);
      const std::vector<std::uint32_t> some = {0, 1, 127, 128, 2'047, 2'048, 2'050, 4'095, 4'096, 4'999};
      for (std::size_t i = 0; i < columns.size(); ++i) {
        CAPTURE(i);
        Column whole(columns[i].type), part(columns[i].type), gathered(columns[i].type), want(columns[i].type);
        REQUIRE(segment->decode(i, 0, kRows, whole));
        CHECK(same(whole, all.columns[i]));
        REQUIRE(segment->decode(i, 2'000, 300, part));
        CHECK(same(part, make_batch(columns, 2'000, 300, nulls_every).columns[i]));
        REQUIRE(segment->gather(i, some, gathered));
        for (const std::uint32_t row : some) append_value(want, row, i, nulls_every);
        CHECK(same(gathered, want));
      }
    }
  }
}

TEST_CASE("segment: a column older than the schema is not there, and an unknown table neither") {
  Bench bench;
  write_segment(bench, every_type(), 10, 10, 0);
  const auto file = bench.open();
  REQUIRE(file);
  CHECK(!(*file)->find(TableId{8}));
  CHECK(!(*file)->part(0).position_of(ColumnId{99}));
  CHECK((*file)->part(0).position_of(ColumnId{5}) == 5);
}

TEST_CASE("segment: a vector lies raw and contiguous, and one of them costs its own pages") {
  Bench bench;
  const auto columns = every_type();
  write_segment(bench, columns, 3'000, 1'000, 7);
  const auto file = bench.open();
  REQUIRE(file);
  const Segment segment = (*file)->part(0);
  const auto run = segment.raw_from(9, 163);
  REQUIRE(run);
  CHECK(run->first_row == 163);  // 64 KiB / 400 bytes: the second block.
  CHECK(run->rows == 163);
  Column want(columns[9].type);
  for (std::uint32_t row = 0; row < run->rows; ++row) append_value(want, run->first_row + row, 9, 7);
  for (std::uint32_t row = 0; row < run->rows; ++row) {
    const bool valid = (run->validity[row / 64] >> (row % 64) & 1) != 0;
    CHECK(valid == !want.is_null(row));
    if (valid) CHECK(std::memcmp(run->values + row * 400, want.bytes_at(row).data(), 400) == 0);
  }
  const std::size_t before = bench.cache.stats().bytes;
  Column one(columns[9].type), wanted(columns[9].type);
  const std::uint32_t row = 2'501;
  REQUIRE(segment.gather(9, {&row, 1}, one));
  append_value(wanted, row, 9, 7);
  REQUIRE_FALSE(wanted.is_null(0));
  CHECK(std::memcmp(one.bytes_at(0).data(), wanted.bytes_at(0).data(), 400) == 0);
  CHECK(bench.cache.stats().bytes - before <= 2 * 4'096 + 200 + 40'000);  // And perhaps an index page.
}

TEST_CASE("segment: a pack keeps its tables apart, empty ones too") {
  Bench bench;
  const auto columns = every_type();
  auto writer = SegmentWriter::create(bench.files, kPath, {.number = 9}, bench.budget);
  REQUIRE(writer);
  for (std::uint64_t table = 1; table <= 3; ++table) {
    write_part(**writer, TableId{table}, columns, table == 2 ? 0 : 100 * table, 64, 3);
    if (table == 3) write_section(**writer, IndexId{4}, 10'000);
    REQUIRE((*writer)->end_part());
  }
  REQUIRE((*writer)->finish());
  const auto file = bench.open();
  REQUIRE(file);
  REQUIRE((*file)->verify());
  CHECK((*file)->parts() == 3);
  CHECK((*file)->find(TableId{2})->rows() == 0);
  const auto third = (*file)->find(TableId{3});
  Column out(columns[5].type);
  REQUIRE(third->decode(5, 0, 300, out));
  CHECK(same(out, make_batch(columns, 0, 300, 3).columns[5]));
  CHECK(third->find_section(IndexId{4}) == 0);
}

TEST_CASE("segment: a section gives back any range of its bytes, and refuses one outside") {
  Bench bench;
  write_segment(bench, every_type(), 50, 50, 0, 10'000);
  const auto file = bench.open();
  REQUIRE(file);
  const Segment segment = (*file)->part(0);
  const auto section = segment.open_section(0);
  REQUIRE(section);
  CHECK((*section)->size() == 10'000);
  for (const std::size_t offset :
       {std::size_t{0}, std::size_t{1}, std::size_t{4'090}, std::size_t{4'096}, std::size_t{9'000}}) {
    const auto bytes = (*section)->read(offset, 900);
    REQUIRE(bytes);
    for (std::size_t i = 0; i < 900; ++i) REQUIRE(bytes->bytes()[i] == static_cast<std::byte>((offset + i) * 7));
  }
  CHECK((*section)->read(9'900, 101).error().code() == Code::corrupt);
  CHECK((*section)->read(~std::uint64_t{0}, 1).error().code() == Code::corrupt);
}

TEST_CASE("segment: zone maps bound every block and the column, by PostgreSQL's order") {
  Bench bench;
  const std::vector<SegmentColumn> columns = {{ColumnId{1}, {.kind = TypeKind::floating}},
                                              {ColumnId{2}, {.kind = TypeKind::text}}};
  auto writer = SegmentWriter::create(bench.files, kPath, {.number = 9}, bench.budget);
  REQUIRE(writer);
  REQUIRE((*writer)->begin_part({kTable, 1, 0, 0, columns}));
  Batch batch;
  Column& floats = batch.columns.emplace_back(columns[0].type);
  for (const double value : {-0.0, 5.0, std::numeric_limits<double>::quiet_NaN()}) floats.append(value);
  Column& texts = batch.columns.emplace_back(columns[1].type);
  for (const char* text : {"a long text, longer than sixteen bytes", "b, also longer than sixteen", ""})
    texts.append_bytes(as_bytes(text));
  REQUIRE((*writer)->append(batch));
  REQUIRE((*writer)->end_part());
  REQUIRE((*writer)->finish());
  const auto file = bench.open();
  REQUIRE(file);
  const Segment segment = (*file)->part(0);
  CHECK(std::isnan(segment.zone_map(0).floating_max));  // NaN is above all.
  CHECK(segment.zone_map(0).floating_min == 0);
  const auto info = segment.block_info(1, 0);
  REQUIRE(info);
  CHECK(info->zone.bytes_min.empty());
  CHECK(info->zone.bytes_max == "b, also longer u");  // 16 bytes of it, the last one increased.
}

TEST_CASE("segment: every flipped bit of a small segment is found or changes nothing") {
  Bench bench;
  const std::vector<SegmentColumn> columns = {
      {kRowIdColumn, {.kind = TypeKind::integer}},
      {ColumnId{1}, {.kind = TypeKind::text}},
      {ColumnId{2}, {.kind = TypeKind::vector, .element = VectorElement::u8, .dimension = 64}}};
  write_segment(bench, columns, 20, 20, 4, 100);
  const ByteBuffer good = bench.contents();
  const Batch want = make_batch(columns, 0, 20, 4);
  std::size_t unused = 0;
  for (std::size_t bit = 0; bit < good.size() * 8; bit += 3) {  // 3 is prime to 8: every byte, every bit position.
    ByteBuffer flipped = good;
    flipped[bit / 8] ^= static_cast<std::byte>(1U << (bit % 8));
    bench.replace(flipped);
    const auto file = bench.open();
    if (!file) continue;
    if (!(*file)->verify()) continue;
    ++unused;
    CAPTURE(bit);
    for (std::size_t i = 0; i < columns.size(); ++i) {
      Column out(columns[i].type);
      REQUIRE((*file)->part(0).decode(i, 0, 20, out));
      REQUIRE(same(out, want.columns[i]));
    }
  }
  CHECK(unused < 2 * 4'096 * 8 / 3);  // Only the gaps before the two page runs.
}

TEST_CASE("segment: a file cut anywhere is refused when it is opened") {
  Bench bench;
  write_segment(bench, every_type(), 30, 30, 4);
  const ByteBuffer good = bench.contents();
  for (std::size_t size = 0; size < good.size(); size += 61) {
    bench.replace(Bytes(good).first(size));
    const auto file = bench.open();
    REQUIRE(!file);
    CHECK(file.error().code() == Code::corrupt);
    CHECK(file.error().message().find(kPath) != std::string::npos);
  }
}

TEST_CASE("segment: with little memory the writer ends blocks early, and nothing is lost") {
  Bench bench;
  std::vector<SegmentColumn> columns;
  for (std::uint32_t i = 0; i < 100; ++i)
    columns.push_back({ColumnId{i}, {.kind = i % 2 == 0 ? TypeKind::integer : TypeKind::text}});
  bench.budget.set_share_cap(MemoryShare::maintenance, 1 << 20);
  write_segment(bench, columns, 3'000, 100, 9);
  CHECK(bench.budget.used(MemoryShare::maintenance) == 0);
  const auto file = bench.open();
  REQUIRE(file);
  REQUIRE((*file)->verify());
  CHECK((*file)->part(0).blocks(0) > 2);
  for (const std::size_t i : {std::size_t{0}, std::size_t{51}}) {
    Column out(columns[i].type);
    REQUIRE((*file)->part(0).decode(i, 0, 3'000, out));
    CHECK(same(out, make_batch(columns, 0, 3'000, 9).columns[i]));
  }
}

TEST_CASE("segment: one that just fits on the disk is written, though no step ahead of it does") {
  const auto written = [](std::uint64_t capacity) -> Result<std::uint64_t> {
    Bench bench;
    bench.files.set_capacity(capacity);
    auto writer = TRY(SegmentWriter::create(bench.files, kPath, {.number = 9}, bench.budget));
    TRY(writer->begin_part({kTable, 1, 0, 0, every_type()}));
    for (std::size_t i = 0; i < 3; ++i) TRY(writer->append(make_batch(every_type(), i * 1'000, 1'000, 0)));
    TRY(writer->end_part());
    return writer->finish();
  };
  const std::uint64_t bytes = written(~std::uint64_t{0}).value();
  REQUIRE(bytes > 512 * 1'024);
  CHECK(written(bytes).has_value());
  CHECK(written(bytes - 1).error().code() == Code::full);
}

TEST_CASE("segment: a full disk is full, before any sync") {
  Bench bench;
  bench.files.set_capacity(200'000);
  auto writer = SegmentWriter::create(bench.files, kPath, {.number = 9}, bench.budget);
  REQUIRE(writer);
  REQUIRE((*writer)->begin_part({kTable, 1, 0, 0, every_type()}));
  Result<void> appended;
  for (std::size_t i = 0; i < 20 && appended; ++i)
    appended = (*writer)->append(make_batch(every_type(), i * 1'000, 1'000, 0));
  REQUIRE(!appended);
  CHECK(appended.error().code() == Code::full);
}

}  // namespace
}  // namespace mneme
