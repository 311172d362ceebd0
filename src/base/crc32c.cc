#include "base/crc32c.h"

#include <array>

#include "base/coding.h"

#if defined(__x86_64__)
#include <nmmintrin.h>
#elif defined(__ARM_FEATURE_CRC32)
#include <arm_acle.h>
#endif

namespace mneme {
namespace {

[[maybe_unused]] constexpr std::array<std::uint32_t, 256> kTable = [] {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t i = 0; i < 256; ++i) {
    std::uint32_t crc = i;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0x82f63b78U : 0);
    table[i] = crc;
  }
  return table;
}();

[[maybe_unused]] std::uint32_t crc_by_table(Bytes bytes, std::uint32_t crc) noexcept {
  for (const std::byte b : bytes) crc = (crc >> 8) ^ kTable[(crc ^ static_cast<std::uint32_t>(b)) & 0xff];
  return crc;
}

#if defined(__x86_64__)
// One crc32 instruction has a latency of 3 cycles and a throughput of 1: three independent streams fill the pipe.
// Streams are joined by multiplying with x^(8 * length) mod P, from a table for the one fixed stream length.
constexpr std::size_t kStreamBytes = 1024;

constexpr std::uint32_t shift_by_zeros(std::uint32_t crc, std::size_t bytes) {
  for (std::size_t i = 0; i < bytes; ++i) crc = (crc >> 8) ^ kTable[crc & 0xff];
  return crc;
}
constexpr auto kShift = [] {  // kShift[i][b]: the effect of byte b of a crc after kStreamBytes zero bytes.
  std::array<std::array<std::uint32_t, 256>, 4> table{};
  for (std::size_t i = 0; i < 4; ++i) {
    std::array<std::uint32_t, 8> bit_effect{};
    for (std::size_t bit = 0; bit < 8; ++bit) bit_effect[bit] = shift_by_zeros(1U << (8 * i + bit), kStreamBytes);
    for (std::size_t b = 0; b < 256; ++b) {
      for (std::size_t bit = 0; bit < 8; ++bit) {
        if ((b >> bit & 1) != 0) table[i][b] ^= bit_effect[bit];
      }
    }
  }
  return table;
}();

std::uint32_t shift_stream(std::uint32_t crc) noexcept {
  return kShift[0][crc & 0xff] ^ kShift[1][crc >> 8 & 0xff] ^ kShift[2][crc >> 16 & 0xff] ^ kShift[3][crc >> 24];
}

__attribute__((target("sse4.2"))) std::uint32_t crc_by_cpu(Bytes bytes, std::uint32_t seed) noexcept {
  const std::byte* at = bytes.data();
  std::size_t left = bytes.size();
  std::uint64_t crc = seed;
  while (left >= 3 * kStreamBytes) {
    std::uint64_t second = 0;
    std::uint64_t third = 0;
    for (std::size_t i = 0; i < kStreamBytes; i += 8) {
      crc = _mm_crc32_u64(crc, load<std::uint64_t>(at + i));
      second = _mm_crc32_u64(second, load<std::uint64_t>(at + kStreamBytes + i));
      third = _mm_crc32_u64(third, load<std::uint64_t>(at + 2 * kStreamBytes + i));
    }
    crc = shift_stream(shift_stream(static_cast<std::uint32_t>(crc)) ^ static_cast<std::uint32_t>(second)) ^ third;
    at += 3 * kStreamBytes;
    left -= 3 * kStreamBytes;
  }
  for (; left >= 8; at += 8, left -= 8) crc = _mm_crc32_u64(crc, load<std::uint64_t>(at));
  for (; left > 0; ++at, --left) {
    crc = _mm_crc32_u8(static_cast<std::uint32_t>(crc), static_cast<std::uint8_t>(*at));
  }
  return static_cast<std::uint32_t>(crc);
}
#endif

}  // namespace

std::uint32_t crc32c(Bytes bytes, std::uint32_t seed) noexcept {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("sse4.2")) return ~crc_by_cpu(bytes, ~seed);
  return ~crc_by_table(bytes, ~seed);
#elif defined(__ARM_FEATURE_CRC32)
  std::uint32_t crc = ~seed;
  for (const std::byte b : bytes) crc = __crc32cb(crc, static_cast<std::uint8_t>(b));
  return ~crc;
#else
  return ~crc_by_table(bytes, ~seed);
#endif
}

}  // namespace mneme
