#include "index/ordered/clustered_rows.h"

namespace mneme::ordered {

ClusteredRows::ClusteredRows(const Segment& segment, std::vector<std::size_t> columns) : segment_(segment) {
  for (const std::size_t column : columns) {
    places_.push_back({column, std::nullopt, 0, Column(segment.columns()[column].type)});
  }
}

Result<void> ClusteredRows::load(Place& place, std::uint32_t row) {
  if (place.block && row >= place.first && row - place.first < place.block->rows()) return {};
  const std::size_t block = TRY(segment_.block_of(place.column, row));
  const BlockInfo info = TRY(segment_.block_info(place.column, block));
  place.first = info.first_row;
  place.block = TRY(segment_.read_block(place.column, block));
  return {};
}

Result<void> ClusteredRows::append_key(std::uint32_t row, ByteBuffer& out) {
  for (Place& place : places_) {
    TRY(load(place, row));
    place.value.clear();
    TRY(place.block->at(row - place.first, place.value));
    encode_key_column(place.value, 0, out);
  }
  return {};
}

Result<int> ClusteredRows::compare(std::uint32_t row, Bytes key) {
  key_.clear();
  TRY(append_key(row, key_));
  return compare_keys(key_, key);
}

Result<std::uint32_t> ClusteredRows::lower_bound(std::uint32_t first, std::uint32_t end, Bytes key) {
  while (first < end) {
    const std::uint32_t middle = first + (end - first) / 2;
    const int order = TRY(compare(middle, key));
    if (order < 0) {
      first = middle + 1;
    } else {
      end = middle;
    }
  }
  return first;
}

Result<void> ClusteredRows::append_keys(std::uint32_t first, std::uint32_t end, KeyRun& out) {
  std::vector<Column> values;
  for (const Place& place : places_) {
    TRY(segment_.decode(place.column, first, end - first, values.emplace_back(place.value.type())));
  }
  out.add_rows(values, 0, end - first);
  return {};
}

}  // namespace mneme::ordered
