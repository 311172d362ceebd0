// Blocks of values, encoded: up to 2,048 rows of one column in the smallest of a few simple forms.
//
// The bytes of each encoding are in docs/format.md, "blocks". Every encoding answers for any range and for one value
// without touching the rest (delta kinds restart every 128 values). encode_block() chooses by looking at the values;
// BlockView reads. A BlockView is opened from untrusted bytes: open() checks every size, so that reads stay in bounds
// whatever the bytes say, and what open() could not check (a dictionary index, a text offset) fails as corrupt.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <variant>

#include "base/assert.h"
#include "base/bytes.h"
#include "base/result.h"
#include "storage/encoding_fixed.h"
#include "storage/encoding_integer.h"
#include "storage/encoding_kind.h"
#include "storage/encoding_text.h"
#include "types/column.h"

namespace mneme {

// Appends the block of rows [first, first + count) to `out`; returns the encoding chosen. REQUIRES: 1 <= count <=
// kBlockRowsMax, a type that is variable or narrower than kPagedWidthMin.
Encoding encode_block(const Column& column, std::size_t first, std::size_t count, ByteBuffer& out);
// The same with the encoding given, for tests; false when it cannot hold these values.
bool encode_block_as(Encoding encoding, const Column& column, std::size_t first, std::size_t count, ByteBuffer& out);

// Where a block came from, for errors.
struct BlockOrigin {
  std::uint64_t segment = 0;
  std::uint64_t offset = 0;
};

class BlockView {  // Immutable. Borrows the bytes, which `owner` keeps alive for the text it lends out.
 public:
  static Result<BlockView> open(const Type& type, std::size_t rows, Bytes bytes, std::shared_ptr<const void> owner,
                                BlockOrigin origin = {});

  // A view of the same bytes that keeps them alive.
  [[nodiscard]] BlockView owned_by(std::shared_ptr<const void> owner) const {
    BlockView view(*this);
    view.owner_ = std::move(owner);
    return view;
  }
  [[nodiscard]] std::size_t rows() const noexcept { return rows_; }
  [[nodiscard]] Encoding encoding() const noexcept { return encoding_; }
  [[nodiscard]] bool has_nulls() const noexcept { return validity_ != nullptr || encoding_ == Encoding::all_null; }
  [[nodiscard]] bool is_null(std::size_t row) const noexcept;
  // Appends rows [first, first + count) to `out`. Text is lent: `out` keeps the owner alive. REQUIRES: the range is
  // inside.
  Result<void> decode(std::size_t first, std::size_t count, Column& out) const;
  Result<void> at(std::size_t row, Column& out) const;    // Appends one; text is copied.
  Result<void> only(std::size_t row, Column& out) const;  // Makes `out` that one row, whatever it was; text is copied.
  void prefetch(std::size_t row) const noexcept;          // Asks for what at(row) will read. REQUIRES: row < rows().
  // At most 128 steps for delta kinds, one for the others. REQUIRES: an integer-like type, not NULL.
  [[nodiscard]] Result<std::int64_t> integer_at(std::size_t row) const {
    ASSERT(row < rows_);
    DEBUG_ASSERT(!is_null(row));
    if (const auto* integer = std::get_if<IntegerBody>(&body_)) return integer->at(row);
    return fixed_integer_at(row);
  }
  // Rows [first, first + count) to `to`. REQUIRES: an integer-like type of eight bytes, no NULLs, the range is inside.
  Result<void> integers(std::size_t first, std::size_t count, std::int64_t* to) const;

 private:
  BlockView() = default;
  Result<void> open_body(Bytes body);
  [[nodiscard]] Result<std::int64_t> fixed_integer_at(std::size_t row) const;
  [[nodiscard]] bool decode_values(std::size_t first, std::size_t count, std::byte* to) const noexcept;
  static bool take_tag(StringRef& value) noexcept;
  [[nodiscard]] Error corrupt(const char* what) const;

  // What every read looks at comes first: it is one cache line.
  Type type_;
  Encoding encoding_ = Encoding::all_null;
  bool references_ = false;  // Values have tags, some are references.
  std::size_t rows_ = 0;
  const std::byte* validity_ = nullptr;  // u64 words, unaligned; null: every row has a value (but for all_null).
  std::variant<std::monostate, IntegerBody, FixedBody, TextBody> body_;
  BlockOrigin origin_;
  std::shared_ptr<const void> owner_;
};

}  // namespace mneme
