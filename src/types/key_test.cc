#include "types/key.h"

#include <doctest/doctest.h>

#include <limits>
#include <random>
#include <string>

namespace mneme {
namespace {

using Limits = std::numeric_limits<double>;

Column column_of(TypeKind kind) { return Column(Type{.kind = kind, .precision = 18, .scale = 2}); }

template <class T>
Column fixed(TypeKind kind, std::initializer_list<T> values) {
  Column column = column_of(kind);
  for (const T& value : values) column.append(value);
  return column;
}
Column texts(std::initializer_list<std::string_view> values, TypeKind kind = TypeKind::text) {
  Column column = column_of(kind);
  for (const std::string_view value : values) column.append_bytes(as_bytes(value));
  return column;
}
ByteBuffer key_of(const Column& column, std::size_t row) {
  ByteBuffer key;
  encode_key({&column, 1}, row, key);
  return key;
}
// The column's rows, which are written down in ascending order, have ascending keys.
void check_ascending(const Column& column) {
  for (std::size_t a = 0; a < column.rows(); ++a) {
    for (std::size_t b = 0; b < column.rows(); ++b) {
      CAPTURE(a);
      CAPTURE(b);
      const int order = compare_keys(key_of(column, a), key_of(column, b));
      CHECK((order < 0) == (a < b));
      CHECK((order == 0) == (a == b));
    }
  }
}

}  // namespace

TEST_CASE("key: numbers, dates and booleans sort by value") {
  constexpr auto kLeast = std::numeric_limits<std::int64_t>::min();
  constexpr auto kMost = std::numeric_limits<std::int64_t>::max();
  for (const TypeKind kind : {TypeKind::integer, TypeKind::timestamp, TypeKind::decimal}) {
    check_ascending(fixed<std::int64_t>(kind, {kLeast, kLeast + 1, -256, -255, -1, 0, 1, 255, 256, kMost - 1, kMost}));
  }
  check_ascending(fixed<std::int32_t>(TypeKind::date, {std::numeric_limits<std::int32_t>::min(), -1, 0, 1, 19'000}));
  check_ascending(fixed<std::uint8_t>(TypeKind::boolean, {0, 1}));
}

TEST_CASE("key: floats sort as PostgreSQL's: infinities at the ends of numbers, NaN above all") {
  check_ascending(fixed<double>(
      TypeKind::floating, {-Limits::infinity(), -Limits::max(), -1.5, -Limits::denorm_min(), 0.0, Limits::denorm_min(),
                           1.5, Limits::max(), Limits::infinity(), Limits::quiet_NaN()}));
  check_ascending(
      fixed<float>(TypeKind::real, {-1.5F, -0.25F, 0.0F, 0.25F, 1.5F, std::numeric_limits<float>::quiet_NaN()}));
}

TEST_CASE("key: -0 is 0, and every NaN is the same NaN") {
  const Column zeros = fixed<double>(TypeKind::floating, {0.0, -0.0, Limits::quiet_NaN(), -Limits::quiet_NaN()});
  CHECK(key_of(zeros, 0) == key_of(zeros, 1));
  CHECK(key_of(zeros, 2) == key_of(zeros, 3));
  const Column reals = fixed<float>(TypeKind::real, {0.0F, -0.0F});
  CHECK(key_of(reals, 0) == key_of(reals, 1));
}

TEST_CASE("key: texts sort by bytes, with zeros inside and prefixes first") {
  using namespace std::string_view_literals;
  for (const TypeKind kind : {TypeKind::text, TypeKind::blob, TypeKind::json}) {
    check_ascending(texts({""sv, "\0"sv, "\0\0"sv, "\0\x01"sv, "\0\xff"sv, "\x01"sv, "a"sv, "a\0"sv, "a\0b"sv, "aa"sv,
                           "b"sv, "\xff"sv, "\xff\xff"sv},
                          kind));
  }
}

TEST_CASE("key: intervals sort by their length with months of 30 days and days of 24 hours") {
  constexpr std::int64_t kHour = 3'600'000'000'000;
  check_ascending(fixed<Interval>(TypeKind::interval, {{-1, 0, 0},
                                                       {0, 0, -25 * kHour},
                                                       {0, -1, 0},
                                                       {0, 0, -1},
                                                       {0, 0, 0},
                                                       {0, 0, 1},
                                                       {0, 1, 0},
                                                       {0, 0, 25 * kHour},
                                                       {1, 0, 0},
                                                       {0, 30, 1},
                                                       {std::numeric_limits<std::int32_t>::max(), 0, 0}}));
  const Column equal =
      fixed<Interval>(TypeKind::interval, {{1, 0, 0}, {0, 30, 0}, {0, 29, 24 * kHour}, {2, -31, 24 * kHour}});
  for (std::size_t row = 1; row < equal.rows(); ++row) CHECK(key_of(equal, row) == key_of(equal, 0));
}

TEST_CASE("key: NULL sorts after every value") {
  Column column = fixed<std::int64_t>(TypeKind::integer, {5, std::numeric_limits<std::int64_t>::max()});
  column.append_null();
  check_ascending(column);
}

TEST_CASE("key: of several columns the first decides, whatever bytes the others have") {
  using namespace std::string_view_literals;
  std::vector<Column> columns;
  columns.push_back(texts({"a"sv, "a"sv, "a\0"sv, "b"sv}));
  columns.push_back(fixed<std::int64_t>(TypeKind::integer, {1, 2, -9, -9}));
  KeyRun keys;
  keys.add_rows(columns, 0, 4);
  for (std::size_t i = 1; i < 4; ++i) CHECK(compare_keys(keys[i - 1], keys[i]) < 0);
  ByteBuffer one;
  encode_key(columns, 2, one);
  CHECK(compare_keys(keys[2], one) == 0);
}

TEST_CASE("key: what begins with a prefix lies below the key after the prefix, and nothing lies between") {
  std::vector<Column> columns;
  columns.push_back(fixed<std::int64_t>(TypeKind::integer, {-1, std::numeric_limits<std::int64_t>::max()}));
  columns.push_back(texts({"\xff\xff", "\xff"}));
  for (std::size_t row = 0; row < 2; ++row) {
    ByteBuffer whole;
    encode_key(columns, row, whole);
    const ByteBuffer after = key_after_prefix(Bytes(whole).first(kKeyWordBytes));
    CHECK(compare_keys(whole, after) < 0);
    CHECK(after.size() <= kKeyWordBytes);
  }
  const Column next = fixed<std::int64_t>(TypeKind::integer, {0});
  CHECK(compare_keys(key_after_prefix(key_of(columns[0], 0)), key_of(next, 0)) <= 0);
}

TEST_CASE("key: a key word and the nine bytes are one key, with one hash") {
  std::mt19937_64 random(7);
  for (int round = 0; round < 1'000; ++round) {
    const Column column =
        fixed<std::int64_t>(TypeKind::integer, {static_cast<std::int64_t>(random() >> random() % 64)});
    const std::uint64_t word = key_word(column, 0);
    ByteBuffer bytes;
    put_key_word(word, bytes);
    REQUIRE(bytes == key_of(column, 0));
    REQUIRE(key_word_of(bytes) == word);
    REQUIRE(std::ranges::equal(key_word_bytes(word), bytes));
    REQUIRE(integer_key_word(column.values<std::int64_t>()[0]) == word);
    REQUIRE(integer_of_key_word(word) == column.values<std::int64_t>()[0]);
    REQUIRE(key_hash_of_word(word) == key_hash(bytes));
  }
}

TEST_CASE("key: the hash is part of the format, so it never changes") {
  // Computed from the definition in docs/format.md by a program of its own.
  CHECK(key_hash(as_bytes("")) == 0);
  CHECK(key_hash(as_bytes("mneme")) == 0x7CB9'D778'4053'6688U);
  CHECK(key_hash(as_bytes("0123456789abcdef")) == 0x602B'2ED8'43ED'1496U);
}

TEST_CASE("key: vectors and places have no order") {
  CHECK_FALSE(is_key_type(Type{.kind = TypeKind::vector, .dimension = 3}));
  CHECK_FALSE(is_key_type(Type{.kind = TypeKind::point}));
  CHECK(is_key_type(Type{.kind = TypeKind::uuid}));
}

}  // namespace mneme
