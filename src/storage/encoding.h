// Blocks of values, encoded: up to 2,048 rows of one column in the smallest of a few simple forms.
//
// The bytes of each encoding are in docs/format.md, "blocks". Every encoding answers for any range and for one value
// without touching the rest (delta kinds restart every 128 values). encode_block() chooses by looking at the values;
// BlockView reads. A BlockView is opened from untrusted bytes: open() checks every size, so that reads stay in bounds
// whatever the bytes say, and what open() could not check (a dictionary index, a text offset) fails as corrupt.
#pragma once

#include <cstdint>
#include <span>

#include "base/bytes.h"
#include "base/result.h"
#include "types/column.h"

namespace mneme {

// The numbers are part of the format on disk: never reuse one.
enum class Encoding : std::uint8_t {
  all_null = 0,
  plain = 1,
  constant = 2,
  run_length = 3,
  dictionary = 4,
  packed = 5,  // Frame of reference: the difference to the least value, in as few bits as the greatest needs.
  delta = 6,
  delta_delta = 7,
  stride = 8,  // first + i * step.
  paged = 9,   // Raw, in checksummed pages outside the block: see page_run.h. Never seen by BlockView.
};
constexpr std::size_t kBlockRowsMax = 2'048;
constexpr std::size_t kBlockInputBytesMax = 64 * 1024;
constexpr std::size_t kPagedWidthMin = 64;  // Fixed-width values at least this wide are paged.

// Appends the block of rows [first, first + count) to `out`; returns the encoding chosen. REQUIRES: 1 <= count <=
// kBlockRowsMax, a type that is variable or narrower than kPagedWidthMin.
Encoding encode_block(const Column& column, std::size_t first, std::size_t count, ByteBuffer& out);
// The same with the encoding given, for tests; false when it cannot hold these values.
bool encode_block_as(Encoding encoding, const Column& column, std::size_t first, std::size_t count, ByteBuffer& out);

class BlockView {  // Immutable. Borrows the bytes, which `owner` keeps alive for the text it lends out.
 public:
  static Result<BlockView> open(const Type& type, std::size_t rows, Bytes bytes, std::shared_ptr<const void> owner);

  [[nodiscard]] std::size_t rows() const noexcept { return rows_; }
  [[nodiscard]] Encoding encoding() const noexcept { return encoding_; }
  [[nodiscard]] bool has_nulls() const noexcept { return validity_ != nullptr || encoding_ == Encoding::all_null; }
  [[nodiscard]] bool is_null(std::size_t row) const noexcept;
  // Appends rows [first, first + count) to `out`. Text is lent: `out` keeps the owner alive. REQUIRES: the range is
  // inside.
  Result<void> decode(std::size_t first, std::size_t count, Column& out) const;
  Result<void> at(std::size_t row, Column& out) const;                          // Appends one; text is copied.
  Result<void> gather(std::span<const std::uint32_t> rows, Column& out) const;  // Appends these, in this order.
  // For integer-like types, block encodings permitting O(1) or O(128). REQUIRES: not NULL, integer-like.
  [[nodiscard]] std::int64_t integer_at(std::size_t row) const noexcept;

 private:
  BlockView() = default;
  Result<void> open_body(Bytes body);
  Result<void> open_dictionary(Bytes body);
  Result<void> decode_values(std::size_t first, std::size_t count, std::byte* to) const;
  Result<void> decode_text(std::size_t first, std::size_t count, StringRef* to) const;

  Type type_;
  std::size_t rows_ = 0;
  Encoding encoding_ = Encoding::all_null;
  std::shared_ptr<const void> owner_;
  const std::byte* validity_ = nullptr;  // u64 words, unaligned; null: every row has a value.
  // Meaning by encoding; see encoding.cc.
  std::int64_t base_ = 0, step_ = 0;
  std::uint32_t bits_ = 0;
  std::uint32_t count_ = 0;            // Runs, or dictionary entries.
  const std::byte* heads_ = nullptr;   // Group heads, run values, dictionary entries, the constant, or raw values.
  const std::byte* packed_ = nullptr;  // Packed bits.
  std::uint32_t offset_bits_ = 0;      // Text: packed offsets of entries.
  const std::byte* offsets_ = nullptr;
  Bytes text_;
};

}  // namespace mneme
