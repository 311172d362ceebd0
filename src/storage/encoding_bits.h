// Bit packing: fields of 0 to 56 bits, one after another, readable one by one with a single 64-bit load.
#pragma once

#include <bit>
#include <cstdint>

#include "base/bytes.h"
#include "base/coding.h"

namespace mneme {

constexpr unsigned kPackedBitsMax = 56;  // 56 + 7 bits of misalignment fit one load.
constexpr std::size_t kPackedPadding = 8;

constexpr std::size_t packed_bytes(std::size_t count, unsigned bits) noexcept {
  return (count * bits + 7) / 8 + kPackedPadding;
}
constexpr unsigned bits_for(std::uint64_t greatest) noexcept { return static_cast<unsigned>(std::bit_width(greatest)); }
constexpr std::uint64_t bit_mask(unsigned bits) noexcept { return (std::uint64_t{1} << bits) - 1; }

// Appends packed_bytes(count, bits) bytes; field(i) gives field i, which fits `bits`. Branch-free: whole bytes leave
// the accumulator after every field.
template <class Field>
void pack_bits(std::size_t count, unsigned bits, ByteBuffer& out, const Field& field) {
  const std::size_t at = out.size();
  out.resize(at + packed_bytes(count, bits));
  std::byte* to = out.data() + at;
  std::uint64_t pending = 0;
  unsigned used = 0;
  for (std::size_t i = 0; i < count; ++i) {
    pending |= field(i) << used;
    used += bits;
    store(to, pending);
    to += used / 8;
    pending >>= used & ~7U;
    used &= 7;
  }
  store(to, pending);
}

struct PackedBits {  // Borrowed: at least packed_bytes() of the fields that are read.
  const std::byte* from = nullptr;
  unsigned bits = 0;

  [[nodiscard]] std::uint64_t operator[](std::size_t i) const noexcept {
    const std::size_t bit = i * bits;
    return load<std::uint64_t>(from + bit / 8) >> (bit % 8) & bit_mask(bits);
  }
  void prefetch(std::size_t i) const noexcept { __builtin_prefetch(from + i * bits / 8); }
};

// Calls put(i, field i) for i in [first, first + count). Branch-free but for the loop.
template <class Put>
void unpack_bits(const PackedBits& packed, std::size_t first, std::size_t count, const Put& put) {
  const std::uint64_t mask = bit_mask(packed.bits);
  std::size_t bit = first * packed.bits;
  for (std::size_t i = 0; i < count; ++i, bit += packed.bits) {
    put(i, load<std::uint64_t>(packed.from + bit / 8) >> (bit % 8) & mask);
  }
}

}  // namespace mneme
