#include "storage/segment_merge.h"

#include <algorithm>

#include "base/coding.h"
#include "storage/clustering_order.h"

namespace mneme {
namespace {

constexpr std::size_t kBatchBytesMin = 16 << 10;
constexpr std::size_t kRowsWithBlobsMax = 16;  // Of a batch, where blobs are copied.

std::vector<std::uint64_t> rows_of(const std::vector<SegmentMerge::Input>& inputs) {
  std::vector<std::uint64_t> rows;
  for (const auto& input : inputs) rows.push_back(input.segment.rows());
  return rows;
}

}  // namespace

SegmentMerge::SegmentMerge(std::shared_ptr<const TableSchema> schema, std::span<const std::uint64_t> input_rows,
                           std::size_t batch_bytes, Reservation memory)
    : schema_(std::move(schema)), memory_(std::move(memory)), batch_bytes_(batch_bytes), map_(input_rows) {
  for (const std::size_t ordinal : clustering_ordinals(*schema_)) keys_.push_back(ordinal + 1);
  keys_.push_back(0);  // Arrival decides between equals.
  std::size_t row_bytes = sizeof(RowId);
  for (const ColumnSchema& column : schema_->columns) row_bytes += column.type.width();
  batch_rows_ = std::clamp<std::size_t>(batch_bytes_ / row_bytes, 1, kBatchRowsMax);
}

Result<std::unique_ptr<SegmentMerge>> SegmentMerge::begin(std::vector<Input> inputs,
                                                          std::shared_ptr<const TableSchema> schema,
                                                          MemoryBudget& budget) {
  ASSERT(!inputs.empty() && inputs.size() <= kInputsMax);
  const auto rows = rows_of(inputs);
  // A head of each input and the batch that leaves, in a quarter of the share.
  const std::size_t batch_bytes =
      std::clamp(budget.share_cap(MemoryShare::maintenance) / 4 / (inputs.size() + 1), kBatchBytesMin, kBatchBytesMax);
  const std::size_t bytes = OrdinalMap::memory_bytes(rows) + (inputs.size() + 1) * batch_bytes;
  Reservation memory = TRY(budget.reserve(bytes, MemoryShare::maintenance, "compaction"));
  std::unique_ptr<SegmentMerge> merge(new SegmentMerge(std::move(schema), rows, batch_bytes, std::move(memory)));
  for (Input& input : inputs) merge->sources_.push_back({input.segment, std::move(input.dead), {}, 0, 0});
  for (Source& source : merge->sources_) {
    TRY(merge->skip_dead(source));
    if (!source.at_end()) merge->order_.push_back(&source);
  }
  std::ranges::sort(merge->order_,
                    [&](const Source* a, const Source* b) { return merge->comes_before(*a, a->row, *b); });
  return merge;
}

SegmentPart SegmentMerge::part() const {
  SegmentPart part{schema_->id, schema_->version, sources_[0].segment.info().first_lsn, 0, {}};
  for (const Source& source : sources_) {
    part.first_lsn = std::min(part.first_lsn, source.segment.info().first_lsn);
    part.last_lsn = std::max(part.last_lsn, source.segment.info().last_lsn);
    part.merged.push_back(source.segment.file().number());
  }
  encode_schema(*schema_, part.schema);
  part.columns.push_back({kRowIdColumn, Type{.kind = TypeKind::integer}});
  for (const ColumnSchema& column : schema_->columns) part.columns.push_back({column.id, column.type});
  return part;
}

Result<Column> SegmentMerge::read_column(const Source& source, const ColumnSchema& column, std::size_t count) const {
  Column out(column.type);
  if (const auto position = source.segment.position_of(column.id)) {
    if (source.segment.columns()[*position].type != column.type) {
      return Error(Code::corrupt, "'" + source.segment.file().path() + "': column '" + column.name +
                                      "' is not of the type that its table says");
    }
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

// Text is taken up to the end of its blocks, which end at 64 KiB: a head of wide rows stays small.
Result<std::size_t> SegmentMerge::head_rows(const Source& source) const {
  std::uint64_t rows = std::min<std::uint64_t>(batch_rows_, source.segment.rows() - source.head_first);
  for (std::size_t i = 0; i < source.segment.columns().size(); ++i) {
    if (!source.segment.columns()[i].type.is_variable()) continue;
    const std::size_t block = TRY(source.segment.block_of(i, source.head_first));
    const BlockInfo info = TRY(source.segment.block_info(i, block));
    rows = std::min<std::uint64_t>(rows, info.first_row + info.rows - source.head_first);
  }
  return static_cast<std::size_t>(rows);
}

// The next batch of rows. REQUIRES: not at the end.
Result<void> SegmentMerge::load(Source& source) const {
  source.head_first = source.ordinal();
  source.row = 0;
  const std::size_t count = TRY(head_rows(source));
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
  while (!source.at_end() && !source.dead.empty() &&
         !source.dead.is_live(static_cast<std::uint32_t>(source.ordinal()), kSequenceMax - 1)) {
    ++source.row;
  }
  if (!source.at_end() && source.row >= source.head.rows()) TRY(load(source));
  return {};
}

// Row `row` of a's head before the next of b?
bool SegmentMerge::comes_before(const Source& a, std::size_t row, const Source& b) const {
  return compare_rows(a.head, row, b.head, b.row, keys_) < 0;
}

// How many rows from the next on are in the head, live, and before `next`. At least 1.
std::size_t SegmentMerge::run_length(const Source& source, const Source* next, std::size_t most) const {
  most = std::min(most, source.head.rows() - source.row);
  for (std::size_t i = 1; !source.dead.empty() && i < most; ++i) {
    if (!source.dead.is_live(static_cast<std::uint32_t>(source.ordinal() + i), kSequenceMax - 1)) most = i;
  }
  if (next == nullptr || comes_before(source, source.row + most - 1, *next)) return most;
  std::size_t low = 1, high = 2;  // Doubling first: where inputs do interleave, runs are short.
  while (high < most && comes_before(source, source.row + high - 1, *next)) {
    low = high;
    high *= 2;
  }
  for (high = std::min(high, most); high - low > 1;) {
    const std::size_t middle = (low + high) / 2;
    (comes_before(source, source.row + middle - 1, *next) ? low : high) = middle;
  }
  return low;
}

Result<void> SegmentMerge::move_run(Source& source, const Source* next, Batch& out) {
  const std::size_t count = run_length(source, next, batch_rows_ - out.rows());
  if (out.columns.empty() && count == source.head.rows()) {
    out = std::move(source.head);  // Inputs that follow one another pass as they were read.
  } else {
    if (out.columns.empty()) out = empty_batch();
    for (std::size_t c = 0; c < out.columns.size(); ++c) {
      out.columns[c].append_run(source.head.columns[c], source.row, count);
    }
  }
  const auto input = static_cast<std::size_t>(&source - sources_.data());
  map_.keep_run(input, static_cast<std::uint32_t>(source.ordinal()), count);
  source.row += count;
  return skip_dead(source);
}

bool SegmentMerge::is_full(const Batch& out) const {
  if (out.rows() >= batch_rows_) return true;
  std::size_t bytes = 0;
  for (const Column& column : out.columns) bytes += column.memory_bytes();
  return bytes >= batch_bytes_;
}

Batch SegmentMerge::empty_batch() const {
  Batch batch;
  batch.columns.emplace_back(Type{.kind = TypeKind::integer});
  for (const ColumnSchema& column : schema_->columns) batch.columns.emplace_back(column.type);
  return batch;
}

Result<void> SegmentMerge::merge_batch(SegmentWriter& writer, SectionJobs* sections, BlobMover* mover) {
  Batch out;
  const std::uint64_t first = map_.rows();
  while (!order_.empty() && !is_full(out)) {
    Source* source = order_.front();
    TRY(move_run(*source, order_.size() > 1 ? order_[1] : nullptr, out));
    order_.erase(order_.begin());
    if (source->at_end()) continue;
    const auto after =
        std::ranges::find_if(order_, [&](const Source* other) { return comes_before(*source, source->row, *other); });
    order_.insert(after, source);
  }
  if (mover != nullptr) TRY(mover->move(out));
  if (sections != nullptr) TRY(sections->add(out, first));
  return writer.append(out);
}

Result<bool> SegmentMerge::step(SegmentWriter& writer, Clock& clock, std::int64_t deadline_ns, SectionJobs* sections,
                                BlobMover* mover) {
  // A step copies few blobs.
  if (mover != nullptr) batch_rows_ = std::min(batch_rows_, kRowsWithBlobsMax);
  if (!begun_) TRY(writer.begin_part(part()));
  begun_ = true;
  while (!order_.empty()) {
    TRY(merge_batch(writer, sections, mover));
    if (!order_.empty() && clock.monotonic_ns() >= deadline_ns) return false;
  }
  TRY(writer.end_rows());
  return true;
}

}  // namespace mneme
