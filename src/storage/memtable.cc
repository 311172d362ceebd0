#include "storage/memtable.h"

#include <algorithm>

#include "storage/memtable_chunk.h"

namespace mneme {

Memtable::Memtable(Scheduler& scheduler, MemoryBudget& budget, std::shared_ptr<const TableSchema> schema)
    : schema_(std::move(schema)), budget_(budget), mutex_(scheduler) {}
Memtable::~Memtable() = default;

Result<MemtableChunk*> Memtable::chunk_with_room() {
  if (!chunks_.empty() && chunks_.back()->used < chunks_.back()->capacity) return chunks_.back().get();
  const std::size_t capacity = chunks_.empty() ? kChunkRowsMin : std::min(chunks_.back()->capacity * 2, kChunkRowsMax);
  Reservation memory =
      TRY(budget_.reserve(MemtableChunk::fixed_bytes(*schema_, capacity), MemoryShare::memtables, "memtable"));
  chunks_.push_back(std::make_unique<MemtableChunk>(*schema_, appended_, capacity, std::move(memory)));
  return chunks_.back().get();
}

Result<void> Memtable::append(const Batch& batch, RowId first) {
  Lock lock(mutex_);
  // Room for the publication that follows: publish() must not allocate.
  if (commits_.size() == commits_.capacity()) commits_.reserve(std::max<std::size_t>(16, commits_.size() * 2));
  for (std::size_t done = 0; done < batch.rows();) {
    auto chunk = chunk_with_room();
    if (!chunk) return forget_unpublished(), std::move(chunk).error();
    const std::size_t count = std::min(batch.rows() - done, (*chunk)->capacity - (*chunk)->used);
    const RowId row{static_cast<std::uint64_t>(first) + done};
    if (auto copied = (*chunk)->append(batch, done, count, row); !copied) {
      return forget_unpublished(), std::move(copied).error();
    }
    done += count;
    appended_ += count;
  }
  return {};
}

void Memtable::publish(std::uint64_t sequence) noexcept {
  Lock lock(mutex_);
  ASSERT(commits_.empty() || commits_.back().sequence < sequence);
  if (appended_ == published_) return;
  published_ = appended_;
  commits_.push_back({sequence, published_});
}

void Memtable::discard() noexcept {
  Lock lock(mutex_);
  forget_unpublished();
}

void Memtable::forget_unpublished() noexcept {
  appended_ = published_;
  while (!chunks_.empty() && chunks_.back()->first >= published_) chunks_.pop_back();
  if (!chunks_.empty()) chunks_.back()->used = published_ - chunks_.back()->first;
}

std::size_t Memtable::visible(std::uint64_t sequence) const {
  const auto after = std::ranges::upper_bound(commits_, sequence, {}, &Commit::sequence);
  return after == commits_.begin() ? 0 : std::prev(after)->rows;
}

std::size_t Memtable::visible_rows(std::uint64_t sequence) const {
  Lock lock(mutex_);
  return visible(sequence);
}

std::size_t Memtable::memory_bytes() const {
  Lock lock(mutex_);
  std::size_t bytes = sizeof *this + commits_.capacity() * sizeof(Commit);
  for (const auto& chunk : chunks_) bytes += chunk->memory_bytes();
  return bytes;
}

std::optional<Memtable::Position> Memtable::find(RowId row) const {
  Lock lock(mutex_);
  // The last chunk that begins at or before the wanted version; chunks are never empty once published.
  const auto after = std::ranges::upper_bound(chunks_, row, {}, [](const auto& chunk) { return chunk->row_ids[0]; });
  if (after == chunks_.begin()) return std::nullopt;
  const MemtableChunk& chunk = **std::prev(after);
  const std::size_t rows = std::min(published_, chunk.first + chunk.capacity) - std::min(published_, chunk.first);
  const auto ids = std::span(chunk.row_ids.get(), std::min(rows, chunk.used));
  const auto found = std::ranges::lower_bound(ids, row);
  if (found == ids.end() || *found != row) return std::nullopt;
  return Position{static_cast<std::size_t>(std::prev(after) - chunks_.begin()),
                  static_cast<std::size_t>(found - ids.begin())};
}

std::uint64_t Memtable::end_sequence(Position at) const {
  Lock lock(mutex_);
  return chunks_[at.chunk]->ends[at.row].load(std::memory_order_relaxed);
}

bool Memtable::end(Position at, std::uint64_t sequence) noexcept {
  Lock lock(mutex_);
  auto& slot = chunks_[at.chunk]->ends[at.row];
  if (slot.load(std::memory_order_relaxed) != kNeverEnds) return false;
  slot.store(sequence, std::memory_order_relaxed);
  return true;
}

Memtable::Cursor Memtable::scan(std::uint64_t sequence) const {
  Lock lock(mutex_);
  Cursor cursor;
  cursor.memtable_ = shared_from_this();
  cursor.sequence_ = sequence;
  cursor.rows_left_ = visible(sequence);
  for (const auto& chunk : chunks_) {
    if (chunk->first < cursor.rows_left_) cursor.chunks_.push_back(chunk.get());
  }
  return cursor;
}

std::vector<Memtable::Position> Memtable::versions(std::uint64_t dead_at) const {
  Lock lock(mutex_);
  std::vector<Position> found;
  found.reserve(published_);
  for (std::size_t c = 0; c < chunks_.size() && chunks_[c]->first < published_; ++c) {
    const std::size_t rows = std::min(published_ - chunks_[c]->first, chunks_[c]->used);
    for (std::size_t row = 0; row < rows; ++row) {
      if (chunks_[c]->ends[row].load(std::memory_order_relaxed) > dead_at) found.push_back({c, row});
    }
  }
  return found;
}

Batch Memtable::gather(std::span<const Position> positions, std::span<const std::size_t> columns,
                       std::vector<RowId>& rows) const {
  Lock lock(mutex_);
  rows.clear();
  for (const Position at : positions) rows.push_back(chunks_[at.chunk]->row_ids[at.row]);
  Batch batch;
  for (const std::size_t column : columns) {
    Column& out = batch.columns.emplace_back(schema_->columns[column].type);
    out.reserve(positions.size());
    for (const Position at : positions) {
      const auto row = static_cast<std::uint16_t>(at.row);
      chunks_[at.chunk]->read(column, {&row, 1}, out);
    }
    if (out.type().is_variable()) out.keep_alive(shared_from_this());
  }
  return batch;
}

std::vector<std::uint64_t> Memtable::end_sequences(std::span<const Position> positions) const {
  Lock lock(mutex_);
  std::vector<std::uint64_t> ends;
  ends.reserve(positions.size());
  for (const Position at : positions) ends.push_back(chunks_[at.chunk]->ends[at.row].load(std::memory_order_relaxed));
  return ends;
}

std::optional<Batch> Memtable::Cursor::next(std::span<const std::size_t> columns, std::vector<RowId>& rows) {
  while (next_chunk_ < chunks_.size()) {
    const MemtableChunk& chunk = *chunks_[next_chunk_++];
    const std::size_t count = std::min(rows_left_, chunk.capacity);
    rows_left_ -= count;
    std::vector<std::uint16_t> live;
    rows.clear();
    for (std::size_t row = 0; row < count; ++row) {
      if (chunk.ends[row].load(std::memory_order_relaxed) <= sequence_) continue;
      live.push_back(static_cast<std::uint16_t>(row));
      rows.push_back(chunk.row_ids[row]);
    }
    if (live.empty()) continue;
    Batch batch;
    for (const std::size_t column : columns) {
      Column& out = batch.columns.emplace_back(memtable_->schema().columns[column].type);
      out.reserve(live.size());
      chunk.read(column, live, out);
      if (out.type().is_variable()) out.keep_alive(memtable_);
    }
    return batch;
  }
  return std::nullopt;
}

}  // namespace mneme
