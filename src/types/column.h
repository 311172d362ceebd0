// Column and Batch: typed runs of values, the currency between layers.
#pragma once

#include <cstring>
#include <memory>
#include <vector>

#include "base/assert.h"
#include "base/bytes.h"
#include "base/result.h"
#include "mneme/type.h"
#include "types/column_bytes.h"

namespace mneme {

constexpr std::size_t kBatchRowsMax = 2'048;
constexpr std::size_t kBatchBytesMax = 256 * 1024;

constexpr std::size_t kReferenceBytes = 24;  // Of a BlobRef (types/blob_ref.h).

// A borrowed string or blob, 16 bytes. What it points at must outlive it (the column's heap, a memtable, a pinned
// block). In BLOB columns it may be a reference: the bytes are then those of a BlobRef, which stands for the value.
struct StringRef {
  static constexpr std::uint64_t kReference = std::uint64_t{1} << 63;
  const char* data = nullptr;
  std::uint64_t size = 0;  // With kReference, if it is one: see bytes().
  [[nodiscard]] std::size_t bytes() const noexcept { return static_cast<std::size_t>(size & ~kReference); }
  [[nodiscard]] bool is_reference() const noexcept { return (size & kReference) != 0; }
  [[nodiscard]] std::string_view view() const noexcept { return {data, bytes()}; }
};
static_assert(sizeof(StringRef) == 16);
// How canonical bytes tell its length: the highest bit marks a reference.
constexpr std::uint32_t kReferenceLength = std::uint32_t{1} << 31;
inline std::uint32_t canonical_length(const StringRef& value) noexcept {
  return static_cast<std::uint32_t>(value.bytes()) | (value.is_reference() ? kReferenceLength : 0);
}

// A column of values with validity. One thread at a time while it is filled; then it may be read by many.
// Fixed-width values lie raw, one after another, in data(); variable ones as StringRef whose bytes are in the heap
// (or borrowed: `keep_alive` then holds the owner).
class Column {
 public:
  explicit Column(Type type) : type_(type) {}

  [[nodiscard]] const Type& type() const noexcept { return type_; }
  [[nodiscard]] std::size_t rows() const noexcept { return rows_; }
  [[nodiscard]] bool has_nulls() const noexcept { return !validity_.empty(); }
  [[nodiscard]] bool is_null(std::size_t row) const noexcept {
    return !validity_.empty() && (validity_[row / 64] >> (row % 64) & 1) == 0;
  }
  // Bit i is 1 where row i has a value; empty when no row is NULL.
  [[nodiscard]] const std::vector<std::uint64_t>& validity() const noexcept { return validity_; }
  [[nodiscard]] const std::byte* data() const noexcept { return data_.data(); }
  [[nodiscard]] std::byte* data() noexcept { return data_.data(); }
  template <class T>
  [[nodiscard]] const T* values() const noexcept {
    return reinterpret_cast<const T*>(data_.data());
  }
  [[nodiscard]] Bytes bytes_at(std::size_t row) const noexcept {  // REQUIRES: not NULL.
    if (type_.is_variable()) return as_bytes(values<StringRef>()[row].view());
    return {data_.data() + row * type_.width(), type_.width()};
  }

  // Makes it one row that is not NULL, whatever it was, for the caller to write at once; keeps the memory. Returns
  // where that value lies.
  std::byte* become_one() {
    if (rows_ != 1 || !validity_.empty() || !owners_.empty() || heap_.size() > 1) {
      clear();
      return extend(1);
    }
    heap_used_ = 0;
    return data_.data();
  }
  void become_copy(StringRef value);  // The same of a variable kind, with that value. REQUIRES: it is not lent by this.
  void reserve(std::size_t rows) { data_.reserve(rows * type_.width()); }
  void clear() noexcept;  // Keeps the memory.
  void append_null();
  void append_fixed(Bytes value);  // REQUIRES: fixed-width, value.size() == width.
  template <class T>
  void append(T value) {
    append_fixed({reinterpret_cast<const std::byte*>(&value), sizeof value});
  }
  void append_bytes(Bytes value) { append_copy({reinterpret_cast<const char*>(value.data()), value.size()}); }
  void append_copy(StringRef value);      // REQUIRES: variable kind. Copies into the heap; a reference stays one.
  void append_borrowed(StringRef value);  // REQUIRES: variable kind. The bytes stay the lender's.
  void append_run(const Column& from, std::size_t first, std::size_t count);  // REQUIRES: same type. Copies.
  // The same, but text stays the lender's: `from` outlives what this column is used for.
  void append_lent(const Column& from, std::size_t first, std::size_t count);
  // Adds `count` rows for the caller to fill at once: fixed-width values are zeros, variable ones empty. Returns where
  // they start. Bit i of `valid` is 1 where row i of them has a value; null: all have.
  std::byte* extend(std::size_t count, const std::uint64_t* valid = nullptr);
  // Overwrite one row that extend() made, as data() may, too, where no row is NULL. Text that was there takes memory
  // until clear().
  void set_null(std::size_t row);
  void set_valid(std::size_t row) noexcept {
    if (!validity_.empty()) validity_[row / 64] |= std::uint64_t{1} << (row % 64);
  }
  void set_bytes(std::size_t row, Bytes value);     // Of either kind: copies. REQUIRES: of its width, if that is fixed.
  void set_copy(std::size_t row, StringRef value);  // REQUIRES: variable kind. A reference stays one.
  void truncate(std::size_t rows) noexcept;         // Forgets the rows from `rows` on. REQUIRES: rows <= rows().
  void keep_alive(std::shared_ptr<const void> owner) { owners_.push_back(std::move(owner)); }
  // Sets the row count after data() was filled directly (fixed kinds). REQUIRES: bytes.size() == rows * width.
  void adopt(ByteBuffer bytes, std::size_t rows, std::vector<std::uint64_t> validity);
  [[nodiscard]] std::size_t memory_bytes() const noexcept;

 private:
  void push_valid(bool valid);
  StringRef copy_to_heap(StringRef value);
  Type type_;
  std::size_t rows_ = 0;
  ColumnBytes data_;
  std::vector<std::uint64_t> validity_;
  std::vector<std::unique_ptr<char[]>> heap_;  // Chunks never move, so refs stay good.
  std::size_t heap_used_ = 0;
  std::size_t heap_room_ = 0;
  std::size_t heap_bytes_ = 0;
  std::vector<std::shared_ptr<const void>> owners_;
};

struct Batch {
  std::vector<Column> columns;
  [[nodiscard]] std::size_t rows() const noexcept { return columns.empty() ? 0 : columns.front().rows(); }
};

// The canonical bytes of rows [first, first + count) of a column: what the log stores and what a batch's crc is of.
//   u8 has_nulls | validity words u64[ceil(count/64)] if has_nulls | fixed: raw values (NULLs as zeros)
//   | variable: u32 length per value (NULLs 0; a reference: its length with the highest bit set), then the bytes
void encode_column(const Column& column, std::size_t first, std::size_t count, ByteBuffer& out);
// How many bytes that is.
std::size_t encoded_bytes(const Column& column, std::size_t first, std::size_t count) noexcept;
// The inverse. Fails with corrupt on any byte that does not fit; allocates no more than the bytes that are there.
Result<Column> decode_column(Type type, std::size_t count, class Reader& reader);
// The same, but texts and blobs stay the reader's bytes, which outlive what the column is used for.
Result<Column> decode_column_lent(Type type, std::size_t count, class Reader& reader);

}  // namespace mneme
