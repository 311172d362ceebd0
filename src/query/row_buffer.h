// RowBuffer: rows an operator holds until it has seen its whole input, charged to the memory budget.
//
// Rows are copied in, text too: what was borrowed would pin the cache's blocks for as long as a sort runs. They lie in
// chunks of as many rows as fit 256 KiB (a power of two, at most 2,048), so that a row is found by a shift and a mask.
#pragma once

#include "query/execution.h"

namespace mneme::query {

using RowNumber = std::uint32_t;
constexpr RowNumber kNoRow = ~RowNumber{0};

class RowBuffer {  // One thread at a time.
 public:
  // `what` is a literal that names the holder in the budget's refusal.
  static Result<std::shared_ptr<RowBuffer>> make(std::vector<Type> types, MemoryBudget& budget, std::string_view what);

  // The rows of `selection` (null: all `rows`) of columns of this buffer's types.
  Result<void> append(std::span<const Column* const> columns, std::size_t rows, const Selection* selection = nullptr);

  [[nodiscard]] std::size_t rows() const noexcept { return rows_; }
  [[nodiscard]] const std::vector<Type>& types() const noexcept { return types_; }
  [[nodiscard]] std::size_t chunk_rows() const noexcept { return mask_ + 1; }
  [[nodiscard]] const std::vector<Batch>& chunks() const noexcept { return chunks_; }
  [[nodiscard]] const Column& column(RowNumber row, std::size_t column) const noexcept {
    return chunks_[row >> shift_].columns[column];
  }
  [[nodiscard]] std::size_t row_in_chunk(RowNumber row) const noexcept { return row & mask_; }
  // Appends the given rows of a column to `out`; text is borrowed: `out` must keep this buffer alive.
  void gather(std::size_t column, std::span<const RowNumber> rows, Column& out) const;
  void gather_or_null(std::size_t column, std::span<const RowNumber> rows, Column& out) const;  // kNoRow: NULL.
  // How many rows a batch of this buffer's rows should have to stay near kBatchBytesMax.
  [[nodiscard]] std::size_t rows_per_batch() const noexcept;

  Result<void> hold_beside(std::size_t bytes);  // What its owner keeps beside the rows, in all.
  [[nodiscard]] std::size_t memory_bytes() const noexcept { return reservation_.bytes(); }

 private:
  RowBuffer(std::vector<Type> types, Reservation reservation);
  [[nodiscard]] std::size_t bytes_of(std::span<const Column* const> columns, std::size_t rows,
                                     const Selection* selection) const noexcept;
  void add_chunk();
  [[nodiscard]] std::size_t room() const noexcept { return chunks_.size() * chunk_rows() - rows_; }

  std::vector<Type> types_;
  unsigned shift_ = 0;
  RowNumber mask_ = 0;
  std::vector<Batch> chunks_;
  std::size_t rows_ = 0;
  std::size_t value_bytes_ = 0;  // Of all rows, for rows_per_batch().
  std::size_t full_bytes_ = 0;   // Memory of all chunks but the last.
  std::size_t beside_bytes_ = 0;
  Reservation reservation_;
};

// Yields rows of a buffer in a given order, a batch at a time; the batches keep the buffer. One thread at a time.
class BufferReader {
 public:
  BufferReader(std::shared_ptr<const RowBuffer> buffer, std::size_t columns)
      : buffer_(std::move(buffer)), columns_(columns) {}
  // The rows given, at most rows_per_batch() of them, in their order.
  [[nodiscard]] Batch read(std::span<const RowNumber> rows) const;
  // The next chunk in the order of arrival, null at the end; copied as it is.
  std::optional<Batch> next();

 private:
  std::shared_ptr<const RowBuffer> buffer_;
  std::size_t columns_;
  RowNumber at_ = 0;
};

}  // namespace mneme::query
