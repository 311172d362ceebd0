#include "storage/encoding.h"

#include <doctest/doctest.h>

#include <array>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

namespace mneme {
namespace {

constexpr std::array kEncodings = {Encoding::all_null,   Encoding::plain,       Encoding::constant,
                                   Encoding::run_length, Encoding::dictionary,  Encoding::packed,
                                   Encoding::delta,      Encoding::delta_delta, Encoding::stride};

struct Numbers {  // SplitMix64: a seeded stream.
  std::uint64_t state;
  std::uint64_t next() {
    std::uint64_t z = (state += 0x9E3779B97F4A7C15U);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9U;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBU;
    return z ^ (z >> 31);
  }
};

std::vector<Type> every_narrow_type() {
  return {{.kind = TypeKind::boolean},
          {.kind = TypeKind::integer},
          {.kind = TypeKind::floating},
          {.kind = TypeKind::real},
          {.kind = TypeKind::text},
          {.kind = TypeKind::blob},
          {.kind = TypeKind::timestamp},
          {.kind = TypeKind::interval},
          {.kind = TypeKind::date},
          {.kind = TypeKind::decimal, .precision = 10, .scale = 2},
          {.kind = TypeKind::uuid},
          {.kind = TypeKind::json},
          {.kind = TypeKind::point},
          {.kind = TypeKind::point3},
          {.kind = TypeKind::vector, .element = VectorElement::f32, .dimension = 3}};
}

enum class Shape { constant, stride, small_range, runs, few_values, steady, random, extremes };
constexpr std::array kShapes = {Shape::constant,   Shape::stride, Shape::small_range, Shape::runs,
                                Shape::few_values, Shape::steady, Shape::random,      Shape::extremes};
enum class Nulls { none, some, most, all, first, last };
constexpr std::array kNulls = {Nulls::none, Nulls::some, Nulls::most, Nulls::all, Nulls::first, Nulls::last};

std::uint64_t number(Shape shape, std::size_t row, Numbers& random) {
  switch (shape) {
    case Shape::constant: return 7;
    case Shape::stride: return 1'000 - 5 * row;
    case Shape::small_range: return random.next() % 100;
    case Shape::runs: return row / 50 * 7'919;
    case Shape::few_values: return random.next() % 5 * 0x1234'5678'9ABCU;
    case Shape::steady: return 1'700'000'000'000'000'000U + row * 5'000'000 + random.next() % 1'000;
    case Shape::random: return random.next();
    case Shape::extremes: return row % 2 == 0 ? 0x8000'0000'0000'0000U : 0x7FFF'FFFF'FFFF'FFFFU;
  }
  return 0;
}

bool null_at(Nulls nulls, std::size_t row, std::size_t rows, Numbers& random) {
  switch (nulls) {
    case Nulls::none: return false;
    case Nulls::some: return random.next() % 4 == 0;
    case Nulls::most: return random.next() % 50 != 0;
    case Nulls::all: return true;
    case Nulls::first: return row == 0;
    case Nulls::last: return row + 1 == rows;
  }
  return false;
}

void append_number(Column& column, std::uint64_t value) {
  const Type& type = column.type();
  if (type.is_variable())
    return column.append_bytes(as_bytes(value % 11 == 0 ? std::string() : "v" + std::to_string(value)));
  if (type.kind == TypeKind::boolean) value &= 1;
  ByteBuffer bytes(type.width());
  for (std::size_t i = 0; i < bytes.size(); i += 8) {
    const std::uint64_t word = value + i;
    std::memcpy(bytes.data() + i, &word, std::min<std::size_t>(8, bytes.size() - i));
  }
  column.append_fixed(bytes);
}

Column make_column(const Type& type, Shape shape, Nulls nulls, std::size_t rows) {
  Column column(type);
  Numbers random{rows + static_cast<std::uint64_t>(shape)};
  for (std::size_t row = 0; row < rows; ++row) {
    const std::uint64_t value = number(shape, row, random);
    null_at(nulls, row, rows, random) ? column.append_null() : append_number(column, value);
  }
  return column;
}

bool same_at(const Column& a, std::size_t i, const Column& b, std::size_t j) {
  if (a.is_null(i) != b.is_null(j)) return false;
  return a.is_null(i) || as_text(a.bytes_at(i)) == as_text(b.bytes_at(j));
}

bool same_run(const Column& column, std::size_t first, std::size_t count, const Column& decoded) {
  if (decoded.rows() != count) return false;
  for (std::size_t i = 0; i < count; ++i) {
    if (!same_at(column, first + i, decoded, i)) return false;
  }
  return true;
}

// Whole, in ranges that cross the groups of 128, and one by one.
void check_reads(const Column& column, const BlockView& view) {
  const std::size_t rows = column.rows();
  Column whole(column.type());
  REQUIRE(view.decode(0, rows, whole));
  CHECK(same_run(column, 0, rows, whole));
  for (std::size_t first = 0; first < rows; first += 61) {
    for (const std::size_t count : {std::size_t{1}, std::size_t{2}, std::size_t{130}, std::size_t{300}}) {
      if (first + count > rows) continue;
      Column part(column.type());
      REQUIRE(view.decode(first, count, part));
      CHECK(same_run(column, first, count, part));
    }
  }
  Column one(column.type()), other(column.type());
  for (std::size_t row = 0; row < rows; row += 7) {
    one.clear();
    REQUIRE(view.at(row, one));
    CHECK(same_run(column, row, 1, one));
    REQUIRE(view.only(row, other));
    CHECK(same_run(column, row, 1, other));
    CHECK(other.rows() == 1);
    CHECK(view.is_null(row) == column.is_null(row));
  }
}

Result<BlockView> open_block(const Column& column, const ByteBuffer& bytes) {
  return BlockView::open(column.type(), column.rows(), bytes, nullptr);
}

TEST_CASE("encoding: every type, shape, pattern of NULLs and size comes back from the encoding that is chosen") {
  for (const Type& type : every_narrow_type()) {
    for (const Shape shape : kShapes) {
      for (const Nulls nulls : kNulls) {
        for (const std::size_t rows :
             {std::size_t{1}, std::size_t{2}, std::size_t{128}, std::size_t{129}, std::size_t{700}}) {
          const Column column = make_column(type, shape, nulls, rows);
          ByteBuffer bytes;
          const Encoding chosen = encode_block(column, 0, column.rows(), bytes);
          const std::string type_text = type_name(type);
          CAPTURE(type_text);
          CAPTURE(shape);
          CAPTURE(nulls);
          CAPTURE(rows);
          CAPTURE(chosen);
          const auto view = open_block(column, bytes);
          REQUIRE(view);
          CHECK(view->encoding() == chosen);
          check_reads(column, *view);
        }
      }
    }
  }
}

TEST_CASE("encoding: every encoding that can hold a column gives it back, and none is larger than the one chosen") {
  for (const Type& type : every_narrow_type()) {
    for (const Shape shape : kShapes) {
      for (const Nulls nulls : {Nulls::none, Nulls::some, Nulls::all}) {
        const Column column = make_column(type, shape, nulls, 500);
        for (const Encoding encoding : kEncodings) {
          ByteBuffer bytes;
          if (!encode_block_as(encoding, column, 0, column.rows(), bytes)) continue;
          const std::string type_text = type_name(type);
          CAPTURE(type_text);
          CAPTURE(shape);
          CAPTURE(encoding);
          const auto view = open_block(column, bytes);
          REQUIRE(view);
          check_reads(column, *view);
        }
      }
    }
  }
}

TEST_CASE("encoding: a run in the middle of a column is encoded as if it stood alone") {
  const Column column = make_column({.kind = TypeKind::text}, Shape::random, Nulls::some, 500);
  ByteBuffer bytes;
  encode_block(column, 100, 300, bytes);
  const auto view = BlockView::open(column.type(), 300, bytes, nullptr);
  REQUIRE(view);
  Column out(column.type());
  REQUIRE(view->decode(0, 300, out));
  CHECK(same_run(column, 100, 300, out));
}

TEST_CASE("encoding: decoding appends, across words of validity") {
  const Column column = make_column({.kind = TypeKind::integer}, Shape::small_range, Nulls::some, 300);
  ByteBuffer bytes;
  encode_block(column, 0, 300, bytes);
  const auto view = open_block(column, bytes);
  REQUIRE(view);
  Column out(column.type());
  for (std::size_t first = 0, step = 1; first < 300;
       first += step, step = std::min<std::size_t>(step * 2 + 1, 300 - first)) {
    REQUIRE(view->decode(first, step, out));
  }
  CHECK(same_run(column, 0, 300, out));
}

TEST_CASE("encoding: typical sensor columns take the form made for them") {
  const Type timestamp{.kind = TypeKind::timestamp}, integer{.kind = TypeKind::integer}, text{.kind = TypeKind::text};
  const auto chosen = [](const Column& column, std::size_t& size) {
    ByteBuffer bytes;
    const Encoding encoding = encode_block(column, 0, column.rows(), bytes);
    size = bytes.size();
    return encoding;
  };
  std::size_t size = 0;
  CHECK(chosen(make_column(timestamp, Shape::stride, Nulls::none, 2'048), size) == Encoding::stride);
  CHECK(size <= 64);  // A constant stride is almost free.
  CHECK(chosen(make_column(timestamp, Shape::steady, Nulls::none, 2'048), size) == Encoding::delta);
  CHECK(size <= 2'048 * 2);  // Jitter below 1,000 ns: 11 bits a value, and the heads.
  CHECK(chosen(make_column(integer, Shape::small_range, Nulls::none, 2'048), size) == Encoding::packed);
  CHECK(size <= 2'048);  // 7 bits.
  CHECK(chosen(make_column(integer, Shape::few_values, Nulls::none, 2'048), size) == Encoding::dictionary);
  CHECK(chosen(make_column(text, Shape::few_values, Nulls::none, 2'048), size) == Encoding::dictionary);
  CHECK(size <= 1'024);  // 3 bits.
  CHECK(chosen(make_column(text, Shape::random, Nulls::none, 2'048), size) == Encoding::plain);
  CHECK(chosen(make_column(text, Shape::constant, Nulls::all, 2'048), size) == Encoding::all_null);
  CHECK(size == 20);
}

TEST_CASE("encoding: floats keep every bit, NaN's payload and the sign of zero included") {
  Column column({.kind = TypeKind::floating});
  for (std::size_t i = 0; i < 40; ++i) {
    column.append(0.0);
    column.append(-0.0);
    column.append(std::numeric_limits<double>::quiet_NaN());
    column.append(-std::numeric_limits<double>::infinity());
  }
  for (const Encoding encoding : {Encoding::plain, Encoding::run_length, Encoding::dictionary}) {
    ByteBuffer bytes;
    REQUIRE(encode_block_as(encoding, column, 0, column.rows(), bytes));
    const auto view = open_block(column, bytes);
    REQUIRE(view);
    check_reads(column, *view);
  }
}

TEST_CASE("encoding: bytes that are cut or changed anywhere are refused or read within bounds") {
  for (const Type& type : every_narrow_type()) {
    for (const Shape shape : {Shape::runs, Shape::few_values, Shape::steady}) {
      const Column column = make_column(type, shape, Nulls::some, 200);
      for (const Encoding encoding : kEncodings) {
        ByteBuffer bytes;
        if (!encode_block_as(encoding, column, 0, column.rows(), bytes)) continue;
        for (std::size_t size = 0; size < bytes.size(); size += 3) {
          const ByteBuffer cut(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size));
          const auto view = BlockView::open(type, 200, cut, nullptr);
          Column out(type);
          if (view) static_cast<void>(view->decode(0, 200, out).has_value());
        }
        for (std::size_t bit = 0; bit < std::min<std::size_t>(bytes.size(), 256) * 8; ++bit) {
          ByteBuffer flipped = bytes;
          flipped[bit / 8] ^= static_cast<std::byte>(1 << (bit % 8));
          const auto view = BlockView::open(type, 200, flipped, nullptr);
          Column out(type);
          if (view) static_cast<void>(view->decode(0, 200, out).has_value());
          for (std::size_t row = 0; view && row < 200; row += 9) static_cast<void>(view->only(row, out).has_value());
        }
      }
    }
  }
}

}  // namespace
}  // namespace mneme
