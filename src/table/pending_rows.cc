#include "table/pending_rows.h"

#include <algorithm>

#include "storage/row_source.h"

namespace mneme {
namespace {

std::shared_ptr<Batch> empty_batch(const TableSchema& schema) {
  auto batch = std::make_shared<Batch>();
  for (const ColumnSchema& column : schema.columns) batch->columns.emplace_back(column.type);
  return batch;
}

void append_rows(Batch& to, const Batch& from, std::size_t first, std::size_t count) {
  for (std::size_t i = 0; i < to.columns.size(); ++i) to.columns[i].append_run(from.columns[i], first, count);
}

}  // namespace

void PendingRows::append(const Batch& batch) { append_by(&Column::append_run, batch); }
void PendingRows::append_lent(const Batch& batch) { append_by(&Column::append_lent, batch); }

void PendingRows::append_by(Append copy, const Batch& batch) {
  cut_to(rows_);  // A copy of this object may have grown the shared last batch.
  for (std::size_t done = 0; done < batch.rows();) {
    if (rows_ % kBatchRowsMax == 0) batches_.push_back(empty_batch(*schema_));
    const std::size_t count = std::min(batch.rows() - done, kBatchRowsMax - rows_ % kBatchRowsMax);
    for (std::size_t i = 0; i < batch.columns.size(); ++i) {
      (batches_.back()->columns[i].*copy)(batch.columns[i], done, count);
    }
    done += count;
    rows_ += count;
  }
  dead_.resize(rows_, false);
}

bool PendingRows::remove(RowId row) {
  if (!is_provisional(row)) {
    if (has_ended(row)) return false;
    const bool ascends = ended_.empty() || ended_.back() < row;
    if (ended_set_.empty() && !ascends) ended_set_.insert(ended_.begin(), ended_.end());
    if (!ended_set_.empty()) ended_set_.insert(row);
    ended_.push_back(row);
    return true;
  }
  const std::size_t at = row_of(row);
  ASSERT(at < rows_);
  if (dead_[at]) return false;
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
    const auto begin_dead = dead_.begin() + static_cast<std::ptrdiff_t>(base);
    const auto end_dead = dead_.begin() + static_cast<std::ptrdiff_t>(end);
    if (std::find(begin_dead, end_dead, true) == end_dead && batches_[b].use_count() == 1) {
      out.push_back(std::move(*batches_[b]));
      continue;
    }
    Batch live = std::move(*empty_batch(*schema_));
    for (std::size_t row = base; row < end; ++row) {
      if (!dead_[row]) append_rows(live, *batches_[b], row - base, 1);
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
  out.ended_set_ = ended_set_;
  return out;
}

void PendingRows::cut_to(std::size_t rows) {
  batches_.resize((rows + kBatchRowsMax - 1) / kBatchRowsMax);
  if (batches_.empty()) return;
  const std::size_t last = rows - (batches_.size() - 1) * kBatchRowsMax;
  if (batches_.back()->rows() == last) return;
  auto shorter = empty_batch(*schema_);
  append_rows(*shorter, *batches_.back(), 0, last);
  batches_.back() = std::move(shorter);
}

void PendingRows::rollback(const Mark& mark) {
  for (; dead_order_.size() > mark.dead; dead_order_.pop_back()) dead_[dead_order_.back()] = false;
  for (; ended_.size() > mark.ended; ended_.pop_back()) ended_set_.erase(ended_.back());
  rows_ = mark.rows;
  dead_.resize(rows_);
  cut_to(rows_);
}

}  // namespace mneme
