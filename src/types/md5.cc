#include "types/md5.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>

#include "base/coding.h"

namespace mneme {
namespace {

constexpr std::size_t kBlockBytes = 64;
using State = std::array<std::uint32_t, 4>;

// T[i] = floor(2^32 * |sin(i + 1)|): the RFC's own definition.
std::array<std::uint32_t, 64> sines() {
  std::array<std::uint32_t, 64> table{};
  for (std::size_t i = 0; i < table.size(); ++i) {
    table[i] = static_cast<std::uint32_t>(std::floor(std::abs(std::sin(static_cast<double>(i + 1))) * 0x1p32));
  }
  return table;
}

void add_block(const std::byte* block, State& state) {
  static const auto kSines = sines();
  constexpr std::array<std::array<int, 4>, 4> kShifts{
      {{{7, 12, 17, 22}}, {{5, 9, 14, 20}}, {{4, 11, 16, 23}}, {{6, 10, 15, 21}}}};
  constexpr std::array<std::array<std::size_t, 2>, 4> kWords{{{{1, 0}}, {{5, 1}}, {{3, 5}}, {{7, 0}}}};
  auto [a, b, c, d] = state;
  for (std::size_t i = 0; i < 64; ++i) {
    const std::size_t round = i / 16;
    const std::uint32_t mixed = round == 0   ? (b & c) | (~b & d)
                                : round == 1 ? (d & b) | (~d & c)
                                : round == 2 ? b ^ c ^ d
                                             : c ^ (b | ~d);
    const std::size_t word = (kWords[round][0] * i + kWords[round][1]) % 16;
    const std::uint32_t sum = a + mixed + kSines[i] + load<std::uint32_t>(block + word * 4);
    a = d;
    d = c;
    c = b;
    b += std::rotl(sum, kShifts[round][i % 4]);
  }
  state = {state[0] + a, state[1] + b, state[2] + c, state[3] + d};
}

}  // namespace

std::string md5_hex(Bytes bytes) {
  State state{0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476};
  std::size_t at = 0;
  for (; at + kBlockBytes <= bytes.size(); at += kBlockBytes) add_block(bytes.data() + at, state);
  std::array<std::byte, 2 * kBlockBytes> last{};  // The rest, a one bit, zeros, the length in bits.
  const std::size_t rest = bytes.size() - at;
  std::copy(bytes.begin() + static_cast<std::ptrdiff_t>(at), bytes.end(), last.begin());
  last[rest] = std::byte{0x80};
  const std::size_t blocks = rest + 9 > kBlockBytes ? 2 : 1;
  const std::uint64_t bits = std::uint64_t{bytes.size()} * 8;
  for (std::size_t i = 0; i < 8; ++i) last[blocks * kBlockBytes - 8 + i] = static_cast<std::byte>(bits >> (8 * i));
  for (std::size_t i = 0; i < blocks; ++i) add_block(last.data() + i * kBlockBytes, state);

  std::string hex;
  for (const std::uint32_t word : state) {
    for (unsigned shift = 0; shift < 32; shift += 8) {
      constexpr std::string_view kDigits = "0123456789abcdef";
      hex += kDigits[word >> (shift + 4) & 15];
      hex += kDigits[word >> shift & 15];
    }
  }
  return hex;
}

}  // namespace mneme
