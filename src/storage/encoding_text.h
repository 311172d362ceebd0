// Blocks of text, blobs and JSON: plain, constant and dictionary.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "base/bytes.h"
#include "storage/encoding_bits.h"
#include "storage/encoding_kind.h"
#include "types/column.h"

namespace mneme {

// False when the encoding cannot hold them (constant that is not, too many entries). REQUIRES: under 4 GiB in all.
bool encode_text(Encoding encoding, std::span<const std::string_view> values, ByteBuffer& out);
Encoding choose_text(std::span<const std::string_view> values);

struct TextBody {  // Immutable; borrows the body.
  Encoding encoding = Encoding::plain;
  std::size_t rows = 0;
  Bytes text{};
  std::uint32_t entries = 0;  // Of the dictionary; plain: rows; constant: 1.
  PackedBits offsets{};
  PackedBits numbers{};

  bool open(Bytes body) noexcept;  // REQUIRES: encoding and rows are set. False: the bytes do not fit.
  // False: an offset or an entry number is out of place. REQUIRES: the range is inside.
  [[nodiscard]] bool decode(std::size_t first, std::size_t count, StringRef* to) const noexcept;
  [[nodiscard]] bool at(std::size_t row, StringRef& to) const noexcept {  // The same of one row.
    return encoding == Encoding::plain ? entry(row, to) : decode(row, 1, &to);
  }
  // Of plain text also where the text would lie if all were of one length.
  void prefetch(std::size_t row) const noexcept {
    if (encoding == Encoding::dictionary) return numbers.prefetch(row);
    if (encoding == Encoding::constant) return;
    offsets.prefetch(row);
    __builtin_prefetch(text.data() + text.size() / rows * row);
  }

 private:
  bool open_dictionary(Reader& reader) noexcept;
  [[nodiscard]] bool entry(std::size_t number, StringRef& to) const noexcept {
    const std::uint64_t begin = offsets[number], end = offsets[number + 1];
    if (begin > end || end > text.size()) return false;
    to = {reinterpret_cast<const char*>(text.data()) + begin, end - begin};
    return true;
  }
  [[nodiscard]] bool decode_entries(std::size_t first, std::size_t count, StringRef* to) const noexcept;
  [[nodiscard]] bool decode_dictionary(std::size_t first, std::size_t count, StringRef* to) const noexcept;
};

}  // namespace mneme
