#include "storage/segment_source.h"

#include <algorithm>

namespace mneme {
namespace {

constexpr std::size_t kTextBlocksMax = 4;  // Of 64 KiB of input each: what one batch may pin of a text column.

bool is_below(const ZoneMap& zone, const Column& lower) {
  const ZoneMap bound = zone_map_of(lower, 0, 1);
  if (bound.kind != zone.kind) return false;
  switch (zone.kind) {
    case ZoneMap::Kind::none: return false;
    case ZoneMap::Kind::integer: return zone.integer_max < bound.integer_min;
    case ZoneMap::Kind::floating: return float_less(zone.floating_max, bound.floating_min);
    case ZoneMap::Kind::bytes: return !zone.max_open && zone.bytes_max < as_text(lower.bytes_at(0));
  }
  return false;
}

bool is_above(const ZoneMap& zone, const Column& upper) {
  const ZoneMap bound = zone_map_of(upper, 0, 1);
  if (bound.kind != zone.kind) return false;
  switch (zone.kind) {
    case ZoneMap::Kind::none: return false;
    case ZoneMap::Kind::integer: return zone.integer_min > bound.integer_max;
    case ZoneMap::Kind::floating: return float_less(bound.floating_max, zone.floating_min);
    case ZoneMap::Kind::bytes: return zone.bytes_min > as_text(upper.bytes_at(0));
  }
  return false;
}

}  // namespace

bool zone_may_contain(const ZoneMap& zone, const ScanBound& bound) {
  if (!bound.lower && !bound.upper) return true;
  if (zone.all_null()) return false;
  if (bound.lower && is_below(zone, *bound.lower)) return false;
  return !bound.upper || !is_above(zone, *bound.upper);
}

Result<Segment> open_segment(const TableSegment& segment, TableId table) {
  const auto file = TRY(segment.file->open());
  auto part = file->find(table);
  if (!part || part->rows() != segment.part.rows) {
    return Error(Code::corrupt, "'" + segment.file->path() + "' does not hold the rows of table " +
                                    std::to_string(static_cast<std::uint64_t>(table)) + " that the manifest names");
  }
  if (part->columns().empty() || part->columns()[0].id != kRowIdColumn ||
      part->columns()[0].type.kind != TypeKind::integer) {
    return Error(Code::corrupt, "'" + segment.file->path() + "' has no row ids");
  }
  return *std::move(part);
}

Result<std::shared_ptr<const RowSource>> SegmentSource::open(const TableSegment& segment, TableId table,
                                                             std::uint64_t sequence) {
  Segment part = TRY(open_segment(segment, table));
  return std::shared_ptr<const RowSource>(new SegmentSource(std::move(part), segment.deletes, sequence));
}

Result<std::shared_ptr<const RowSource>> SegmentSource::borrow(const TableSegment& segment, TableId table,
                                                               std::uint64_t sequence) {
  const Segment part = TRY(open_segment(segment, table));
  const std::shared_ptr<const SegmentDeletes> deletes(std::shared_ptr<void>(), segment.deletes.get());
  return std::shared_ptr<const RowSource>(new SegmentSource(part.borrowed(), deletes, sequence));
}

Result<void> SegmentSource::check_type(std::size_t position, const ColumnSchema& column) const {
  if (segment_.columns()[position].type == column.type) return {};
  return Error(Code::corrupt, "segment " + std::to_string(segment_.file().number()) + ": column '" + column.name +
                                  "' has another type");
}

Result<void> SegmentSource::read(const ColumnSchema& column, std::uint64_t first, std::size_t count,
                                 Column& out) const {
  const auto position = segment_.position_of(column.id);
  if (!position) return append_missing(column, count, out);
  TRY(check_type(*position, column));
  return segment_.decode(*position, first, count, out);
}

Result<void> SegmentSource::gather(const ColumnSchema& column, std::span<const std::uint32_t> ordinals,
                                   Column& out) const {
  const auto position = segment_.position_of(column.id);
  if (!position) return append_missing(column, ordinals.size(), out);
  TRY(check_type(*position, column));
  return segment_.gather(*position, ordinals, out);
}

Result<std::optional<RawValues>> SegmentSource::values_from(const ColumnSchema& column, std::uint64_t first) const {
  const auto position = segment_.position_of(column.id);
  if (!position || !segment_.is_paged(*position)) return std::optional<RawValues>();
  TRY(check_type(*position, column));
  return std::optional<RawValues>(TRY(segment_.raw_from(*position, first)));
}

Result<void> SegmentSource::row_ids(std::span<const std::uint32_t> ordinals, std::vector<RowId>& out) const {
  if (ordinals.empty()) return {};
  Column ids(Type{.kind = TypeKind::integer});
  ids.reserve(ordinals.size());
  const bool run = ordinals.back() - ordinals.front() + 1 == ordinals.size();
  if (run) {
    TRY(segment_.decode(0, ordinals.front(), ordinals.size(), ids));
  } else {
    TRY(segment_.gather(0, ordinals, ids));
  }
  for (std::size_t i = 0; i < ids.rows(); ++i) out.push_back(static_cast<RowId>(ids.values<std::int64_t>()[i]));
  return {};
}

// Blocks of text hold up to 64 KiB each: where the rows of a few of them end tells how many rows fit.
Result<std::size_t> SegmentSource::fitting(std::span<const ColumnSchema* const> columns, std::uint64_t first,
                                           std::size_t count, std::size_t bytes) const {
  std::size_t fixed = 0, texts = 0;
  for (const ColumnSchema* column : columns) {
    fixed += column->type.width();
    texts += column->type.is_variable() ? 1 : 0;
  }
  if (fixed == 0) return count;
  std::size_t rows = std::clamp<std::size_t>(bytes / fixed, 1, count);
  for (const ColumnSchema* column : columns) {
    const auto position = column->type.is_variable() ? segment_.position_of(column->id) : std::nullopt;
    if (!position) continue;
    std::size_t block = TRY(segment_.block_of(*position, first));
    const std::size_t last = block + std::max<std::size_t>(1, kTextBlocksMax / texts) - 1;
    for (BlockInfo info = TRY(segment_.block_info(*position, block));;) {
      const std::uint64_t end = std::uint64_t{info.first_row} + info.rows;
      if (end - first >= rows) break;
      if (block == last || block + 1 == segment_.blocks(*position)) {
        rows = static_cast<std::size_t>(end - first);
        break;
      }
      info = TRY(segment_.block_info(*position, ++block));
    }
  }
  return rows;
}

Result<bool> SegmentSource::may_contain(const ScanBound& bound, std::uint64_t first, std::size_t count) const {
  if (count == 0) return false;
  const auto position = segment_.position_of(bound.column);
  if (!position) return true;  // All rows read one missing value: the reader judges that itself.
  if (!zone_may_contain(segment_.zone_map(*position), bound)) return false;
  if (segment_.is_paged(*position) || (first == 0 && count == rows())) return true;
  std::size_t block = TRY(segment_.block_of(*position, first));
  for (; block < segment_.blocks(*position); ++block) {
    const BlockInfo info = TRY(segment_.block_info(*position, block));
    if (info.first_row >= first + count) break;
    if (zone_may_contain(info.zone, bound)) return true;
  }
  return false;
}

}  // namespace mneme
