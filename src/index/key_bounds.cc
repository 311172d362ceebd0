#include "index/key_bounds.h"

namespace mneme {
namespace {

Result<void> check_column(const Column& column, std::size_t position, std::span<const ColumnSchema* const> columns) {
  if (position >= columns.size()) return Error(Code::invalid_argument, "more key columns than the index has");
  if (column.rows() != 1) return Error(Code::invalid_argument, "a key is one row");
  if (column.type() != columns[position]->type) {
    return Error(Code::invalid_argument, "a key of type " + type_name(column.type()) + " for column " +
                                             columns[position]->name + " of type " +
                                             type_name(columns[position]->type));
  }
  return {};
}

Result<ByteBuffer> encode_prefix(std::span<const Column> values, std::span<const ColumnSchema* const> columns) {
  for (std::size_t i = 0; i < values.size(); ++i) TRY(check_column(values[i], i, columns));
  ByteBuffer key;
  encode_key(values, 0, key);
  return key;
}

ByteBuffer extended(ByteBuffer key, const Column& bound) {
  encode_key_column(bound, 0, key);
  return key;
}

Result<KeyBounds> bounds_of(const Between& probe, std::span<const ColumnSchema* const> columns) {
  const ByteBuffer prefix = TRY(encode_prefix(probe.prefix, columns));
  if (probe.lower) TRY(check_column(*probe.lower, probe.prefix.size(), columns));
  if (probe.upper) TRY(check_column(*probe.upper, probe.prefix.size(), columns));
  KeyBounds bounds;
  bounds.low = prefix;
  if (probe.lower) {
    bounds.low = extended(prefix, *probe.lower);
    if (!probe.lower_inclusive) bounds.low = key_after_prefix(bounds.low);
  }
  if (probe.upper) {
    bounds.high = extended(prefix, *probe.upper);
    if (probe.upper_inclusive) bounds.high = key_after_prefix(bounds.high);
  } else if (probe.lower) {
    bounds.high = prefix;  // NULLs come after all values and are outside of a bound.
    bounds.high.push_back(kKeyNull);
  } else if (!prefix.empty()) {
    bounds.high = key_after_prefix(prefix);
  }
  return bounds;
}

}  // namespace

Result<KeyBounds> key_bounds(const Probe& probe, std::span<const ColumnSchema* const> columns) {
  if (const auto* between = std::get_if<Between>(&probe)) return bounds_of(*between, columns);
  const auto& key = std::get<Equal>(probe).key;
  if (key.size() != columns.size()) return Error(Code::invalid_argument, "a whole key has every column of the index");
  KeyBounds bounds;
  bounds.low = TRY(encode_prefix(key, columns));
  bounds.high = key_after_prefix(bounds.low);
  return bounds;
}

Result<std::vector<const ColumnSchema*>> index_columns(const TableSchema& schema, const IndexSchema& index) {
  std::vector<const ColumnSchema*> columns;
  columns.reserve(index.columns.size());
  for (const ColumnId id : index.columns) {
    const ColumnSchema* column = schema.find(id);
    if (column == nullptr) {
      return Error(Code::corrupt, "index " + index.name + " of table " + schema.name + " names a column that is gone");
    }
    columns.push_back(column);
  }
  return columns;
}

}  // namespace mneme
