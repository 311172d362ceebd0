#include "storage/memtable_flush.h"

#include <algorithm>
#include <numeric>

#include "storage/clustering_order.h"

namespace mneme {
namespace {

// What sorting holds: both orders, the permutation, the keys.
std::size_t sort_bytes(const Memtable& memtable) {
  std::size_t row = 2 * sizeof(Memtable::Position) + sizeof(std::uint32_t);
  for (const std::size_t column : clustering_ordinals(memtable.schema())) {
    row += memtable.schema().columns[column].type.width() + 1;
  }
  return row * memtable.visible_rows(kNeverEnds);
}

}  // namespace

Result<std::unique_ptr<MemtableFlush>> MemtableFlush::begin(std::shared_ptr<const Memtable> memtable,
                                                            const Options& options, MemoryBudget& budget) {
  Reservation memory = TRY(budget.reserve(sort_bytes(*memtable), MemoryShare::maintenance, "flush"));
  std::unique_ptr<MemtableFlush> flush(new MemtableFlush(std::move(memtable), options, std::move(memory)));
  flush->order_ = flush->memtable_->versions(std::min(options.oldest_snapshot, raw(options.last_lsn)));
  flush->sort_by_clustering();
  return flush;
}

void MemtableFlush::sort_by_clustering() {
  const auto columns = clustering_ordinals(memtable_->schema());
  if (columns.empty()) return;  // Arrival order.
  std::vector<RowId> ids;
  const Batch keys = memtable_->gather(order_, columns, ids);
  std::vector<std::size_t> all(columns.size());
  std::iota(all.begin(), all.end(), std::size_t{0});
  std::vector<std::uint32_t> permutation(order_.size());
  std::iota(permutation.begin(), permutation.end(), std::uint32_t{0});
  // Ties keep the order of arrival (the row's place), so that equal inputs give equal files.
  std::ranges::sort(permutation, [&](std::uint32_t a, std::uint32_t b) {
    const auto order = compare_rows(keys, a, keys, b, all);
    return order != 0 ? order < 0 : a < b;
  });
  std::vector<Memtable::Position> sorted;
  sorted.reserve(order_.size());
  for (const std::uint32_t at : permutation) sorted.push_back(order_[at]);
  order_ = std::move(sorted);
}

SegmentPart MemtableFlush::part() const {
  const TableSchema& schema = memtable_->schema();
  SegmentPart part{schema.id, schema.version, raw(options_.first_lsn), raw(options_.last_lsn), {}};
  part.columns.push_back({kRowIdColumn, Type{.kind = TypeKind::integer}});
  for (const ColumnSchema& column : schema.columns) part.columns.push_back({column.id, column.type});
  return part;
}

Batch MemtableFlush::batch_of(std::span<const Memtable::Position> positions) const {
  std::vector<std::size_t> columns(memtable_->schema().columns.size());
  std::iota(columns.begin(), columns.end(), std::size_t{0});
  std::vector<RowId> ids;
  Batch batch = memtable_->gather(positions, columns, ids);
  Column row_ids(Type{.kind = TypeKind::integer});
  row_ids.reserve(ids.size());
  for (const RowId id : ids) row_ids.append(static_cast<std::int64_t>(id));
  batch.columns.insert(batch.columns.begin(), std::move(row_ids));
  return batch;
}

Result<bool> MemtableFlush::step(SegmentWriter& writer, Clock& clock, std::int64_t deadline_ns) {
  if (!begun_) TRY(writer.begin_part(part()));
  begun_ = true;
  // Wide rows in few at a time: a batch stays near kBatchBytesMax.
  std::size_t row_bytes = sizeof(RowId);
  for (const ColumnSchema& column : memtable_->schema().columns) row_bytes += column.type.width();
  const std::size_t batch_rows = std::clamp<std::size_t>(kBatchBytesMax / row_bytes, 1, kBatchRowsMax);
  while (written_ < order_.size()) {
    const std::size_t count = std::min(batch_rows, order_.size() - written_);
    TRY(writer.append(batch_of(std::span(order_).subspan(written_, count))));
    written_ += count;
    if (written_ < order_.size() && clock.monotonic_ns() >= deadline_ns) return false;
  }
  TRY(writer.end_rows());
  return true;
}

DeleteSet MemtableFlush::deletes() const {
  DeleteSet deletes;
  const std::vector<std::uint64_t> ends = memtable_->end_sequences(order_);
  for (std::size_t ordinal = 0; ordinal < ends.size(); ++ordinal) {
    if (ends[ordinal] < kEnding) deletes.add(static_cast<std::uint32_t>(ordinal), ends[ordinal]);
  }
  return deletes;
}

}  // namespace mneme
