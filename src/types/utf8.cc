#include "types/utf8.h"

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace mneme {
namespace {

constexpr std::uint64_t kOnes = 0x0101'0101'0101'0101;

// The bytes of the code point at the front; 0: none begins here. The bounds of the second byte exclude overlong forms,
// surrogates and what is above U+10FFFF.
std::size_t code_point_size(const unsigned char* at, std::size_t left) noexcept {
  const unsigned char lead = at[0];
  if (lead < 0x80) return lead != 0 ? 1 : 0;
  const std::size_t size = lead < 0xc2 ? 0 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : lead < 0xf5 ? 4 : 0;
  if (size == 0 || size > left) return 0;
  const unsigned char low = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
  const unsigned char high = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
  if (at[1] < low || at[1] > high) return 0;
  for (std::size_t i = 2; i < size; ++i) {
    if ((at[i] & 0xc0) != 0x80) return 0;
  }
  return size;
}

}  // namespace

bool is_valid_utf8(std::string_view text) noexcept {
  const auto* at = reinterpret_cast<const unsigned char*>(text.data());
  for (std::size_t i = 0; i < text.size();) {
    std::uint64_t word = 0;
    if (text.size() - i >= sizeof word) {
      std::memcpy(&word, at + i, sizeof word);
      if ((((word - kOnes) | word) & (kOnes << 7)) == 0) {  // No byte is 0, none is above 0x7f.
        i += sizeof word;
        continue;
      }
    }
    const std::size_t size = code_point_size(at + i, text.size() - i);
    if (size == 0) return false;
    i += size;
  }
  return true;
}

}  // namespace mneme
