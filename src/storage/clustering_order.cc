#include "storage/clustering_order.h"

#include <cmath>

namespace mneme {
namespace {

template <class T>
std::weak_ordering compare_as(const Column& left, std::size_t left_row, const Column& right, std::size_t right_row) {
  return left.values<T>()[left_row] <=> right.values<T>()[right_row];
}

template <class T>
std::weak_ordering compare_floating(const Column& left, std::size_t left_row, const Column& right,
                                    std::size_t right_row) {
  const T x = left.values<T>()[left_row];
  const T y = right.values<T>()[right_row];
  if (std::isnan(x) || std::isnan(y)) return std::isnan(x) <=> std::isnan(y);
  return x < y ? std::weak_ordering::less : y < x ? std::weak_ordering::greater : std::weak_ordering::equivalent;
}

}  // namespace

std::weak_ordering compare_values(const Column& left, std::size_t left_row, const Column& right,
                                  std::size_t right_row) {
  switch (left.type().kind) {
    case TypeKind::boolean: return compare_as<std::uint8_t>(left, left_row, right, right_row);
    case TypeKind::integer:
    case TypeKind::timestamp:
    case TypeKind::decimal: return compare_as<std::int64_t>(left, left_row, right, right_row);
    case TypeKind::date: return compare_as<std::int32_t>(left, left_row, right, right_row);
    case TypeKind::floating: return compare_floating<double>(left, left_row, right, right_row);
    case TypeKind::real: return compare_floating<float>(left, left_row, right, right_row);
    default: break;
  }
  return as_text(left.bytes_at(left_row)).compare(as_text(right.bytes_at(right_row))) <=> 0;
}

std::weak_ordering compare_rows(const Batch& left, std::size_t left_row, const Batch& right, std::size_t right_row,
                                std::span<const std::size_t> columns) {
  for (const std::size_t c : columns) {
    const Column& a = left.columns[c];
    const Column& b = right.columns[c];
    const bool has_a = !a.is_null(left_row);
    const bool has_b = !b.is_null(right_row);
    const std::weak_ordering order = has_a && has_b ? compare_values(a, left_row, b, right_row) : has_a <=> has_b;
    if (order != 0) return order;
  }
  return std::weak_ordering::equivalent;
}

std::vector<std::size_t> clustering_ordinals(const TableSchema& schema) {
  std::vector<std::size_t> ordinals;
  for (const ColumnId id : schema.clustering()) {
    if (const auto ordinal = schema.ordinal_of(id)) ordinals.push_back(*ordinal);
  }
  return ordinals;
}

}  // namespace mneme
