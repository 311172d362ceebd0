#include "types/column.h"

#include <doctest/doctest.h>

#include "base/coding.h"
#include "types/schema.h"

namespace mneme {
namespace {

const Type kInt{.kind = TypeKind::integer};
const Type kText{.kind = TypeKind::text};

Column ints_with_nulls(std::size_t rows) {
  Column column(kInt);
  for (std::size_t i = 0; i < rows; ++i)
    i % 3 == 2 ? column.append_null() : column.append(static_cast<std::int64_t>(i));
  return column;
}
Column texts_with_nulls(std::size_t rows) {
  Column column(kText);
  for (std::size_t i = 0; i < rows; ++i) {
    i % 3 == 2 ? column.append_null() : column.append_bytes(as_bytes(std::string(i * 37 % 4'000, char('a' + i % 26))));
  }
  return column;
}

void check_equal(const Column& a, std::size_t first, const Column& b) {
  for (std::size_t row = 0; row < b.rows(); ++row) {
    REQUIRE(a.is_null(first + row) == b.is_null(row));
    if (!b.is_null(row)) REQUIRE(as_text(a.bytes_at(first + row)) == as_text(b.bytes_at(row)));
  }
}

TEST_CASE("column: the values of a row lie in it, and are the same once it has moved or grown") {
  for (std::size_t rows = 1; rows <= 5; ++rows) {
    Column column(kInt);
    for (std::size_t row = 0; row < rows; ++row) column.append(static_cast<std::int64_t>(row) * 7 - 1);
    CHECK((column.memory_bytes() == sizeof column) == (rows * sizeof(std::int64_t) <= ColumnBytes::kInsideBytes));
    Column moved(std::move(column));
    moved.append_run(ints_with_nulls(rows), 0, rows);
    moved.truncate(rows + 1);
    const Column again(std::move(moved));
    REQUIRE(again.rows() == rows + 1);
    for (std::size_t row = 0; row < rows; ++row)
      CHECK(again.values<std::int64_t>()[row] == static_cast<std::int64_t>(row) * 7 - 1);
    CHECK(again.values<std::int64_t>()[rows] == 0);
  }
}

TEST_CASE("column: rows that are made where others were are zeros, inside of it and beyond") {
  for (const std::size_t rows : {1U, 2U, 3U}) {
    Column column(kInt);
    for (std::size_t row = 0; row < rows; ++row) column.append(std::int64_t{-1});
    column.clear();
    CHECK(column.rows() == 0);
    column.extend(rows);
    for (std::size_t row = 0; row < rows; ++row) CHECK(column.values<std::int64_t>()[row] == 0);
    *reinterpret_cast<std::int64_t*>(column.become_one()) = 5;
    CHECK(column.values<std::int64_t>()[0] == 5);
  }
}

TEST_CASE("column: what is appended is what is read, NULLs at word borders too, and text stays where it was put") {
  for (const std::size_t rows : {1U, 63U, 64U, 65U, 200U}) {
    const Column ints = ints_with_nulls(rows);
    const Column texts = texts_with_nulls(rows);
    for (std::size_t i = 0; i < rows; ++i) {
      REQUIRE(ints.is_null(i) == (i % 3 == 2));
      if (i % 3 != 2) REQUIRE(ints.values<std::int64_t>()[i] == static_cast<std::int64_t>(i));
      if (i % 3 != 2) REQUIRE(as_text(texts.bytes_at(i)) == std::string(i * 37 % 4'000, char('a' + i % 26)));
    }
  }
}

TEST_CASE("column: the canonical bytes of any run decode to that run") {
  for (const auto& column : {ints_with_nulls(200), texts_with_nulls(200)}) {
    for (const auto& [first, count] : {std::pair{0, 200}, {0, 0}, {1, 64}, {63, 65}, {199, 1}, {0, 2}}) {
      ByteBuffer bytes;
      encode_column(column, static_cast<std::size_t>(first), static_cast<std::size_t>(count), bytes);
      Reader reader(bytes);
      const auto decoded = decode_column(column.type(), static_cast<std::size_t>(count), reader);
      REQUIRE(decoded.has_value());
      CHECK(reader.at_end());
      CHECK(decoded->rows() == static_cast<std::size_t>(count));
      check_equal(column, static_cast<std::size_t>(first), *decoded);
    }
  }
}

TEST_CASE("column: cut short anywhere, or of a count that cannot be there, the bytes are refused as corrupt") {
  for (const auto& column : {ints_with_nulls(70), texts_with_nulls(70)}) {
    ByteBuffer bytes;
    encode_column(column, 0, 70, bytes);
    for (std::size_t size = 0; size < bytes.size(); ++size) {
      Reader reader(Bytes(bytes).first(size));
      CHECK(decode_column(column.type(), 70, reader).error().code() == Code::corrupt);
    }
    Reader reader(bytes);
    CHECK(decode_column(column.type(), std::size_t{1} << 60, reader).error().code() == Code::corrupt);
  }
}

TEST_CASE("column: what lies under a NULL does not change the canonical bytes") {
  Column dirty(kInt);
  ByteBuffer raw(16, std::byte{0xee});
  dirty.adopt(std::move(raw), 2, {std::uint64_t{0b01}});
  Column clean(kInt);
  clean.append(load<std::int64_t>(dirty.data()));
  clean.append_null();
  ByteBuffer a;
  ByteBuffer b;
  encode_column(dirty, 0, 2, a);
  encode_column(clean, 0, 2, b);
  CHECK(a == b);
}

TEST_CASE("column: a run appended to another column keeps values and NULLs") {
  Column target = ints_with_nulls(5);
  const Column source = ints_with_nulls(100);
  target.append_run(source, 10, 80);
  CHECK(target.rows() == 85);
  for (std::size_t i = 0; i < 80; ++i) CHECK(target.is_null(5 + i) == source.is_null(10 + i));
}

TableSchema drone_schema() {
  TableSchema schema;
  schema.id = TableId{7};
  schema.version = 3;
  schema.name = "flight";
  schema.columns.push_back({.id = ColumnId{1},
                            .name = "id",
                            .type = kInt,
                            .not_null = true,
                            .identity = true,
                            .hidden = false,
                            .default_sql = "",
                            .missing_value = {}});
  schema.columns.push_back({.id = ColumnId{4},
                            .name = "ts",
                            .type = {.kind = TypeKind::timestamp},
                            .not_null = true,
                            .identity = false,
                            .hidden = false,
                            .default_sql = "now()",
                            .missing_value = {std::byte{0}}});
  schema.columns.push_back({.id = ColumnId{5},
                            .name = "face",
                            .type = {.kind = TypeKind::vector, .dimension = 512},
                            .not_null = false,
                            .identity = false,
                            .hidden = false,
                            .default_sql = "",
                            .missing_value = {}});
  schema.primary_key = {ColumnId{1}};
  schema.indexes.push_back({.id = IndexId{1},
                            .name = "by_ts",
                            .kind = "ordered",
                            .columns = {ColumnId{4}},
                            .unique = true,
                            .primary = false});
  schema.checks.push_back({.name = "positive", .sql = "id > 0"});
  schema.durability = Durability::interval;
  schema.next_column_id = 6;
  schema.next_index_id = 2;
  return schema;
}

TEST_CASE("schema: encoded and decoded it is the same, and cut short anywhere it is refused") {
  ByteBuffer bytes;
  encode_schema(drone_schema(), bytes);
  const auto decoded = decode_schema(bytes);
  REQUIRE(decoded.has_value());
  ByteBuffer again;
  encode_schema(*decoded, again);
  CHECK(again == bytes);
  CHECK(decoded->columns[2].type == Type{.kind = TypeKind::vector, .dimension = 512});
  CHECK(decoded->columns[1].default_sql == "now()");
  CHECK(decoded->columns[0].identity);
  for (std::size_t size = 0; size < bytes.size(); ++size)
    CHECK_FALSE(decode_schema(Bytes(bytes).first(size)).has_value());
  bytes.push_back(std::byte{0});
  CHECK(decode_schema(bytes).error().code() == Code::corrupt);
}

TEST_CASE("schema: a key that names no column is refused, so that later code may look it up without asking") {
  TableSchema schema = drone_schema();
  schema.primary_key = {ColumnId{99}};
  ByteBuffer bytes;
  encode_schema(schema, bytes);
  CHECK(decode_schema(bytes).error().code() == Code::corrupt);
}

TEST_CASE("schema: rows are clustered by time, by (key, time) where the key ends in it, else by key, else by arrival") {
  TableSchema schema = drone_schema();
  CHECK(schema.clustering() == std::vector{ColumnId{1}});
  schema.time_column = ColumnId{4};
  CHECK(schema.clustering() == std::vector{ColumnId{4}});
  schema.primary_key = {ColumnId{1}, ColumnId{4}};
  CHECK(schema.clustering() == std::vector{ColumnId{1}, ColumnId{4}});
  schema.time_column.reset();
  schema.primary_key.clear();
  CHECK(schema.clustering().empty());
}

TEST_CASE("column: rows made by extend() take any value, lose it again, and go from the end") {
  Column ints(kInt), texts(kText);
  for (Column* column : {&ints, &texts}) column->extend(200);
  for (std::size_t row = 0; row < 200; ++row) {
    const auto value = static_cast<std::int64_t>(row);
    ints.set_null(row);
    texts.set_null(row);
    if (row % 7 == 3) continue;
    ints.set_bytes(row, {reinterpret_cast<const std::byte*>(&value), sizeof value});
    texts.set_bytes(row, as_bytes(std::string(row, 'x')));
  }
  for (Column* column : {&ints, &texts}) column->truncate(130);
  CHECK(ints.rows() == 130);
  for (std::size_t row = 0; row < 130; ++row) {
    REQUIRE(ints.is_null(row) == (row % 7 == 3));
    REQUIRE(texts.is_null(row) == (row % 7 == 3));
    if (row % 7 == 3) continue;
    REQUIRE(ints.values<std::int64_t>()[row] == static_cast<std::int64_t>(row));
    REQUIRE(texts.bytes_at(row).size() == row);
  }
  ints.extend(64);
  for (std::size_t row = 130; row < ints.rows(); ++row) REQUIRE_FALSE(ints.is_null(row));
}

TEST_CASE("column: made one row it is that row and no more, whatever it was, and takes no more memory each time") {
  for (const std::size_t rows : {0U, 1U, 2U, 65U}) {
    Column ints = ints_with_nulls(rows), texts = texts_with_nulls(rows);
    const std::int64_t value = 77;
    for (int i = 0; i < 3; ++i) {
      std::memcpy(ints.become_one(), &value, sizeof value);
      texts.become_copy({"seventy-seven", 13});
      CHECK((ints.rows() == 1 && !ints.is_null(0) && ints.values<std::int64_t>()[0] == 77));
      CHECK((texts.rows() == 1 && !texts.is_null(0) && as_text(texts.bytes_at(0)) == "seventy-seven"));
    }
    const std::size_t bytes = texts.memory_bytes();
    for (int i = 0; i < 10'000; ++i) texts.become_copy({"seventy-seven", 13});
    CHECK(texts.memory_bytes() == bytes);
    ints.append_null();
    CHECK((ints.rows() == 2 && !ints.is_null(0) && ints.is_null(1)));
  }
}

TEST_CASE("column: a lender is let go when the column is made one row") {
  auto lender = std::make_shared<const std::string>("lent");
  Column column(kText);
  column.append_borrowed({lender->data(), lender->size()});
  column.keep_alive(lender);
  CHECK(lender.use_count() == 2);
  column.become_copy({"own", 3});
  CHECK(lender.use_count() == 1);
  CHECK(as_text(column.bytes_at(0)) == "own");
}

TEST_CASE("column: what is lent reads as what is copied, and its bytes are as many as they are said to be") {
  for (const bool of_text : {false, true}) {
    const Column from = of_text ? texts_with_nulls(200) : ints_with_nulls(200);
    Column lent(from.type());
    lent.append_lent(from, 10, 100);
    check_equal(from, 10, lent);
    lent.append_lent(from, 110, 7);
    check_equal(from, 10, lent);
    for (const auto& [first, count] : {std::pair<std::size_t, std::size_t>{0, 200}, {0, 2}, {5, 64}, {3, 0}}) {
      ByteBuffer bytes;
      encode_column(from, first, count, bytes);
      CHECK(encoded_bytes(from, first, count) == bytes.size());
    }
  }
}

}  // namespace
}  // namespace mneme
