#include "storage/memtable_chunk.h"

#include <algorithm>
#include <array>
#include <memory>
#include <utility>

namespace mneme {
namespace {

constexpr std::size_t kHeapPartBytesMin = 256;
constexpr std::size_t kHeapPartBytesMax = 64 * 1024;

constexpr std::size_t words_for(std::size_t rows) noexcept { return (rows + 63) / 64; }

// Of arrays that each begin where any type may.
constexpr std::size_t array_bytes(std::size_t bytes) noexcept { return (bytes + 15) / 16 * 16; }

std::size_t all_array_bytes(const TableSchema& schema, std::size_t capacity) {
  std::size_t bytes = 2 * array_bytes(capacity * sizeof(std::uint64_t));
  for (const ColumnSchema& column : schema.columns) {
    bytes += array_bytes(capacity * column.type.width()) + array_bytes(words_for(capacity) * sizeof(std::uint64_t));
  }
  return bytes;
}

}  // namespace

std::size_t MemtableChunk::fixed_bytes(const TableSchema& schema, std::size_t capacity) {
  return sizeof(MemtableChunk) + schema.columns.size() * sizeof(ColumnArrays) + all_array_bytes(schema, capacity);
}

MemtableChunk::MemtableChunk(const TableSchema& schema, std::size_t first_row, std::size_t row_capacity,
                             Reservation memory)
    : first(first_row),
      capacity(row_capacity),
      arrays_(all_array_bytes(schema, row_capacity)),
      memory_(std::move(memory)) {
  std::byte* next = arrays_.data();
  const auto take = [&](std::size_t bytes) { return std::exchange(next, next + array_bytes(bytes)); };
  const auto take_atomics = [&](std::size_t count) {
    auto* atomics = reinterpret_cast<std::atomic<std::uint64_t>*>(take(count * sizeof(std::uint64_t)));
    std::uninitialized_value_construct_n(atomics, count);
    return atomics;
  };
  row_ids = reinterpret_cast<RowId*>(take(capacity * sizeof(RowId)));
  ends = take_atomics(capacity);
  columns.reserve(schema.columns.size());
  for (const ColumnSchema& column : schema.columns) {
    std::byte* values = take(capacity * column.type.width());
    columns.push_back({column.type, values, take_atomics(words_for(capacity))});
  }
}

Result<void> MemtableChunk::append_text(StringRef value, std::byte* to) {
  const auto size = value.bytes();
  if (size > heap_room_) {
    const std::size_t bytes = std::max(size, std::clamp(heap_part_bytes_ * 2, kHeapPartBytesMin, kHeapPartBytesMax));
    TRY(memory_.grow(bytes));
    heap_.emplace_back(bytes);
    heap_next_ = reinterpret_cast<char*>(heap_.back().data());
    heap_room_ = heap_part_bytes_ = bytes;
  }
  if (size != 0) std::memcpy(heap_next_, value.data, size);
  const StringRef ref{heap_next_, value.size};
  std::memcpy(to, &ref, sizeof ref);
  heap_next_ += size;
  heap_room_ -= size;
  return {};
}

void MemtableChunk::truncate(std::size_t rows) noexcept {
  for (const ColumnArrays& column : columns) {
    for (std::size_t word = rows / 64; word < words_for(capacity); ++word) {
      const std::uint64_t kept = word == rows / 64 ? (std::uint64_t{1} << (rows % 64)) - 1 : 0;
      column.nulls[word].store(column.nulls[word].load(std::memory_order_relaxed) & kept, std::memory_order_relaxed);
    }
  }
  used = rows;
}

Result<void> MemtableChunk::append(const Batch& batch, std::size_t from, std::size_t count, RowId first_row) {
  ASSERT(used + count <= capacity && batch.columns.size() == columns.size());
  for (std::size_t c = 0; c < columns.size(); ++c) {
    const Column& source = batch.columns[c];
    ColumnArrays& target = columns[c];
    const std::size_t width = target.type.width();
    std::byte* to = target.values + used * width;
    if (!target.type.is_variable()) std::memcpy(to, source.data() + from * width, count * width);
    if (!source.has_nulls()) {  // The bits are 0 already: truncate() saw to it.
      for (std::size_t i = 0; i < count && target.type.is_variable(); ++i) {
        TRY(append_text(source.values<StringRef>()[from + i], to + i * width));
      }
      continue;
    }
    for (std::size_t i = 0; i < count; ++i) {
      const std::size_t row = used + i;
      const std::uint64_t bit = std::uint64_t{1} << (row % 64);
      auto& word = target.nulls[row / 64];
      const auto others = word.load(std::memory_order_relaxed) & ~bit;
      const bool null = source.is_null(from + i);
      word.store(others | (null ? bit : 0), std::memory_order_relaxed);
      if (!target.type.is_variable()) continue;
      if (null) std::memset(to + i * width, 0, width);
      if (!null) TRY(append_text(source.values<StringRef>()[from + i], to + i * width));
    }
  }
  for (std::size_t i = 0; i < count; ++i) {
    row_ids[used + i] = RowId{static_cast<std::uint64_t>(first_row) + i};
    ends[used + i].store(~std::uint64_t{0}, std::memory_order_relaxed);
  }
  used += count;
  return {};
}

std::size_t MemtableChunk::text_bytes(std::size_t column, std::size_t row) const noexcept {
  return is_null(column, row) ? 0 : text(column, row).bytes();
}

// Values under a NULL are whatever was there: a column's reader does not look at them.
void MemtableChunk::read(std::size_t column, std::size_t first_row, std::size_t count, Column& out) const {
  const ColumnArrays& from = columns[column];
  const std::size_t width = from.type.width();
  std::array<std::uint64_t, words_for(kBatchRowsMax)> valid;
  bool has_nulls = false;
  ASSERT(count <= kBatchRowsMax && first_row + count <= capacity);
  for (std::size_t word = 0; word < words_for(count); ++word) valid[word] = ~std::uint64_t{0};
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t row = first_row + i;
    const std::uint64_t nulls = from.nulls[row / 64].load(std::memory_order_relaxed) >> (row % 64);
    if (nulls == 0) {
      i += 63 - row % 64;  // Nothing more in this word.
    } else if ((nulls & 1) != 0) {
      valid[i / 64] &= ~(std::uint64_t{1} << (i % 64));
      has_nulls = true;
    }
  }
  std::byte* to = out.extend(count, has_nulls ? valid.data() : nullptr);
  std::memcpy(to, from.values + first_row * width, count * width);
}

}  // namespace mneme
