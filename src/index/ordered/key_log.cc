#include "index/ordered/key_log.h"

#include <algorithm>
#include <bit>

#include "base/coding.h"

namespace mneme {
namespace {

// Chunks hold 64, 64, 128, 256, 512, 1,024 rows and then 2,048 each, so that tiny tables stay tiny.
struct Place {
  std::uint32_t chunk = 0;
  std::uint32_t row = 0;
};
Place place_of(std::uint32_t row) noexcept {
  if (row >= KeyLog::kChunkRowsMax) return {5 + row / KeyLog::kChunkRowsMax, row % KeyLog::kChunkRowsMax};
  const auto chunk = static_cast<std::uint32_t>(std::bit_width(row / KeyLog::kChunkRowsMin));
  return {chunk, chunk == 0 ? row : row - (KeyLog::kChunkRowsMin << (chunk - 1))};
}
std::uint32_t capacity_of(std::uint32_t chunk) noexcept {
  if (chunk > 5) return KeyLog::kChunkRowsMax;
  return KeyLog::kChunkRowsMin << (chunk == 0 ? 0 : chunk - 1);
}
std::size_t chunk_bytes(std::size_t rows, bool words) noexcept { return 64 + rows * (words ? 9 : 8); }

const std::byte* record_at(std::uint64_t slot) noexcept { return std::bit_cast<const std::byte*>(slot); }
static_assert(sizeof(void*) == sizeof(std::uint64_t), "addresses are kept in 64-bit slots");

int compare_words(std::uint64_t left, bool left_null, std::uint64_t right, bool right_null) noexcept {
  if (left_null || right_null) return static_cast<int>(left_null) - static_cast<int>(right_null);
  return left < right ? -1 : left > right ? 1 : 0;
}

}  // namespace

bool KeyLog::View::is_null(std::uint32_t row) const noexcept {
  const Place at = place_of(row);
  return chunks_[at.chunk]->nulls[at.row] != 0;
}

std::uint64_t KeyLog::View::word(std::uint32_t row) const noexcept {
  const Place at = place_of(row);
  return chunks_[at.chunk]->slots[at.row];
}

Bytes KeyLog::View::bytes(std::uint32_t row) const noexcept {
  const std::byte* record = record_at(word(row));
  return {record + sizeof(std::uint32_t), load<std::uint32_t>(record)};
}

int KeyLog::View::compare(std::uint32_t left, std::uint32_t right) const noexcept {
  if (!words_) return compare_keys(bytes(left), bytes(right));
  return compare_words(word(left), is_null(left), word(right), is_null(right));
}

int KeyLog::View::compare(std::uint32_t row, Bytes key) const {
  if (!words_) return compare_keys(bytes(row), key);
  if (key.size() == kKeyWordBytes && key.front() == kKeyValue) {
    return compare_words(word(row), is_null(row), key_word_of(key), false);
  }
  ByteBuffer own;  // A bound of a range may be cut anywhere.
  append_key(row, own);
  return compare_keys(own, key);
}

std::uint64_t KeyLog::View::hash(std::uint32_t row) const {
  if (!words_) return key_hash(bytes(row));
  return is_null(row) ? key_hash({&kKeyNull, 1}) : key_hash_of_word(word(row));
}

void KeyLog::View::append_key(std::uint32_t row, ByteBuffer& out) const {
  if (!words_) {
    const Bytes key = bytes(row);
    out.insert(out.end(), key.begin(), key.end());
  } else if (is_null(row)) {
    out.push_back(kKeyNull);
  } else {
    put_key_word(word(row), out);
  }
}

std::size_t KeyLog::growth_bytes(std::size_t rows, std::size_t key_bytes) const noexcept {
  std::size_t bytes = view_.words() ? 0 : key_bytes + rows * sizeof(std::uint32_t) + kArenaBytes;
  const Place last = place_of(rows_ + static_cast<std::uint32_t>(rows));
  for (auto chunk = static_cast<std::uint32_t>(chunks_.size()); chunk <= last.chunk; ++chunk) {
    bytes += chunk_bytes(capacity_of(chunk), view_.words());
  }
  return bytes;
}

void KeyLog::put(std::uint64_t slot, bool null) {
  const Place at = place_of(rows_);
  if (at.chunk == chunks_.size()) {
    const std::uint32_t capacity = capacity_of(at.chunk);
    auto chunk = std::make_unique<Chunk>(capacity, view_.words());
    if (chunks_.size() == chunks_.capacity()) chunks_.reserve(std::max<std::size_t>(8, chunks_.size() * 2));
    view_.chunks_.push_back(chunk.get());
    chunks_.push_back(std::move(chunk));  // Has room: without memory both lists stay as they were.
    memory_bytes_ += chunk_bytes(capacity, view_.words());
  }
  Chunk& chunk = *chunks_[at.chunk];
  chunk.slots[at.row] = slot;
  if (view_.words()) chunk.nulls[at.row] = static_cast<std::uint8_t>(null);
  ++rows_;
}

void KeyLog::append_word(std::uint64_t word) { put(word, false); }
void KeyLog::append_null_word() { put(0, true); }

std::byte* KeyLog::allocate(std::size_t bytes) {
  if (arenas_.empty() || arenas_.back().size - arenas_.back().used < bytes) {
    // Grows with what is there, so that tiny tables stay tiny here as well.
    const std::size_t size =
        std::max(bytes, std::min(kArenaBytes, std::size_t{512} << std::min<std::size_t>(arenas_.size(), 5)));
    arenas_.push_back({std::unique_ptr<std::byte[]>(new std::byte[size]), size, 0});
    memory_bytes_ += size;
  }
  Arena& arena = arenas_.back();
  arena.used += bytes;
  return arena.bytes.get() + (arena.used - bytes);
}

void KeyLog::append_bytes(Bytes key) {
  std::byte* record = allocate(sizeof(std::uint32_t) + key.size());
  store(record, static_cast<std::uint32_t>(key.size()));
  std::copy(key.begin(), key.end(), record + sizeof(std::uint32_t));
  put(std::bit_cast<std::uint64_t>(record), false);
}

void KeyLog::truncate(std::uint32_t rows) noexcept {
  if (rows >= rows_) return;
  if (!view_.words()) {  // Records lie in the order of their rows: what comes after the first that goes, goes.
    const std::byte* first = record_at(view_.word(rows));
    const auto holds = [first](const Arena& arena) {
      return !std::less<>()(first, arena.bytes.get()) && std::less<>()(first, arena.bytes.get() + arena.size);
    };
    while (!holds(arenas_.back())) {
      memory_bytes_ -= arenas_.back().size;
      arenas_.pop_back();
    }
    arenas_.back().used = static_cast<std::size_t>(first - arenas_.back().bytes.get());
  }
  rows_ = rows;
}

}  // namespace mneme
