// Blocks of integers, dates, timestamps, decimals and booleans as i64: packed, delta, delta_delta and stride.
#pragma once

#include <cstdint>

#include "base/bytes.h"
#include "storage/encoding_bits.h"
#include "storage/encoding_kind.h"

namespace mneme {

// Delta kinds restart here, so that one value costs at most this many steps.
constexpr std::size_t kDeltaGroupRows = 128;

// What one pass over the values tells; differences are modulo 2^64.
struct IntegerShape {
  std::int64_t least = 0, greatest = 0;
  std::int64_t delta_least = 0, delta_greatest = 0;    // Between neighbours in a group.
  std::int64_t second_least = 0, second_greatest = 0;  // Between neighbouring deltas in a group.
  std::size_t runs = 0;
  bool is_stride = false;
};
IntegerShape measure_integers(const std::int64_t* values, std::size_t count) noexcept;

// Bytes the body would take; ~0 when the encoding cannot hold the values.
std::size_t integer_body_bytes(Encoding encoding, const IntegerShape& shape, std::size_t count) noexcept;
void encode_integers(Encoding encoding, const std::int64_t* values, std::size_t count, const IntegerShape& shape,
                     ByteBuffer& out);

struct IntegerBody {  // Immutable; borrows the body.
  Encoding encoding = Encoding::stride;
  std::size_t rows = 0;
  std::int64_t base = 0;  // packed: the least; delta kinds: what is added to every field; stride: the first value.
  std::int64_t step = 0;
  const std::byte* heads = nullptr;
  PackedBits packed{};

  bool open(Bytes body) noexcept;  // REQUIRES: encoding and rows are set. False: the bytes do not fit.
  // Writes values of `width` bytes (1, 4 or 8). REQUIRES: the range is inside.
  void decode(std::size_t first, std::size_t count, std::size_t width, std::byte* to) const noexcept;
  [[nodiscard]] std::int64_t at(std::size_t row) const noexcept {
    const auto from = static_cast<std::uint64_t>(base);
    if (encoding == Encoding::packed) return static_cast<std::int64_t>(from + packed[row]);
    if (encoding == Encoding::stride) return static_cast<std::int64_t>(from + row * static_cast<std::uint64_t>(step));
    return in_group(row);
  }

 private:
  [[nodiscard]] std::int64_t in_group(std::size_t row) const noexcept;
};

}  // namespace mneme
