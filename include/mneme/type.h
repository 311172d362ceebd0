// Type: what a column may hold, and how a value lies in memory.
//
// Every kind has one physical layout, the same in column batches, memtables and raw blocks:
//   boolean u8 (0/1) | integer i64 | floating f64 | real f32 | timestamp i64 ns since the epoch, UTC | date i32 days
//   since 1970-01-01 | decimal i64 scaled by 10^scale | interval {i32 months, i32 days, i64 ns} | uuid u8[16] | point
//   f64[2] (longitude, latitude, degrees) | point3 f64[3] (metres) | vector element[dimension] | text, blob, json:
//   bytes
#pragma once

#include <cstdint>
#include <string>

#include "mneme/result.h"

namespace mneme {

// The numbers are part of the format on disk: never reuse one.
enum class TypeKind : std::uint8_t {
  boolean = 1,
  integer,
  floating,
  real,
  text,
  blob,
  timestamp,
  interval,
  date,
  decimal,
  uuid,
  json,
  vector,
  point,
  point3,
};
enum class VectorElement : std::uint8_t { f32 = 0, f16 = 1, i8 = 2, u8 = 3, bit = 4 };

constexpr std::uint16_t kVectorDimensionMax = 16'000;
constexpr std::uint8_t kDecimalPrecisionMax = 18;

struct Type {
  TypeKind kind = TypeKind::integer;
  VectorElement element = VectorElement::f32;  // vector only
  std::uint16_t dimension = 0;                 // vector only: 1 .. kVectorDimensionMax
  std::uint8_t precision = 0;                  // decimal only: 1 .. 18
  std::uint8_t scale = 0;                      // decimal only: 0 .. precision

  friend bool operator==(const Type&, const Type&) = default;
  // text, blob and json: bytes of any length, held as StringRef in batches.
  [[nodiscard]] constexpr bool is_variable() const noexcept {
    return kind == TypeKind::text || kind == TypeKind::blob || kind == TypeKind::json;
  }
  // Bytes of one value in memory and in raw blocks; 16 (a StringRef) for variable kinds.
  [[nodiscard]] constexpr std::size_t width() const noexcept {
    switch (kind) {
      case TypeKind::boolean: return 1;
      case TypeKind::real:
      case TypeKind::date: return 4;
      case TypeKind::integer:
      case TypeKind::floating:
      case TypeKind::timestamp:
      case TypeKind::decimal: return 8;
      case TypeKind::point3: return 24;
      case TypeKind::vector: return vector_bytes();
      case TypeKind::text:
      case TypeKind::blob:
      case TypeKind::json:
      case TypeKind::interval:
      case TypeKind::uuid:
      case TypeKind::point: return 16;
    }
    return 0;
  }
  [[nodiscard]] constexpr std::size_t vector_bytes() const noexcept {
    switch (element) {
      case VectorElement::f32: return std::size_t{4} * dimension;
      case VectorElement::f16: return std::size_t{2} * dimension;
      case VectorElement::i8:
      case VectorElement::u8: return dimension;
      case VectorElement::bit: return (std::size_t{dimension} + 7) / 8;
    }
    return 0;
  }
};

// "INT", "VECTOR(128, i8)", "DECIMAL(10, 2)": the SQL name, which type_from_sql reads back.
MNEME_API std::string type_name(const Type& type);

struct Interval {  // PostgreSQL's: months and days are kept apart, because their length varies.
  std::int32_t months = 0;
  std::int32_t days = 0;
  std::int64_t ns = 0;
  friend bool operator==(const Interval&, const Interval&) = default;  // Of the fields; SQL compares normalised.
};

}  // namespace mneme
