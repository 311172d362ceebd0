#include "storage/segment_deletes.h"

#include <algorithm>
#include <bit>

#include "base/assert.h"

namespace mneme {
namespace {

constexpr std::size_t kReserveStepBytes = 4'096;
constexpr std::ptrdiff_t kPairsOfOneCommit = 16;  // More of them than this are smaller as bits.

void clear_bit(std::uint64_t* bits, std::uint64_t at) noexcept { bits[at / 64] &= ~(std::uint64_t{1} << (at % 64)); }
void set_bit(std::uint64_t* bits, std::uint64_t at) noexcept { bits[at / 64] |= std::uint64_t{1} << (at % 64); }

auto lower_bound(const std::vector<DeleteSet::Pair>& young, std::uint64_t ordinal) {
  return std::ranges::lower_bound(young, ordinal, {}, &DeleteSet::Pair::ordinal);
}

// Calls `visit` with the number of each bit that is 1.
template <typename Bits, typename Visit>
void for_each_bit(const Bits& bits, const Visit& visit) {
  for (std::size_t word = 0; word < bits.size(); ++word) {
    for (std::uint64_t left = bits[word]; left != 0; left &= left - 1) {
      visit(word * 64 + static_cast<unsigned>(std::countr_zero(left)));
    }
  }
}

}  // namespace

std::size_t SegmentDeletes::Chunk::memory_bytes() const noexcept {
  return sizeof *this + young.capacity() * sizeof(DeleteSet::Pair) + layers.capacity() * sizeof(Layer*) +
         layers.size() * sizeof(Layer);
}

SegmentDeletes::Layer* SegmentDeletes::Chunk::layer_of(std::uint64_t sequence) const noexcept {
  const auto found = std::ranges::find(layers, sequence, &Layer::sequence);
  return found == layers.end() ? nullptr : found->get();
}

std::vector<DeleteSet::Pair> SegmentDeletes::Chunk::pairs(std::uint64_t first_ordinal) const {
  std::vector<DeleteSet::Pair> all = young;
  for (const auto& layer : layers) {
    for_each_bit(layer->rows, [&](std::uint64_t row) {
      all.push_back({static_cast<std::uint32_t>(first_ordinal + row), layer->sequence});
    });
  }
  if (!layers.empty()) std::ranges::sort(all, {}, &DeleteSet::Pair::ordinal);
  return all;
}

SegmentDeletes::SegmentDeletes(Scheduler& scheduler, MemoryBudget& budget, std::uint64_t rows)
    : mutex_(scheduler),
      chunks_(static_cast<std::size_t>((rows + kChunkRows - 1) / kChunkRows)),
      ways_(std::make_unique<std::atomic<const Chunk*>[]>(chunks_.size())) {
  Reservation none;
  if (budget.try_reserve(0, MemoryShare::memtables, "deletes of a segment", none)) memory_ = std::move(none);
}
SegmentDeletes::~SegmentDeletes() = default;

// ---- Room ------------------------------------------------------------------------------------------------------

Result<void> SegmentDeletes::charge(std::size_t more_bytes, bool always) {
  const std::size_t wanted = memory_used_ + more_bytes;
  if (wanted > memory_.bytes()) {
    auto grown = memory_.grow_to((wanted / kReserveStepBytes + 1) * kReserveStepBytes);
    if (!grown && !always) return grown;
  }
  memory_used_ = wanted;
  return {};
}

Result<SegmentDeletes::Chunk*> SegmentDeletes::chunk_of(std::uint32_t ordinal, bool always) {
  ASSERT(ordinal / kChunkRows < chunks_.size());
  auto& slot = chunks_[ordinal / kChunkRows];
  if (slot) return slot.get();
  TRY(charge(sizeof(Chunk), always));
  slot = std::make_unique<Chunk>();
  ways_[ordinal / kChunkRows].store(slot.get(), std::memory_order_release);
  return slot.get();
}

// For one more row with that sequence.
Result<void> SegmentDeletes::make_room(Chunk& chunk, std::uint64_t sequence, bool always) {
  if (chunk.young.size() < chunk.young.capacity() || chunk.layer_of(sequence) != nullptr) return {};
  if (std::ranges::count(chunk.young, sequence, &DeleteSet::Pair::end_sequence) >= kPairsOfOneCommit) {
    return begin_layer(chunk, sequence, always);
  }
  const std::size_t had = chunk.young.capacity();
  const std::size_t room = std::min<std::size_t>(std::max<std::size_t>(8, had * 2), kChunkRows);
  TRY(charge((room - had) * sizeof(DeleteSet::Pair), always));
  chunk.young.reserve(room);
  return {};
}

Result<void> SegmentDeletes::begin_layer(Chunk& chunk, std::uint64_t sequence, bool always) {
  TRY(charge(sizeof(Layer) + sizeof(Layer*), always));
  auto layer = std::make_unique<Layer>();
  layer->sequence = sequence;
  chunk.layers.reserve(chunk.layers.size() + 1);
  std::erase_if(chunk.young, [&](const DeleteSet::Pair& pair) {
    if (pair.end_sequence != sequence) return false;
    set_bit(layer->rows.data(), pair.ordinal % kChunkRows);
    return true;
  });
  chunk.layers.push_back(std::move(layer));
  return {};
}

// Lets go of room that stands empty.
void SegmentDeletes::tidy(Chunk& chunk) noexcept {
  const std::size_t before = chunk.memory_bytes();
  if (chunk.young.empty()) std::vector<DeleteSet::Pair>().swap(chunk.young);  // Assigning {} would keep its room.
  if (chunk.layers.empty()) std::vector<std::unique_ptr<Layer>>().swap(chunk.layers);
  memory_used_ -= std::min(memory_used_, before - chunk.memory_bytes());
}

void SegmentDeletes::give_back() noexcept {
  const std::size_t keep = (memory_used_ / kReserveStepBytes + 1) * kReserveStepBytes;
  if (memory_.bytes() > keep) memory_.shrink(memory_.bytes() - keep);
}

// ---- Ending rows -----------------------------------------------------------------------------------------------

void SegmentDeletes::mark_ended(std::uint32_t ordinal, bool ended) noexcept {
  auto& word = chunks_[ordinal / kChunkRows]->ended[ordinal % kChunkRows / 64];
  const std::uint64_t bit = std::uint64_t{1} << (ordinal % 64);
  const std::uint64_t now = word.load(std::memory_order_relaxed);
  word.store(ended ? now | bit : now & ~bit, std::memory_order_relaxed);
}

Result<void> SegmentDeletes::put(std::uint32_t ordinal, std::uint64_t sequence, bool always) {
  Chunk& chunk = *TRY(chunk_of(ordinal, always));
  TRY(make_room(chunk, sequence, always));
  if (Layer* layer = chunk.layer_of(sequence)) {
    set_bit(layer->rows.data(), ordinal % kChunkRows);
  } else {
    chunk.young.insert(lower_bound(chunk.young, ordinal), {ordinal, sequence});
  }
  return {};
}

Result<bool> SegmentDeletes::prepare(std::uint32_t ordinal) {
  Lock lock(mutex_);
  if (has_ended(ordinal)) return false;
  TRY(put(ordinal, kSequenceMax, false));
  mark_ended(ordinal, true);
  count_.fetch_add(1, std::memory_order_relaxed);
  const std::size_t chunk = ordinal / kChunkRows;
  if (prepared_first_ == prepared_end_) prepared_first_ = chunk;
  prepared_first_ = std::min(prepared_first_, chunk);
  prepared_end_ = std::max(prepared_end_, chunk + 1);
  return true;
}

void SegmentDeletes::end_prepared(std::uint64_t sequence) noexcept {
  Lock lock(mutex_);
  if (prepared_first_ == prepared_end_) return;
  for (std::size_t i = prepared_first_; i < prepared_end_; ++i) {
    if (!chunks_[i]) continue;
    for (DeleteSet::Pair& pair : chunks_[i]->young) {
      if (pair.end_sequence == kSequenceMax) pair.end_sequence = sequence;
    }
    if (Layer* layer = chunks_[i]->layer_of(kSequenceMax)) layer->sequence = sequence;
  }
  prepared_first_ = prepared_end_ = 0;
  newest_ = std::max(newest_, sequence);
}

void SegmentDeletes::cancel_prepared() noexcept {
  Lock lock(mutex_);
  for (std::size_t i = prepared_first_; i < prepared_end_; ++i) cancel_in(i);
  prepared_first_ = prepared_end_ = 0;
  give_back();
}

void SegmentDeletes::cancel_in(std::size_t chunk_number) noexcept {
  Chunk* chunk = chunks_[chunk_number].get();
  if (chunk == nullptr) return;
  const auto prepared = [](const DeleteSet::Pair& pair) { return pair.end_sequence == kSequenceMax; };
  for (const DeleteSet::Pair& pair : chunk->young) {
    if (prepared(pair)) mark_ended(pair.ordinal, false);
  }
  count_.fetch_sub(std::erase_if(chunk->young, prepared), std::memory_order_relaxed);
  if (const Layer* layer = chunk->layer_of(kSequenceMax)) {
    for (std::size_t word = 0; word < kWords; ++word) {
      const std::uint64_t now = chunk->ended[word].load(std::memory_order_relaxed);
      chunk->ended[word].store(now & ~layer->rows[word], std::memory_order_relaxed);
      count_.fetch_sub(static_cast<unsigned>(std::popcount(layer->rows[word])), std::memory_order_relaxed);
    }
    std::erase_if(chunk->layers, [](const auto& each) { return each->sequence == kSequenceMax; });
    memory_used_ -= std::min(memory_used_, sizeof(Layer));
  }
  tidy(*chunk);
}

Result<bool> SegmentDeletes::adopt(std::uint32_t ordinal, std::uint64_t sequence) {
  Lock lock(mutex_);
  if (has_ended(ordinal)) return false;
  TRY(put(ordinal, sequence, false));
  mark_ended(ordinal, true);
  newest_ = std::max(newest_, sequence);
  count_.fetch_add(1, std::memory_order_relaxed);
  return true;
}

void SegmentDeletes::add(std::uint32_t ordinal, std::uint64_t sequence) {
  Lock lock(mutex_);
  if (has_ended(ordinal)) return;
  put(ordinal, sequence, true).value();
  mark_ended(ordinal, true);
  newest_ = std::max(newest_, sequence);
  count_.fetch_add(1, std::memory_order_relaxed);
}

Result<void> SegmentDeletes::adopt(const DeleteSet& set) {
  Lock lock(mutex_);
  const std::uint64_t rows = chunks_.size() * kChunkRows;
  Bits live{};
  std::uint64_t dead = 0;
  for (std::uint64_t first = 0; first < rows && dead < set.count(); first += kChunkRows) {
    // Everything dead to a snapshot that sees the end of time; the young ones are told apart below.
    const std::size_t alive = set.live_mask(first, kChunkRows, kSequenceMax - 1, live.data());
    if (alive == kChunkRows) continue;
    dead += kChunkRows - alive;
    Chunk* chunk = TRY(chunk_of(static_cast<std::uint32_t>(first), false));
    for (std::size_t word = 0; word < live.size(); ++word) {
      chunk->old[word] = ~live[word];
      chunk->ended[word].store(~live[word], std::memory_order_relaxed);
    }
  }
  if (dead != set.count()) return Error(Code::corrupt, "a delete of a row that is not there");
  for (const DeleteSet::Pair& pair : set.young()) {
    TRY(put(pair.ordinal, pair.end_sequence, false));
    clear_bit(chunks_[pair.ordinal / kChunkRows]->old.data(), pair.ordinal % kChunkRows);
    newest_ = std::max(newest_, pair.end_sequence);
  }
  count_.store(set.count(), std::memory_order_relaxed);
  return {};
}

// ---- Reading ---------------------------------------------------------------------------------------------------

std::uint64_t SegmentDeletes::end_sequence(std::uint32_t ordinal) const {
  if (!has_ended(ordinal)) return kSequenceMax;
  Lock lock(mutex_);
  const Chunk* chunk = chunks_[ordinal / kChunkRows].get();
  if (chunk == nullptr) return kSequenceMax;
  if (chunk->is_old(ordinal)) return 0;
  const auto at = lower_bound(chunk->young, ordinal);
  if (at != chunk->young.end() && at->ordinal == ordinal) return at->end_sequence;
  for (const auto& layer : chunk->layers) {
    if ((layer->rows[ordinal % kChunkRows / 64] >> (ordinal % 64) & 1) != 0) return layer->sequence;
  }
  return kSequenceMax;
}

void SegmentDeletes::clear_dead(const Chunk& chunk, std::uint64_t chunk_first, std::uint64_t first, std::uint64_t end,
                                std::uint64_t sequence, std::uint64_t* bits) const {
  const auto clear = [&](std::uint64_t row) {
    const std::uint64_t ordinal = chunk_first + row;
    if (ordinal >= first && ordinal < end) clear_bit(bits, ordinal - first);
  };
  for_each_bit(chunk.old, clear);
  for (auto pair = lower_bound(chunk.young, first); pair != chunk.young.end() && pair->ordinal < end; ++pair) {
    if (sequence >= pair->end_sequence) clear_bit(bits, pair->ordinal - first);
  }
  for (const auto& layer : chunk.layers) {
    if (sequence >= layer->sequence) for_each_bit(layer->rows, clear);
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

DeleteSet SegmentDeletes::up_to(std::uint64_t sequence, std::uint64_t old_at) const {
  Lock lock(mutex_);
  DeleteSet set;
  if (count() == 0) return set;
  for (std::size_t i = 0; i < chunks_.size(); ++i) {
    if (!chunks_[i]) continue;
    Bits old = chunks_[i]->old;
    for (const DeleteSet::Pair& pair : chunks_[i]->young) {
      if (pair.end_sequence <= std::min(sequence, old_at)) set_bit(old.data(), pair.ordinal % kChunkRows);
    }
    for (const auto& layer : chunks_[i]->layers) {
      if (layer->sequence > std::min(sequence, old_at)) continue;
      for (std::size_t word = 0; word < kWords; ++word) old[word] |= layer->rows[word];
    }
    for_each_bit(old, [&](std::uint64_t row) { set.add_old(static_cast<std::uint32_t>(i * kChunkRows + row)); });
  }
  for (std::size_t i = 0; old_at < sequence && i < chunks_.size(); ++i) {
    if (!chunks_[i]) continue;
    for (const DeleteSet::Pair& pair : chunks_[i]->pairs(i * kChunkRows)) {
      if (pair.end_sequence > old_at && pair.end_sequence <= sequence) set.add(pair.ordinal, pair.end_sequence);
    }
  }
  return set;
}

std::vector<DeleteSet::Pair> SegmentDeletes::after(std::uint64_t sequence, std::uint64_t first,
                                                   std::uint64_t count) const {
  Lock lock(mutex_);
  std::vector<DeleteSet::Pair> found;
  for (std::size_t i = first / kChunkRows; i < chunks_.size() && i * kChunkRows - first < count; ++i) {
    if (!chunks_[i]) continue;
    for (const DeleteSet::Pair& pair : chunks_[i]->pairs(i * kChunkRows)) {
      if (pair.end_sequence > sequence && pair.end_sequence != kSequenceMax) found.push_back(pair);
    }
  }
  return found;
}

void SegmentDeletes::age(std::uint64_t oldest_snapshot) {
  Lock lock(mutex_);
  for (auto& chunk : chunks_) {
    if (!chunk || (chunk->young.empty() && chunk->layers.empty())) continue;
    std::erase_if(chunk->young, [&](const DeleteSet::Pair& pair) {
      if (pair.end_sequence > oldest_snapshot) return false;
      set_bit(chunk->old.data(), pair.ordinal % kChunkRows);
      return true;
    });
    const std::size_t gone = std::erase_if(chunk->layers, [&](const auto& layer) {
      if (layer->sequence > oldest_snapshot) return false;
      for (std::size_t word = 0; word < kWords; ++word) chunk->old[word] |= layer->rows[word];
      return true;
    });
    memory_used_ -= std::min(memory_used_, gone * sizeof(Layer));
    tidy(*chunk);
  }
  give_back();
}

}  // namespace mneme
