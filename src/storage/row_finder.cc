#include "storage/row_finder.h"

#include <algorithm>

#include "storage/segment_source.h"

namespace mneme {
namespace {

std::span<const RowId> between(std::span<const RowId> rows, RowId first, RowId last) {
  const auto from = std::ranges::lower_bound(rows, first);
  const auto to = std::upper_bound(from, rows.end(), last);
  return {from, to};
}

Result<void> find_in_segment(const Segment& segment, std::size_t number, std::span<const RowId> rows,
                             std::vector<FoundRow>& found) {
  const std::size_t all = found.size() + rows.size();
  Column ids(Type{.kind = TypeKind::integer});
  for (std::size_t block = 0; block < segment.blocks(0) && found.size() < all; ++block) {
    const BlockInfo info = TRY(segment.block_info(0, block));
    const auto wanted =
        between(rows, static_cast<RowId>(info.zone.integer_min), static_cast<RowId>(info.zone.integer_max));
    if (wanted.empty()) continue;
    ids.clear();
    TRY(segment.decode(0, info.first_row, info.rows, ids));
    const auto* values = reinterpret_cast<const RowId*>(ids.data());
    for (std::uint32_t i = 0; i < info.rows; ++i) {
      if (std::ranges::binary_search(wanted, values[i])) found.push_back({values[i], number, info.first_row + i});
    }
  }
  return {};
}

}  // namespace

Result<std::vector<FoundRow>> find_rows(const TableVersion& table, std::span<const RowId> rows) {
  std::vector<FoundRow> found;
  found.reserve(rows.size());
  for (std::size_t i = 0; i < table.segments.size() && found.size() < rows.size(); ++i) {
    const TableSegment& segment = table.segments[i];
    const auto wanted = between(rows, segment.part.row_first, segment.part.row_last);
    if (wanted.empty()) continue;
    const Segment open = TRY(open_segment(segment, table.schema->id));
    TRY(find_in_segment(open, i, wanted, found));
  }
  return found;
}

}  // namespace mneme
