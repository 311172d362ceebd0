#include "storage/memtable_flush.h"

#include <algorithm>
#include <cmath>
#include <compare>
#include <numeric>

namespace mneme {
namespace {

template <class T>
std::weak_ordering compare_as(const Column& column, std::size_t a, std::size_t b) {
  return column.values<T>()[a] <=> column.values<T>()[b];
}

template <class T>
std::weak_ordering compare_floating(const Column& column, std::size_t a, std::size_t b) {
  const T x = column.values<T>()[a];
  const T y = column.values<T>()[b];
  if (std::isnan(x) || std::isnan(y)) return std::isnan(x) <=> std::isnan(y);  // NaN after every number.
  return x < y ? std::weak_ordering::less : y < x ? std::weak_ordering::greater : std::weak_ordering::equivalent;
}

std::weak_ordering compare_values(const Column& column, std::size_t a, std::size_t b) {
  switch (column.type().kind) {
    case TypeKind::boolean: return compare_as<std::uint8_t>(column, a, b);
    case TypeKind::integer:
    case TypeKind::timestamp:
    case TypeKind::decimal: return compare_as<std::int64_t>(column, a, b);
    case TypeKind::date: return compare_as<std::int32_t>(column, a, b);
    case TypeKind::floating: return compare_floating<double>(column, a, b);
    case TypeKind::real: return compare_floating<float>(column, a, b);
    default: break;
  }
  return as_text(column.bytes_at(a)).compare(as_text(column.bytes_at(b))) <=> 0;
}

// NULL before every value: keys hold none, a time column may.
std::weak_ordering compare_rows(const Batch& keys, std::size_t a, std::size_t b) {
  for (const Column& column : keys.columns) {
    const bool has_a = !column.is_null(a);
    const bool has_b = !column.is_null(b);
    const std::weak_ordering order = has_a && has_b ? compare_values(column, a, b) : has_a <=> has_b;
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
  std::vector<std::uint32_t> permutation(order_.size());
  std::iota(permutation.begin(), permutation.end(), std::uint32_t{0});
  // Ties keep the order of arrival (the row's place), so that equal inputs give equal files.
  std::ranges::sort(permutation, [&](std::uint32_t a, std::uint32_t b) {
    const auto order = compare_rows(keys, a, b);
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
    if (ends[ordinal] != kNeverEnds) deletes.add(static_cast<std::uint32_t>(ordinal), ends[ordinal]);
  }
  return deletes;
}

}  // namespace mneme
