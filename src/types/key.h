// Keys: rows of one or several columns as bytes whose memcmp order is the order of the values.
//
// A key is its columns' encodings one after another, so that the key of the first columns is a prefix of the whole:
//     marker u8: 1 a value follows | 2 NULL, nothing follows (NULLS LAST, as PostgreSQL sorts ascending)
//     boolean u8 | integer, timestamp, decimal: big-endian u64, sign bit flipped | date: the same in 32 bits
//     floating, real: big-endian bits; sign bit flipped if it is 0, all bits if it is 1; -0 as 0, every NaN as one
//     interval: days i64, then ns of a day u64, of months * 30 days: intervals that SQL calls equal are equal
//     uuid u8[16] | text, blob, json: the bytes, 00 as 00 FF, then 00 00
// Decimals are compared by their unscaled number: both sides must have one scale. Vectors and points have no order.
// The surprising decision: keys of one 8-byte column can live as one u64, the *key word*, which costs neither bytes of
// length nor a comparison loop; put_key_word() turns it into the nine bytes of the general form.
#pragma once

#include <array>
#include <span>
#include <vector>

#include "base/bytes.h"
#include "types/column.h"

namespace mneme {

constexpr std::byte kKeyValue{1};
constexpr std::byte kKeyNull{2};
constexpr std::size_t kKeyWordBytes = 9;  // A marker and eight bytes.

[[nodiscard]] bool is_key_type(const Type& type) noexcept;  // Has an order.

// Append the key of a row. REQUIRES: is_key_type of each column.
void encode_key(std::span<const Column> columns, std::size_t row, ByteBuffer& out);
void encode_key_column(const Column& column, std::size_t row, ByteBuffer& out);

// Keys of many rows in one buffer. One thread at a time.
class KeyRun {
 public:
  [[nodiscard]] std::size_t size() const noexcept { return ends_.size(); }
  [[nodiscard]] Bytes operator[](std::size_t i) const noexcept {
    const std::size_t begin = i == 0 ? 0 : ends_[i - 1];
    return Bytes(bytes_).subspan(begin, ends_[i] - begin);
  }
  void add(Bytes key) {
    bytes_.insert(bytes_.end(), key.begin(), key.end());
    ends_.push_back(bytes_.size());
  }
  // The keys of rows [first, first + count).
  void add_rows(std::span<const Column> columns, std::size_t first, std::size_t count);
  void clear() noexcept {  // Keeps the memory.
    bytes_.clear();
    ends_.clear();
  }
  [[nodiscard]] std::size_t bytes() const noexcept { return bytes_.size(); }
  [[nodiscard]] std::size_t memory_bytes() const noexcept {
    return bytes_.capacity() + ends_.capacity() * sizeof(std::size_t);
  }

 private:
  ByteBuffer bytes_;
  std::vector<std::size_t> ends_;
};

// Keys that fit one word: one column of eight bytes.
[[nodiscard]] bool is_word_key(std::span<const Type> types) noexcept;
[[nodiscard]] std::uint64_t key_word(const Column& column,
                                     std::size_t row) noexcept;  // REQUIRES: is_word_key, not NULL.
void put_key_word(std::uint64_t word, ByteBuffer& out);
// The word of a key of one integer, timestamp or decimal, and back.
[[nodiscard]] constexpr std::uint64_t integer_key_word(std::int64_t value) noexcept {
  return static_cast<std::uint64_t>(value) ^ std::uint64_t{1} << 63;
}
[[nodiscard]] constexpr std::int64_t integer_of_key_word(std::uint64_t word) noexcept {
  return static_cast<std::int64_t>(word ^ std::uint64_t{1} << 63);
}
using KeyWordBytes = std::array<std::byte, kKeyWordBytes>;
[[nodiscard]] KeyWordBytes key_word_bytes(std::uint64_t word) noexcept;  // What put_key_word() appends.
[[nodiscard]] std::uint64_t key_word_of(Bytes key) noexcept;             // REQUIRES: made by put_key_word().

// The least key above every key that begins with `prefix`. REQUIRES: `prefix` begins with a marker.
[[nodiscard]] ByteBuffer key_after_prefix(Bytes prefix);
[[nodiscard]] int compare_keys(Bytes left, Bytes right) noexcept;  // < 0, 0 or > 0.

// A hash of a key that is part of formats on disk (docs/format.md, "key hash"): the same on every machine, for ever.
[[nodiscard]] std::uint64_t key_hash(Bytes key) noexcept;
[[nodiscard]] std::uint64_t key_hash_of_word(std::uint64_t word) noexcept;  // That of the nine bytes.

}  // namespace mneme
