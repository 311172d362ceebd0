#include "storage/segment_deletes.h"

#include <algorithm>
#include <bit>

#include "base/assert.h"

namespace mneme {
namespace {

constexpr std::size_t kReserveStepBytes = 4'096;

void clear_bit(std::uint64_t* bits, std::uint64_t at) noexcept { bits[at / 64] &= ~(std::uint64_t{1} << (at % 64)); }

auto lower_bound(const std::vector<DeleteSet::Pair>& young, std::uint64_t ordinal) {
  return std::ranges::lower_bound(young, ordinal, {}, &DeleteSet::Pair::ordinal);
}

}  // namespace

SegmentDeletes::SegmentDeletes(Scheduler& scheduler, MemoryBudget& budget, std::uint64_t rows)
    : mutex_(scheduler),
      chunks_(static_cast<std::size_t>((rows + kChunkRows - 1) / kChunkRows)),
      ways_(std::make_unique<std::atomic<const Chunk*>[]>(chunks_.size())) {
  Reservation none;
  if (budget.try_reserve(0, MemoryShare::memtables, "deletes of a segment", none)) memory_ = std::move(none);
}
SegmentDeletes::~SegmentDeletes() = default;

// The chunk, with room for one more pair.
Result<SegmentDeletes::Chunk*> SegmentDeletes::chunk_for(std::uint32_t ordinal, bool always) {
  auto& slot = chunks_[ordinal / kChunkRows];
  const bool grows = !slot || slot->young.size() == slot->young.capacity();
  if (!grows) return slot.get();
  const std::size_t had = slot ? slot->young.capacity() : 0;
  const std::size_t room = std::min<std::size_t>(std::max<std::size_t>(8, had * 2), kChunkRows);
  const std::size_t wanted = memory_used_ + (slot ? 0 : sizeof(Chunk)) + (room - had) * sizeof(DeleteSet::Pair);
  if (wanted > memory_.bytes()) {
    auto grown = memory_.grow_to((wanted / kReserveStepBytes + 1) * kReserveStepBytes);
    if (!grown && !always) return std::move(grown).error();
  }
  if (!slot) {
    slot = std::make_unique<Chunk>();
    ways_[ordinal / kChunkRows].store(slot.get(), std::memory_order_release);
  }
  slot->young.reserve(room);
  memory_used_ = wanted;
  return slot.get();
}

void SegmentDeletes::mark_ended(std::uint32_t ordinal, bool ended) noexcept {
  auto& word = chunks_[ordinal / kChunkRows]->ended[ordinal % kChunkRows / 64];
  const std::uint64_t bit = std::uint64_t{1} << (ordinal % 64);
  const std::uint64_t now = word.load(std::memory_order_relaxed);
  word.store(ended ? now | bit : now & ~bit, std::memory_order_relaxed);
}

DeleteSet::Pair* SegmentDeletes::find(std::uint32_t ordinal) noexcept {
  Chunk* chunk = chunks_[ordinal / kChunkRows].get();
  if (chunk == nullptr) return nullptr;
  const auto at = chunk->young.begin() + (lower_bound(chunk->young, ordinal) - chunk->young.cbegin());
  return at != chunk->young.end() && at->ordinal == ordinal ? &*at : nullptr;
}

Result<bool> SegmentDeletes::prepare(std::uint32_t ordinal) {
  Lock lock(mutex_);
  ASSERT(ordinal / kChunkRows < chunks_.size());
  Chunk* chunk = TRY(chunk_for(ordinal, false));
  if (chunk->is_old(ordinal) || find(ordinal) != nullptr) return false;
  const auto at = lower_bound(chunk->young, ordinal);
  chunk->young.insert(at, {ordinal, kSequenceMax});
  mark_ended(ordinal, true);
  count_.fetch_add(1, std::memory_order_relaxed);
  return true;
}

void SegmentDeletes::end(std::uint32_t ordinal, std::uint64_t sequence) noexcept {
  Lock lock(mutex_);
  DeleteSet::Pair* pair = find(ordinal);
  ASSERT(pair != nullptr && pair->end_sequence == kSequenceMax);
  pair->end_sequence = sequence;
  newest_ = std::max(newest_, sequence);
}

void SegmentDeletes::cancel(std::uint32_t ordinal) noexcept {
  Lock lock(mutex_);
  const DeleteSet::Pair* pair = find(ordinal);
  ASSERT(pair != nullptr && pair->end_sequence == kSequenceMax);
  auto& young = chunks_[ordinal / kChunkRows]->young;
  young.erase(young.begin() + (pair - young.data()));
  mark_ended(ordinal, false);
  count_.fetch_sub(1, std::memory_order_relaxed);
}

void SegmentDeletes::add(std::uint32_t ordinal, std::uint64_t sequence) {
  Lock lock(mutex_);
  Chunk* chunk = chunk_for(ordinal, true).value();
  if (chunk->is_old(ordinal) || find(ordinal) != nullptr) return;
  chunk->young.insert(lower_bound(chunk->young, ordinal), {ordinal, sequence});
  mark_ended(ordinal, true);
  newest_ = std::max(newest_, sequence);
  count_.fetch_add(1, std::memory_order_relaxed);
}

Result<void> SegmentDeletes::adopt(const DeleteSet& set) {
  Lock lock(mutex_);
  const std::uint64_t rows = chunks_.size() * kChunkRows;
  std::array<std::uint64_t, kChunkRows / 64> live{};
  std::uint64_t dead = 0;
  for (std::uint64_t first = 0; first < rows && dead < set.count(); first += kChunkRows) {
    // Everything dead to a snapshot that sees the end of time; the young ones are told apart below.
    const std::size_t alive = set.live_mask(first, kChunkRows, kSequenceMax - 1, live.data());
    if (alive == kChunkRows) continue;
    dead += kChunkRows - alive;
    Chunk* chunk = TRY(chunk_for(static_cast<std::uint32_t>(first), false));
    for (std::size_t word = 0; word < live.size(); ++word) {
      chunk->old[word] = ~live[word];
      chunk->ended[word].store(~live[word], std::memory_order_relaxed);
    }
  }
  if (dead != set.count()) return Error(Code::corrupt, "a delete of a row that is not there");
  for (const DeleteSet::Pair& pair : set.young()) {
    Chunk* chunk = TRY(chunk_for(pair.ordinal, false));
    clear_bit(chunk->old.data(), pair.ordinal % kChunkRows);
    chunk->young.push_back(pair);
    newest_ = std::max(newest_, pair.end_sequence);
  }
  count_.store(set.count(), std::memory_order_relaxed);
  return {};
}

std::uint64_t SegmentDeletes::end_sequence(std::uint32_t ordinal) const {
  if (!has_ended(ordinal)) return kSequenceMax;
  Lock lock(mutex_);
  const Chunk* chunk = chunks_[ordinal / kChunkRows].get();
  if (chunk == nullptr) return kSequenceMax;
  if (chunk->is_old(ordinal)) return 0;
  const auto at = lower_bound(chunk->young, ordinal);
  return at != chunk->young.end() && at->ordinal == ordinal ? at->end_sequence : kSequenceMax;
}

void SegmentDeletes::clear_dead(const Chunk& chunk, std::uint64_t chunk_first, std::uint64_t first, std::uint64_t end,
                                std::uint64_t sequence, std::uint64_t* bits) const {
  for (std::size_t word = 0; word < chunk.old.size(); ++word) {
    for (std::uint64_t left = chunk.old[word]; left != 0; left &= left - 1) {
      const std::uint64_t ordinal = chunk_first + word * 64 + static_cast<unsigned>(std::countr_zero(left));
      if (ordinal >= first && ordinal < end) clear_bit(bits, ordinal - first);
    }
  }
  for (auto pair = lower_bound(chunk.young, first); pair != chunk.young.end() && pair->ordinal < end; ++pair) {
    if (sequence >= pair->end_sequence) clear_bit(bits, pair->ordinal - first);
  }
}

std::size_t SegmentDeletes::live_mask(std::uint64_t first, std::size_t count, std::uint64_t sequence,
                                      std::uint64_t* bits) const {
  const std::size_t words = (count + 63) / 64;
  std::fill_n(bits, words, ~std::uint64_t{0});
  if (count % 64 != 0) bits[words - 1] = (std::uint64_t{1} << (count % 64)) - 1;
  if (this->count() == 0 || count == 0) return count;
  {
    Lock lock(mutex_);
    for (std::uint64_t chunk = first / kChunkRows; chunk * kChunkRows < first + count; ++chunk) {
      const auto& found = chunks_[static_cast<std::size_t>(chunk)];
      if (found) clear_dead(*found, chunk * kChunkRows, first, first + count, sequence, bits);
    }
  }
  std::size_t live = 0;
  for (std::size_t i = 0; i < words; ++i) live += static_cast<std::size_t>(std::popcount(bits[i]));
  return live;
}

std::uint64_t SegmentDeletes::newest() const {
  Lock lock(mutex_);
  return newest_;
}

DeleteSet SegmentDeletes::up_to(std::uint64_t sequence) const {
  Lock lock(mutex_);
  DeleteSet set;
  if (count() == 0) return set;
  // The old ones go in with the least sequence there is, and are aged at once.
  for (std::size_t i = 0; i < chunks_.size(); ++i) {
    if (!chunks_[i]) continue;
    for (std::size_t word = 0; word < chunks_[i]->old.size(); ++word) {
      for (std::uint64_t left = chunks_[i]->old[word]; left != 0; left &= left - 1) {
        set.add(static_cast<std::uint32_t>(i * kChunkRows + word * 64 + static_cast<unsigned>(std::countr_zero(left))),
                0);
      }
    }
    set.age(0);
  }
  for (const auto& chunk : chunks_) {
    if (!chunk) continue;
    for (const DeleteSet::Pair& pair : chunk->young) {
      if (pair.end_sequence <= sequence) set.add(pair.ordinal, pair.end_sequence);
    }
  }
  return set;
}

std::vector<DeleteSet::Pair> SegmentDeletes::after(std::uint64_t sequence) const {
  Lock lock(mutex_);
  std::vector<DeleteSet::Pair> pairs;
  for (const auto& chunk : chunks_) {
    if (!chunk) continue;
    for (const DeleteSet::Pair& pair : chunk->young) {
      if (pair.end_sequence > sequence && pair.end_sequence != kSequenceMax) pairs.push_back(pair);
    }
  }
  return pairs;
}

void SegmentDeletes::age(std::uint64_t oldest_snapshot) {
  Lock lock(mutex_);
  for (auto& chunk : chunks_) {
    if (!chunk || chunk->young.empty()) continue;
    const auto is_old = [&](const DeleteSet::Pair& pair) { return pair.end_sequence <= oldest_snapshot; };
    for (const DeleteSet::Pair& pair : chunk->young) {
      if (!is_old(pair)) continue;
      chunk->old[pair.ordinal % kChunkRows / 64] |= std::uint64_t{1} << (pair.ordinal % 64);
    }
    std::erase_if(chunk->young, is_old);
    if (!chunk->young.empty() || chunk->young.capacity() == 0) continue;
    memory_used_ -= chunk->young.capacity() * sizeof(DeleteSet::Pair);
    chunk->young = {};
  }
  const std::size_t keep = (memory_used_ / kReserveStepBytes + 1) * kReserveStepBytes;
  if (memory_.bytes() > keep) memory_.shrink(memory_.bytes() - keep);
}

}  // namespace mneme
