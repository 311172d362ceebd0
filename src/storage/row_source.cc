#include "storage/row_source.h"

#include <algorithm>
#include <array>

#include "base/coding.h"
#include "storage/memtable_source.h"
#include "storage/segment_source.h"

namespace mneme {

Result<void> append_missing(const ColumnSchema& column, std::size_t rows, Column& out) {
  if (column.missing_value.empty()) {
    for (std::size_t i = 0; i < rows; ++i) out.append_null();
    return {};
  }
  Reader reader{Bytes(column.missing_value)};
  const Column one = TRY(decode_column(column.type, 1, reader));
  for (std::size_t i = 0; i < rows; ++i) out.append_run(one, 0, 1);
  return {};
}

Result<std::vector<std::shared_ptr<const RowSource>>> row_sources(const Snapshot& snapshot, TableId table) {
  const TableVersion* found = snapshot.version->find(table);
  if (found == nullptr) {
    return Error(Code::not_found, "table " + std::to_string(static_cast<std::uint64_t>(table)) + " does not exist");
  }
  std::vector<std::shared_ptr<const RowSource>> sources;
  sources.reserve(found->memtables.size() + found->segments.size());
  for (auto memtable = found->memtables.rbegin(); memtable != found->memtables.rend(); ++memtable) {
    sources.push_back(std::make_shared<MemtableSource>(*memtable, snapshot.sequence));
  }
  for (auto segment = found->segments.rbegin(); segment != found->segments.rend(); ++segment) {
    sources.push_back(TRY(SegmentSource::open(*segment, table, snapshot.sequence)));
  }
  return sources;
}

namespace {

// What `live_mask` counts in all of `rows` rows.
template <class LiveMask>
std::uint64_t live_of(std::uint64_t rows, const LiveMask& live_mask) {
  constexpr std::uint64_t kStep = 2'048;
  std::array<std::uint64_t, kStep / 64> bits;
  std::uint64_t live = 0;
  for (std::uint64_t first = 0; first < rows; first += kStep) {
    live += live_mask(first, static_cast<std::size_t>(std::min(kStep, rows - first)), bits.data());
  }
  return live;
}

}  // namespace

std::uint64_t live_rows(const TableVersion& table, std::uint64_t sequence) {
  std::uint64_t live = 0;
  for (const TableSegment& segment : table.segments) {
    if (segment.deletes->count() == 0) {
      live += segment.part.rows;
      continue;
    }
    live += live_of(segment.part.rows, [&](std::uint64_t first, std::size_t count, std::uint64_t* bits) {
      return segment.deletes->live_mask(first, count, sequence, bits);
    });
  }
  for (const auto& memtable : table.memtables) {
    const MemtableSource source(memtable, sequence);
    live += live_of(source.rows(), [&](std::uint64_t first, std::size_t count, std::uint64_t* bits) {
      return source.live_mask(first, count, bits);
    });
  }
  return live;
}

}  // namespace mneme
