// ZoneMap: what is known about a run of values without reading them: bounds, and how many are NULL.
//
// Bounds hold: every value v that is not NULL has min <= v <= max. They need not be reached (text is cut to 16 bytes).
// Integers, timestamps, dates, decimals and booleans are `integer`; FLOAT and REAL are `floating` in PostgreSQL's order
// (NaN above all, -0 equal to 0); text, blobs and UUIDs are `bytes` in memcmp order. Other kinds have no bounds.
#pragma once

#include <cstdint>
#include <string>

#include "types/column.h"

namespace mneme {

struct ZoneMap {
  enum class Kind : std::uint8_t { none = 0, integer = 1, floating = 2, bytes = 3 };
  static constexpr std::size_t kBytesMax = 16;  // Of a text bound.

  Kind kind = Kind::none;  // none: not comparable, or all values are NULL (then nulls == rows).
  bool max_open = false;   // bytes only: no upper bound is known.
  std::uint64_t rows = 0;
  std::uint64_t nulls = 0;
  std::int64_t integer_min = 0, integer_max = 0;
  double floating_min = 0, floating_max = 0;
  std::string bytes_min, bytes_max;

  [[nodiscard]] bool all_null() const noexcept { return nulls == rows; }
  // Do these bounds hold for values whose bounds are `other`'s? (Counts are not compared.)
  [[nodiscard]] bool covers(const ZoneMap& other) const noexcept;
  void merge(const ZoneMap& other);  // Widens to cover both runs of the same column.
};

ZoneMap zone_map_of(const Column& column, std::size_t first, std::size_t count);
// Less in PostgreSQL's order of floats: NaN above all, -0 equal to 0.
bool float_less(double a, double b) noexcept;

}  // namespace mneme
