#include "table/pending_rows.h"

#include <algorithm>

#include "storage/row_source.h"
#include "types/empty_batch.h"

namespace mneme {
namespace {

constexpr std::size_t kManyRows = kBatchRowsMax / 8;  // At once: more are likely to follow.

void append_rows(Batch& to, const Batch& from, std::size_t first, std::size_t count) {
  for (std::size_t i = 0; i < to.columns.size(); ++i) to.columns[i].append_run(from.columns[i], first, count);
}

}  // namespace

std::size_t PendingRows::append(const Batch& batch) { return append_by(&Column::append_run, batch); }
std::size_t PendingRows::append_lent(const Batch& batch) { return append_by(&Column::append_lent, batch); }

std::size_t PendingRows::append_by(Append copy, const Batch& batch) {
  cut_to(rows_);  // A copy of this object may have grown the shared last batch.
  const std::size_t last = batches_.size() - (rows_ % kBatchRowsMax == 0 ? 0 : 1);
  const std::size_t before = bytes_from(last);
  for (std::size_t done = 0; done < batch.rows();) {
    if (rows_ % kBatchRowsMax == 0) batches_.push_back(std::make_shared<Batch>(empty_batch(*schema_)));
    const std::size_t used = rows_ % kBatchRowsMax, count = std::min(batch.rows() - done, kBatchRowsMax - used);
    for (std::size_t i = 0; i < batch.columns.size(); ++i) {
      Column& column = batches_.back()->columns[i];
      if (count >= kManyRows) column.reserve(kBatchRowsMax);  // Grown by doubling it would end up with more.
      (column.*copy)(batch.columns[i], done, count);
    }
    done += count;
    rows_ += count;
  }
  const std::size_t after = bytes_from(last);
  return after > before ? after - before : 0;
}

std::size_t PendingRows::bytes_from(std::size_t batch) const noexcept {
  std::size_t bytes = 0;
  for (; batch < batches_.size(); ++batch) {
    for (const Column& column : batches_[batch]->columns) bytes += column.memory_bytes();
  }
  return bytes;
}

std::size_t PendingRows::append_bytes_max(const Batch& batch, bool lent) {
  // Of a column: what it is itself, the room of its newest batch, and of its newest piece of text.
  constexpr std::size_t kColumnBytes = 2 * sizeof(Column) + 2 * kBatchRowsMax / 8, kTextPieceBytes = 64 << 10;
  const std::size_t rows = batch.rows(), room = kBatchRowsMax + (rows < kManyRows ? 2 * rows : rows);
  std::size_t bytes = 0;
  for (const Column& column : batch.columns) {
    bytes += kColumnBytes * (1 + rows / kBatchRowsMax) + room * column.type().width();
    if (!column.type().is_variable() || lent) continue;
    std::size_t text = 0;  // Short values may leave half of a piece empty; long ones have a piece each.
    for (std::size_t row = 0; row < rows; ++row) {
      const std::size_t size = column.values<StringRef>()[row].bytes();
      text += size < kTextPieceBytes / 2 ? 2 * size : size;
    }
    bytes += text + std::min(text, kTextPieceBytes) + 1'024;
  }
  return bytes;
}

bool PendingRows::remove(RowId row) {
  if (!is_provisional(row)) {
    if (ended_.contains(row)) return false;
    ended_order_.push(row);  // First: without memory for the rest it is one too many, which rollback() passes over.
    ended_.insert(row);
    return true;
  }
  const std::size_t at = row_of(row);
  ASSERT(at < rows_);
  if (is_dead(at)) return false;
  if (dead_.size() <= at) dead_.resize(rows_);
  dead_[at] = true;
  dead_order_.push_back(at);
  return true;
}

std::vector<Batch> PendingRows::take_live_batches() {
  std::vector<Batch> out;
  cut_to(rows_);
  for (std::size_t b = 0; b < batches_.size(); ++b) {
    const std::size_t base = b * kBatchRowsMax;
    const std::size_t end = std::min(rows_, base + kBatchRowsMax);
    const auto dead_at = [&](std::size_t row) { return dead_.begin() + static_cast<std::ptrdiff_t>(row); };
    const std::size_t told = std::min(end, dead_.size());
    const bool all_live = base >= told || std::find(dead_at(base), dead_at(told), true) == dead_at(told);
    if (all_live && batches_[b].use_count() == 1) {
      out.push_back(std::move(*batches_[b]));
      continue;
    }
    Batch live = empty_batch(*schema_);
    for (std::size_t row = base; row < end; ++row) {
      if (!is_dead(row)) append_rows(live, *batches_[b], row - base, 1);
    }
    if (live.rows() > 0) out.push_back(std::move(live));
  }
  batches_.clear();
  dead_.clear();
  dead_order_.clear();
  rows_ = 0;
  return out;
}

Result<PendingRows> PendingRows::as(std::shared_ptr<const TableSchema> schema) const {
  PendingRows out(std::move(schema));
  for (std::size_t b = 0; b < batches_.size(); ++b) {
    const std::size_t count = std::min(rows_ - b * kBatchRowsMax, kBatchRowsMax);
    Batch converted;
    for (const ColumnSchema& column : out.schema().columns) {
      const auto old = schema_->ordinal_of(column.id);
      if (!old) {
        TRY(append_missing(column, count, converted.columns.emplace_back(column.type)));
      } else {
        converted.columns.emplace_back(column.type).append_run(batches_[b]->columns[*old], 0, count);
      }
    }
    out.append(converted);
  }
  out.dead_ = dead_;
  out.dead_order_ = dead_order_;
  out.ended_ = ended_;
  out.ended_order_ = ended_order_;
  return out;
}

void PendingRows::cut_to(std::size_t rows) {
  batches_.resize((rows + kBatchRowsMax - 1) / kBatchRowsMax);
  if (batches_.empty()) return;
  const std::size_t last = rows - (batches_.size() - 1) * kBatchRowsMax;
  if (batches_.back()->rows() == last) return;
  auto shorter = std::make_shared<Batch>(empty_batch(*schema_));
  append_rows(*shorter, *batches_.back(), 0, last);
  batches_.back() = std::move(shorter);
}

void PendingRows::rollback(const Mark& mark) {
  for (; dead_order_.size() > mark.dead; dead_order_.pop_back()) dead_[dead_order_.back()] = false;
  while (ended_.size() > mark.ended) ended_.erase(ended_order_.pop());
  rows_ = mark.rows;
  dead_.resize(std::min(dead_.size(), rows_));
  cut_to(rows_);
}

}  // namespace mneme
