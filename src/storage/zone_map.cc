#include "storage/zone_map.h"

#include <algorithm>
#include <cmath>
#include <string_view>

#include "base/coding.h"

namespace mneme {
namespace {

ZoneMap::Kind kind_of(const Type& type) noexcept {
  switch (type.kind) {
    case TypeKind::boolean:
    case TypeKind::integer:
    case TypeKind::timestamp:
    case TypeKind::date:
    case TypeKind::decimal: return ZoneMap::Kind::integer;
    case TypeKind::floating:
    case TypeKind::real: return ZoneMap::Kind::floating;
    case TypeKind::text:
    case TypeKind::blob:
    case TypeKind::uuid: return ZoneMap::Kind::bytes;
    default: return ZoneMap::Kind::none;
  }
}

// Calls take(row) for every row that has a value.
template <class Take>
void each_value(const Column& column, std::size_t first, std::size_t count, const Take& take) {
  const bool has_nulls = column.has_nulls();
  for (std::size_t row = first; row < first + count; ++row) {
    if (!has_nulls || !column.is_null(row)) take(row);
  }
}

template <class T>
void bound_integers(const Column& column, std::size_t first, std::size_t count, ZoneMap& zone) {
  std::int64_t least = INT64_MAX, greatest = INT64_MIN;
  const T* values = column.values<T>();
  each_value(column, first, count, [&](std::size_t row) {
    least = std::min<std::int64_t>(least, values[row]);
    greatest = std::max<std::int64_t>(greatest, values[row]);
  });
  zone.integer_min = least;
  zone.integer_max = greatest;
}

template <class T>
void bound_floats(const Column& column, std::size_t first, std::size_t count, ZoneMap& zone) {
  bool any = false;
  const T* values = column.values<T>();
  each_value(column, first, count, [&](std::size_t row) {
    const auto value = static_cast<double>(values[row]);
    if (!any || float_less(value, zone.floating_min)) zone.floating_min = value;
    if (!any || float_less(zone.floating_max, value)) zone.floating_max = value;
    any = true;
  });
}

// The least text of at most kBytesMax bytes that is not below any text that starts like `text`.
bool cut_above(std::string& text) {
  if (text.size() <= ZoneMap::kBytesMax) return true;
  text.resize(ZoneMap::kBytesMax);
  while (!text.empty() && text.back() == '\xff') text.pop_back();
  if (text.empty()) return false;
  text.back() = static_cast<char>(static_cast<unsigned char>(text.back()) + 1);
  return true;
}

void bound_bytes(const Column& column, std::size_t first, std::size_t count, ZoneMap& zone) {
  std::string_view least, greatest;
  bool any = false, references = false;
  each_value(column, first, count, [&](std::size_t row) {
    if (column.type().is_variable()) references = references || column.values<StringRef>()[row].is_reference();
    const std::string_view value = as_text(column.bytes_at(row));
    if (!any || value < least) least = value;
    if (!any || value > greatest) greatest = value;
    any = true;
  });
  // What a reference stands for is not known here, but every value is at or above the empty one.
  zone.max_open = references;
  if (references) return;
  zone.bytes_min = std::string(least.substr(0, ZoneMap::kBytesMax));
  zone.bytes_max = std::string(greatest.substr(0, ZoneMap::kBytesMax + 1));
  zone.max_open = !cut_above(zone.bytes_max);
}

}  // namespace

bool float_less(double a, double b) noexcept {
  if (std::isnan(a)) return false;
  return std::isnan(b) || a < b;
}

ZoneMap zone_map_of(const Column& column, std::size_t first, std::size_t count) {
  ZoneMap zone;
  zone.rows = count;
  if (column.has_nulls()) {
    for (std::size_t row = first; row < first + count; ++row) zone.nulls += column.is_null(row) ? 1 : 0;
  }
  if (zone.all_null()) return zone;
  zone.kind = kind_of(column.type());
  switch (zone.kind) {
    case ZoneMap::Kind::none: break;
    case ZoneMap::Kind::bytes: bound_bytes(column, first, count, zone); break;
    case ZoneMap::Kind::floating:
      if (column.type().width() == 4) {
        bound_floats<float>(column, first, count, zone);
      } else {
        bound_floats<double>(column, first, count, zone);
      }
      break;
    case ZoneMap::Kind::integer:
      switch (column.type().width()) {
        case 1: bound_integers<std::uint8_t>(column, first, count, zone); break;
        case 4: bound_integers<std::int32_t>(column, first, count, zone); break;
        default: bound_integers<std::int64_t>(column, first, count, zone); break;
      }
  }
  return zone;
}

bool ZoneMap::covers(const ZoneMap& other) const noexcept {
  if (other.all_null() || kind == Kind::none) return true;
  if (kind != other.kind) return false;
  switch (kind) {
    case Kind::none: return true;
    case Kind::integer: return integer_min <= other.integer_min && integer_max >= other.integer_max;
    case Kind::floating:
      return !float_less(other.floating_min, floating_min) && !float_less(floating_max, other.floating_max);
    case Kind::bytes:
      return bytes_min <= other.bytes_min && (max_open || (!other.max_open && bytes_max >= other.bytes_max));
  }
  return false;
}

void ZoneMap::merge(const ZoneMap& other) {
  const std::uint64_t all_rows = rows + other.rows, all_nulls = nulls + other.nulls;
  if (all_null()) {
    *this = other;
  } else if (!other.all_null()) {
    if (kind != other.kind) kind = Kind::none;
    integer_min = std::min(integer_min, other.integer_min);
    integer_max = std::max(integer_max, other.integer_max);
    if (float_less(other.floating_min, floating_min)) floating_min = other.floating_min;
    if (float_less(floating_max, other.floating_max)) floating_max = other.floating_max;
    bytes_min = std::min(bytes_min, other.bytes_min);
    bytes_max = std::max(bytes_max, other.bytes_max);
    max_open = max_open || other.max_open;
  }
  rows = all_rows;
  nulls = all_nulls;
}

}  // namespace mneme
