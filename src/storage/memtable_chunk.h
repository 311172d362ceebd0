// A chunk of a memtable: fixed room for some rows of every column, in arrays that never move.
#pragma once

#include <array>
#include <atomic>
#include <bit>
#include <memory>
#include <vector>

#include "os/pages.h"
#include "storage/memory_budget.h"
#include "types/schema.h"

namespace mneme {

// One thread appends; others read the rows that were there when they learned of them through the memtable's mutex.
struct MemtableChunk {
  static constexpr std::size_t kRowsMin = 16;
  static constexpr std::size_t kRowsMax = kBatchRowsMax;
  // Which chunk of a memtable holds a row: their capacities grow 16, 32 ... 2,048, 2,048 ...
  static constexpr std::size_t index_of(std::uint64_t ordinal) noexcept {
    constexpr std::uint64_t kGrowing = kRowsMax - kRowsMin;  // Rows before the first full-sized chunk.
    if (ordinal < kGrowing) return static_cast<std::size_t>(std::bit_width(ordinal / kRowsMin + 1)) - 1;
    return static_cast<std::size_t>(std::bit_width(kRowsMax / kRowsMin)) - 1 +
           static_cast<std::size_t>((ordinal - kGrowing) / kRowsMax);
  }
  // What `rows` of the schema's columns take, text aside.
  static std::size_t fixed_bytes(const TableSchema& schema, std::size_t capacity);
  MemtableChunk(const TableSchema& schema, std::size_t first, std::size_t capacity, Reservation memory);

  // Copies rows [from, from + count) of `batch` in. full: no room for their text. REQUIRES: used + count <= capacity.
  Result<void> append(const Batch& batch, std::size_t from, std::size_t count, RowId first_row);
  // Forgets the rows from `rows` on, also those whose append failed. Their NULL bits must go: append() sets bits only.
  void truncate(std::size_t rows) noexcept;
  // Appends rows [first_row, first_row + count) of column `column` to `out`, in which text is borrowed.
  void read(std::size_t column, std::size_t first_row, std::size_t count, Column& out) const;
  [[nodiscard]] bool is_null(std::size_t column, std::size_t row) const noexcept {
    return (columns[column].nulls[row / 64].load(std::memory_order_relaxed) >> (row % 64) & 1) != 0;
  }
  [[nodiscard]] StringRef text(std::size_t column, std::size_t row) const noexcept {  // REQUIRES: not NULL.
    StringRef ref;
    std::memcpy(&ref, columns[column].values + row * sizeof ref, sizeof ref);
    return ref;
  }
  [[nodiscard]] std::size_t text_bytes(std::size_t column, std::size_t row) const noexcept;  // 0 for NULL.

  [[nodiscard]] std::size_t memory_bytes() const noexcept { return memory_.bytes(); }

  struct ColumnArrays {
    Type type;
    std::byte* values = nullptr;
    // Bit = 1: NULL. Relaxed: bits of visible rows were written before the mutex told of them; a neighbour's bit in the
    // same word may change meanwhile, which is why the word is atomic at all.
    std::atomic<std::uint64_t>* nulls = nullptr;
  };

  const std::size_t first;  // Rows of the memtable before this chunk.
  const std::size_t capacity;
  std::size_t used = 0;  // The appending thread's; readers go by the memtable's counts.
  std::vector<ColumnArrays> columns;
  RowId* row_ids = nullptr;
  // Relaxed load is enough for readers: a snapshot at S was made after every commit <= S had stored its ends, and
  // learned so through the store's mutex; a later end is above S whether it is seen or not.
  std::atomic<std::uint64_t>* ends = nullptr;

 private:
  Result<void> append_text(StringRef value, std::byte* to);
  Pages arrays_;  // All of the above.
  std::vector<Pages> heap_;
  std::size_t heap_room_ = 0;  // Bytes left in the newest part.
  char* heap_next_ = nullptr;
  std::size_t heap_part_bytes_ = 0;
  Reservation memory_;
};

}  // namespace mneme
