// Blocks of fixed-width values of any kind, compared bit by bit: plain, constant, run_length and dictionary.
#pragma once

#include <cstdint>

#include "base/bytes.h"
#include "storage/encoding_bits.h"
#include "storage/encoding_kind.h"

namespace mneme {

// A dictionary of more entries would seldom be smaller than what it stands for.
constexpr std::size_t kDictionaryEntriesMax = 1'024;

// `values`: count x width bytes. False when the encoding cannot hold them (constant that is not, too many entries).
bool encode_fixed(Encoding encoding, const std::byte* values, std::size_t count, std::size_t width, ByteBuffer& out);
// The smallest of the four.
Encoding choose_fixed(const std::byte* values, std::size_t count, std::size_t width);

// Whether a few values, evenly spaced, repeat often enough to try a dictionary: `same(i, j)` compares two of `count`.
template <class Same>
bool sample_repeats(std::size_t count, const Same& same) {
  constexpr std::size_t kSample = 32;
  if (count < kSample) return true;
  const std::size_t apart = count / kSample;
  std::size_t repeats = 0;
  for (std::size_t i = 1; i < kSample; ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      if (!same(i * apart, j * apart)) continue;
      ++repeats;
      break;
    }
  }
  return repeats >= 2;  // Among 32 of a thousand entries one pair is alike two times in five, two pairs seldom.
}

struct FixedBody {  // Immutable; borrows the body.
  Encoding encoding = Encoding::plain;
  std::size_t rows = 0;
  std::size_t width = 0;
  const std::byte* values = nullptr;  // All, the one, the runs' or the entries'.
  std::uint32_t count = 0;            // Runs or entries.
  const std::byte* ends = nullptr;    // u32: the row each run ends before.
  PackedBits numbers{};               // The entry of each row.

  bool open(Bytes body) noexcept;  // REQUIRES: encoding, rows and width are set. False: the bytes do not fit.
  // False: a run or an entry number is out of place. REQUIRES: the range is inside.
  [[nodiscard]] bool decode(std::size_t first, std::size_t count_of, std::byte* to) const noexcept;
  [[nodiscard]] const std::byte* at(std::size_t row) const noexcept {  // Null: as false above.
    if (encoding == Encoding::plain) return values + row * width;
    if (encoding == Encoding::constant) return values;
    const std::uint64_t number = encoding == Encoding::dictionary ? numbers[row] : run_of(row);
    return number < count ? values + number * width : nullptr;
  }
  void prefetch(std::size_t row) const noexcept {
    if (encoding == Encoding::dictionary) return numbers.prefetch(row);
    __builtin_prefetch(encoding == Encoding::plain ? values + row * width : values);
  }

 private:
  [[nodiscard]] std::size_t run_of(std::size_t row) const noexcept;
  [[nodiscard]] bool decode_runs(std::size_t first, std::size_t last, std::byte* to) const noexcept;
};

}  // namespace mneme
