#include "storage/memtable.h"

#include <algorithm>

#include "storage/memtable_chunk.h"
#include "storage/table_index.h"

namespace mneme {

Memtable::Memtable(Scheduler& scheduler, MemoryBudget& budget, std::shared_ptr<const TableSchema> schema)
    : schema_(std::move(schema)), budget_(budget), mutex_(scheduler) {}
Memtable::~Memtable() = default;

Result<MemtableChunk*> Memtable::chunk_with_room() {
  if (!chunks_.empty() && chunks_.back()->used < chunks_.back()->capacity) return chunks_.back().get();
  const std::size_t capacity =
      chunks_.empty() ? MemtableChunk::kRowsMin : std::min(chunks_.back()->capacity * 2, MemtableChunk::kRowsMax);
  Reservation memory =
      TRY(budget_.reserve(MemtableChunk::fixed_bytes(*schema_, capacity), MemoryShare::memtables, "memtable"));
  chunks_.push_back(std::make_unique<MemtableChunk>(*schema_, appended_, capacity, std::move(memory)));
  return chunks_.back().get();
}

Result<void> Memtable::add_indexes(IndexFactory& factory, Scheduler& scheduler) {
  for (const IndexSchema& schema : schema_->indexes) {
    Index index{schema.id, {}, TRY(factory.memory_index(*schema_, schema, scheduler, budget_))};
    if (!index.entries) continue;
    for (const ColumnId column : schema.columns) index.columns.push_back(*schema_->ordinal_of(column));
    indexes_.push_back(std::move(index));
  }
  return {};
}

const MemoryIndex* Memtable::memory_index(IndexId id) const noexcept {
  const auto found = std::ranges::find(indexes_, id, &Index::id);
  return found == indexes_.end() ? nullptr : found->entries.get();
}

Result<void> Memtable::append(const Batch& batch, std::size_t from, std::size_t count, RowId first) {
  std::size_t ordinal = 0;
  auto outcome = copy_rows(batch, from, count, first, ordinal);
  if (outcome && !indexes_.empty()) outcome = feed_indexes(ordinal, count);
  if (!outcome) discard();
  return outcome;
}

// Room for the stamp and the publication that follow: they must not allocate.
Result<void> Memtable::make_room_for_commit() {
  if (commits_.size() < commits_.capacity() && stamps_.size() < stamps_.capacity()) return {};
  const std::size_t commits = std::max<std::size_t>(16, commits_.size() * 2);
  const std::size_t stamps = std::max<std::size_t>(16, stamps_.size() * 2);
  const std::size_t bytes = commits * sizeof(Commit) + stamps * sizeof(Stamp);
  if (memory_.bytes() == 0) memory_ = TRY(budget_.reserve(bytes, MemoryShare::memtables, "memtable"));
  TRY(memory_.grow_to(bytes));
  commits_.reserve(commits);
  stamps_.reserve(stamps);
  return {};
}

void Memtable::stamp_rows(std::uint32_t crc) noexcept {
  Lock lock(mutex_);
  if (!stamps_.empty() && stamps_.back().rows == appended_) return;  // No rows.
  stamps_.push_back({static_cast<std::uint32_t>(appended_), crc});
}

std::optional<Memtable::Stamp> Memtable::stamp(std::size_t at) const {
  Lock lock(mutex_);
  return at < stamps_.size() ? std::optional(stamps_[at]) : std::nullopt;
}

Result<void> Memtable::copy_rows(const Batch& batch, std::size_t from, std::size_t rows, RowId first,
                                 std::size_t& ordinal) {
  Lock lock(mutex_);
  ordinal = appended_;
  TRY(make_room_for_commit());
  for (std::size_t done = 0; done < rows;) {
    MemtableChunk* chunk = TRY(chunk_with_room());
    const std::size_t count = std::min(rows - done, chunk->capacity - chunk->used);
    TRY(chunk->append(batch, from + done, count, RowId{static_cast<std::uint64_t>(first) + done}));
    done += count;
    appended_ += count;
  }
  return {};
}

// The rows just copied, text borrowed from their chunks, so that an index may keep what it is shown.
Result<void> Memtable::feed_indexes(std::size_t first, std::size_t count) {
  const auto chunk_of = [this](std::size_t row) {
    Lock lock(mutex_);
    return chunks_[MemtableChunk::index_of(row)].get();
  };
  for (std::size_t done = 0; done < count;) {
    const MemtableChunk& chunk = *chunk_of(first + done);
    const std::size_t from = first + done - chunk.first;
    const std::size_t rows = std::min(count - done, chunk.capacity - from);
    for (Index& index : indexes_) {
      Batch batch;
      batch.columns.reserve(index.columns.size());
      for (const std::size_t column : index.columns) {
        chunk.read(column, from, rows, batch.columns.emplace_back(schema_->columns[column].type));
      }
      TRY(index.entries->add(batch, static_cast<std::uint32_t>(chunk.first + from)));
    }
    done += rows;
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
  std::size_t kept = 0;
  {
    Lock lock(mutex_);
    forget_unpublished();
    kept = published_;
  }
  for (const Index& index : indexes_) index.entries->forget_from(static_cast<std::uint32_t>(kept));
}

void Memtable::forget_unpublished() noexcept {
  appended_ = published_;
  while (!stamps_.empty() && stamps_.back().rows > published_) stamps_.pop_back();
  while (!chunks_.empty() && chunks_.back()->first >= published_) chunks_.pop_back();
  if (!chunks_.empty()) chunks_.back()->truncate(published_ - chunks_.back()->first);
}

void Memtable::hold_blobs(BlobUse use) {
  Lock lock(mutex_);
  const auto same = [&](const BlobUse& known) { return known.file == use.file && known.column == use.column; };
  const auto known = std::ranges::find_if(blobs_, same);
  if (known == blobs_.end()) {
    blobs_.push_back(std::move(use));
  } else {
    known->bytes += use.bytes;
  }
}

bool Memtable::holds_blobs() const {
  Lock lock(mutex_);
  return !blobs_.empty();
}

BlobUses Memtable::blobs() const {
  Lock lock(mutex_);
  return blobs_;
}

std::size_t Memtable::visible(std::uint64_t sequence) const {
  if (!commits_.empty() && commits_.back().sequence <= sequence) return commits_.back().rows;  // Mostly.
  const auto after = std::ranges::upper_bound(commits_, sequence, {}, &Commit::sequence);
  return after == commits_.begin() ? 0 : std::prev(after)->rows;
}

std::size_t Memtable::rows() const {
  Lock lock(mutex_);
  return appended_;
}

std::size_t Memtable::visible_rows(std::uint64_t sequence) const {
  Lock lock(mutex_);
  return visible(sequence);
}

std::size_t Memtable::memory_bytes() const {
  Lock lock(mutex_);
  std::size_t bytes = sizeof *this + memory_.bytes();
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
  const auto ids = std::span(chunk.row_ids, std::min(rows, chunk.used));
  const auto found = std::ranges::lower_bound(ids, row);
  if (found == ids.end() || *found != row) return std::nullopt;
  return Position{static_cast<std::size_t>(std::prev(after) - chunks_.begin()),
                  static_cast<std::size_t>(found - ids.begin())};
}

bool Memtable::end(Position at, std::uint64_t sequence) noexcept {
  Lock lock(mutex_);
  auto& slot = chunks_[at.chunk]->ends[at.row];
  if (slot.load(std::memory_order_relaxed) < kEnding) return false;
  slot.store(sequence, std::memory_order_relaxed);
  return true;
}

bool Memtable::prepare_end(Position at) noexcept {
  Lock lock(mutex_);
  auto& slot = chunks_[at.chunk]->ends[at.row];
  if (slot.load(std::memory_order_relaxed) != kNeverEnds) return false;
  slot.store(kEnding, std::memory_order_relaxed);
  prepared_first_ = has_prepared_ ? std::min(prepared_first_, at) : at;
  prepared_last_ = has_prepared_ ? std::max(prepared_last_, at) : at;
  has_prepared_ = true;
  return true;
}

void Memtable::end_prepared(std::uint64_t sequence) noexcept {
  Lock lock(mutex_);
  if (!has_prepared_) return;
  has_prepared_ = false;
  for (std::size_t i = prepared_first_.chunk; i <= prepared_last_.chunk; ++i) {
    MemtableChunk& chunk = *chunks_[i];
    const std::size_t end = i == prepared_last_.chunk ? prepared_last_.row + 1 : chunk.used;
    for (std::size_t row = i == prepared_first_.chunk ? prepared_first_.row : 0; row < end; ++row) {
      if (chunk.ends[row].load(std::memory_order_relaxed) == kEnding) {
        chunk.ends[row].store(sequence, std::memory_order_relaxed);
      }
    }
  }
}

Memtable::VisibleRows Memtable::visible_chunks(std::uint64_t sequence) const {
  Lock lock(mutex_);
  VisibleRows found{visible(sequence), {}};
  found.chunks.resize(found.count == 0 ? 0 : MemtableChunk::index_of(found.count - 1) + 1);
  for (std::size_t i = 0; i < found.chunks.size(); ++i) found.chunks[i] = chunks_[i].get();
  return found;
}

std::uint64_t Memtable::first_sequence() const {
  Lock lock(mutex_);
  return commits_.empty() ? 0 : commits_.front().sequence;
}

std::uint64_t Memtable::last_sequence() const {
  Lock lock(mutex_);
  return commits_.empty() ? 0 : commits_.back().sequence;
}

}  // namespace mneme
