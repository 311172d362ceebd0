#include "salvage/segment_remains.h"

#include <algorithm>

#include "salvage/losses.h"
#include "storage/row_source.h"

namespace mneme {
namespace {

constexpr std::uint64_t kNow = kSequenceMax - 1;  // After every delete.

}  // namespace

bool SegmentRemains::has_pages() const {
  for (std::size_t column = 0; column < segment_.columns().size(); ++column) {
    if (segment_.is_paged(column)) return true;
  }
  return false;
}

// Rows from `first` on that lie in one block of each column and fit a batch.
std::size_t SegmentRemains::run_from(std::uint64_t first) const {
  std::uint64_t end = std::min<std::uint64_t>(segment_.rows(), first + kBatchRowsMax);
  std::size_t width = 1;
  for (std::size_t column = 0; column < segment_.columns().size(); ++column) {
    width += segment_.columns()[column].type.width();
    const RowExtent extent = segment_.extent_of(column, first);
    if (extent.end > first) end = std::min(end, extent.end);
  }
  return static_cast<std::size_t>(
      std::min<std::uint64_t>(end - first, std::max<std::size_t>(1, kBatchBytesMax / width)));
}

std::vector<std::uint32_t> SegmentRemains::live_in(std::uint64_t first, std::size_t count) const {
  std::vector<std::uint32_t> live;
  live.reserve(count);
  for (std::uint64_t ordinal = first; ordinal < first + count; ++ordinal) {
    const auto at = static_cast<std::uint32_t>(ordinal);
    if (std::ranges::all_of(dead_, [at](const DeleteSet* dead) { return dead->is_live(at, kNow); })) live.push_back(at);
  }
  return live;
}

Result<void> SegmentRemains::read_column(const ColumnSchema& column, std::span<const std::uint32_t> live,
                                         Column& out) const {
  const auto position = segment_.position_of(column.id);
  if (!position) return append_missing(column, live.size(), out);
  if (segment_.columns()[*position].type != column.type) {
    return Error(Code::corrupt, "column '" + column.name + "' has another type than its table says");
  }
  const bool run = live.back() - live.front() + 1 == live.size();
  return run ? segment_.decode(*position, live.front(), live.size(), out) : segment_.gather(*position, live, out);
}

// `column`: which of the segment failed.
Result<void> SegmentRemains::read(std::span<const std::uint32_t> live, std::vector<RowId>& ids, Batch& rows,
                                  Reservation& memory, std::size_t& column) const {
  ColumnSchema row_id;
  row_id.id = kRowIdColumn;
  row_id.type.kind = TypeKind::integer;
  Column numbers(row_id.type);
  column = 0;
  TRY(read_column(row_id, live, numbers));
  if (numbers.has_nulls()) return Error(Code::corrupt, "rows without row ids");
  ids.assign(numbers.values<RowId>(), numbers.values<RowId>() + numbers.rows());
  for (const ColumnSchema& wanted : schema_.columns) {
    column = segment_.position_of(wanted.id).value_or(0);
    Column& values = rows.columns.emplace_back(wanted.type);
    TRY(read_column(wanted, live, values));
    // Who takes several rows may copy those that count.
    TRY(memory.grow(values.memory_bytes() * (live.size() > 1 ? 2 : 1)));
  }
  return {};
}

// What can still be told of rows that are lost.
Result<void> SegmentRemains::lose(std::uint64_t first, std::size_t count, std::span<const std::uint32_t> live,
                                  Failure failure, const Visitor& visitor) const {
  LostRun run;
  run.first = first;
  run.count = count;
  run.offset = failure.offset;
  run.reason = std::move(failure.reason);
  run.rows = live.size();
  Column numbers(Type{.kind = TypeKind::integer});
  if (segment_.gather(0, live, numbers) && !numbers.has_nulls()) {
    run.ids.assign(numbers.values<RowId>(), numbers.values<RowId>() + numbers.rows());
    run.ids_known = true;
  }
  const ColumnSchema* time = schema_.time_column ? schema_.find(*schema_.time_column) : nullptr;
  Column times(time == nullptr ? run.times.type() : time->type);
  if (time != nullptr && time->type.kind == TypeKind::timestamp && read_column(*time, live, times)) {
    run.times = std::move(times);
  }
  return visitor.lost(run);
}

Result<void> SegmentRemains::walk_run(std::uint64_t first, std::size_t count, const Visitor& visitor) const {
  const auto live = live_in(first, count);
  if (live.empty()) return {};
  std::vector<RowId> ids;
  Batch rows;
  std::size_t column = 0;
  Reservation memory = TRY(budget_.reserve(0, MemoryShare::queries, "rows of a salvage"));
  auto whole = read(live, ids, rows, memory, column);
  if (whole) return visitor.rows(ids, rows);
  if (count > 1 && (has_pages() || !is_damage(whole.error()))) {
    rows = {};
    memory.release();
    for (std::size_t i = 0; i < count; ++i) TRY(walk_run(first + i, 1, visitor));  // Of one row: no deeper.
    return {};
  }
  if (!is_damage(whole.error())) return whole;
  return lose(first, count, live, {segment_.extent_of(column, first).offset, whole.error().message()}, visitor);
}

Result<void> SegmentRemains::walk(const Visitor& visitor) {
  for (std::uint64_t first = 0; first < segment_.rows();) {
    const std::size_t count = run_from(first);
    TRY(walk_run(first, count, visitor));
    first += count;
  }
  return {};
}

}  // namespace mneme
