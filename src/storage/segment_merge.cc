#include "storage/segment_merge.h"

#include <algorithm>

#include "base/coding.h"
#include "storage/clustering_order.h"

namespace mneme {

SegmentMerge::SegmentMerge(std::shared_ptr<const TableSchema> schema, std::uint64_t dead_at, Reservation memory)
    : schema_(std::move(schema)), dead_at_(dead_at), memory_(std::move(memory)) {
  for (const std::size_t ordinal : clustering_ordinals(*schema_)) keys_.push_back(ordinal + 1);
  keys_.push_back(0);  // Arrival decides between equals.
  std::size_t row_bytes = sizeof(RowId);
  for (const ColumnSchema& column : schema_->columns) row_bytes += column.type.width();
  batch_rows_ = std::clamp<std::size_t>(kBatchBytesMax / row_bytes, 1, kBatchRowsMax);
}

Result<std::unique_ptr<SegmentMerge>> SegmentMerge::begin(std::vector<Input> inputs,
                                                          std::shared_ptr<const TableSchema> schema,
                                                          std::uint64_t dead_at, MemoryBudget& budget) {
  ASSERT(!inputs.empty() && inputs.size() <= kInputsMax);
  std::uint64_t rows = 0;
  for (const Input& input : inputs) rows += input.segment.rows();
  const auto bytes = static_cast<std::size_t>(rows) * sizeof(std::uint32_t) + (inputs.size() + 1) * kBatchBytesMax;
  Reservation memory = TRY(budget.reserve(bytes, MemoryShare::maintenance, "compaction"));
  std::unique_ptr<SegmentMerge> merge(new SegmentMerge(std::move(schema), dead_at, std::move(memory)));
  for (Input& input : inputs) {
    std::vector<std::uint32_t> map(static_cast<std::size_t>(input.segment.rows()), kLeftOut);
    merge->sources_.push_back({input.segment, std::move(input.deletes), {}, 0, 0, std::move(map)});
    TRY(merge->skip_dead(merge->sources_.back()));
  }
  return merge;
}

SegmentPart SegmentMerge::part() const {
  SegmentPart part{schema_->id, schema_->version, sources_[0].segment.info().first_lsn, 0, {}};
  for (const Source& source : sources_) {
    part.first_lsn = std::min(part.first_lsn, source.segment.info().first_lsn);
    part.last_lsn = std::max(part.last_lsn, source.segment.info().last_lsn);
  }
  part.columns.push_back({kRowIdColumn, Type{.kind = TypeKind::integer}});
  for (const ColumnSchema& column : schema_->columns) part.columns.push_back({column.id, column.type});
  return part;
}

Result<Column> SegmentMerge::read_column(const Source& source, const ColumnSchema& column, std::size_t count) const {
  Column out(column.type);
  if (const auto position = source.segment.position_of(column.id)) {
    TRY(source.segment.decode(*position, source.head_first, count, out));
    return out;
  }
  Column missing(column.type);
  missing.append_null();
  if (!column.missing_value.empty()) {
    Reader reader{Bytes(column.missing_value)};
    missing = TRY(decode_column(column.type, 1, reader));
  }
  for (std::size_t i = 0; i < count; ++i) out.append_run(missing, 0, 1);
  return out;
}

// The next batch of rows. REQUIRES: not at the end.
Result<void> SegmentMerge::load(Source& source) const {
  source.head_first = source.ordinal();
  source.row = 0;
  const auto count =
      static_cast<std::size_t>(std::min<std::uint64_t>(batch_rows_, source.segment.rows() - source.head_first));
  source.head.columns.clear();
  ColumnSchema row_id;
  row_id.id = kRowIdColumn;
  row_id.type.kind = TypeKind::integer;
  source.head.columns.push_back(TRY(read_column(source, row_id, count)));
  for (const ColumnSchema& column : schema_->columns) {
    source.head.columns.push_back(TRY(read_column(source, column, count)));
  }
  return {};
}

// Moves to the next row that stays, with its values in the head.
Result<void> SegmentMerge::skip_dead(Source& source) const {
  while (!source.at_end() && source.deletes.end_sequence(static_cast<std::uint32_t>(source.ordinal())) <= dead_at_) {
    ++source.row;
  }
  if (!source.at_end() && source.row >= source.head.rows()) TRY(load(source));
  return {};
}

SegmentMerge::Source* SegmentMerge::least() {
  Source* best = nullptr;
  for (Source& source : sources_) {
    if (source.at_end()) continue;
    if (best == nullptr || compare_rows(source.head, source.row, best->head, best->row, keys_) < 0) best = &source;
  }
  return best;
}

Result<void> SegmentMerge::merge_batch(SegmentWriter& writer) {
  Batch out;
  for (const SegmentColumn& column : part().columns) out.columns.emplace_back(column.type);
  for (Source* next = least(); next != nullptr && out.rows() < batch_rows_; next = least()) {
    for (std::size_t c = 0; c < out.columns.size(); ++c) {
      out.columns[c].append_run(next->head.columns[c], next->row, 1);
    }
    next->new_ordinal[static_cast<std::size_t>(next->ordinal())] = rows_++;
    ++next->row;
    TRY(skip_dead(*next));
  }
  return writer.append(out);
}

Result<bool> SegmentMerge::step(SegmentWriter& writer, Clock& clock, std::int64_t deadline_ns) {
  if (!begun_) TRY(writer.begin_part(part()));
  begun_ = true;
  while (least() != nullptr) {
    TRY(merge_batch(writer));
    if (least() != nullptr && clock.monotonic_ns() >= deadline_ns) return false;
  }
  TRY(writer.end_rows());
  return true;
}

DeleteSet SegmentMerge::deletes(std::span<const DeleteSet* const> now) const {
  ASSERT(now.size() == sources_.size());
  std::vector<DeleteSet::Pair> pairs;
  for (std::size_t i = 0; i < now.size(); ++i) {
    for (const DeleteSet::Pair& pair : now[i]->young()) {
      const std::uint32_t to = sources_[i].new_ordinal[pair.ordinal];
      if (to != kLeftOut) pairs.push_back({to, pair.end_sequence});
    }
  }
  std::ranges::sort(pairs, {}, &DeleteSet::Pair::ordinal);
  DeleteSet translated;
  for (const DeleteSet::Pair& pair : pairs) translated.add(pair.ordinal, pair.end_sequence);
  return translated;
}

}  // namespace mneme
