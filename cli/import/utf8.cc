// The table of well-formed byte sequences is the Unicode standard's (3.9, table 3-7): no surrogates, no overlong forms.
#include "import/utf8.h"

#include <cstdint>
#include <cstring>

namespace mneme::cli {
namespace {

std::uint8_t byte_at(std::string_view bytes, std::size_t at) noexcept { return static_cast<std::uint8_t>(bytes[at]); }

bool is_tail(std::string_view bytes, std::size_t at) noexcept {
  return at < bytes.size() && (byte_at(bytes, at) & 0xc0) == 0x80;
}

// Bytes of the code point at `at`; 0 if it is not well-formed. U+0000, which TEXT cannot hold, counts as not.
std::size_t code_point_bytes(std::string_view bytes, std::size_t at) noexcept {
  const std::uint8_t first = byte_at(bytes, at);
  if (first < 0x80) return first == 0 ? 0 : 1;
  if (first < 0xc2 || first > 0xf4 || !is_tail(bytes, at + 1)) return 0;
  if (first < 0xe0) return 2;
  const std::uint8_t second = byte_at(bytes, at + 1);
  if ((first == 0xe0 && second < 0xa0) || (first == 0xed && second >= 0xa0)) return 0;
  if ((first == 0xf0 && second < 0x90) || (first == 0xf4 && second >= 0x90)) return 0;
  if (!is_tail(bytes, at + 2)) return 0;
  if (first < 0xf0) return 3;
  return is_tail(bytes, at + 3) ? 4 : 0;
}

}  // namespace

bool is_utf8(std::string_view bytes) noexcept {
  std::size_t at = 0;
  for (; at + 8 <= bytes.size(); at += 8) {  // Whole words of ASCII without a zero byte.
    std::uint64_t word;
    std::memcpy(&word, bytes.data() + at, sizeof word);
    constexpr std::uint64_t kHigh = 0x8080808080808080;
    constexpr std::uint64_t kOnes = 0x0101010101010101;
    if (((word | (word - kOnes)) & kHigh) != 0) break;
  }
  while (at < bytes.size()) {
    const std::size_t size = code_point_bytes(bytes, at);
    if (size == 0) return false;
    at += size;
  }
  return true;
}

std::string clean_utf8(std::string_view bytes) {
  if (is_utf8(bytes)) return std::string(bytes);
  std::string text;
  for (std::size_t at = 0; at < bytes.size();) {
    const std::size_t size = code_point_bytes(bytes, at);
    text.append(size == 0 ? std::string_view("\xef\xbf\xbd") : bytes.substr(at, size));
    at += size == 0 ? 1 : size;
  }
  return text;
}

std::size_t utf8_floor(std::string_view text, std::size_t at) noexcept {
  while (at > 0 && is_tail(text, at)) --at;
  return at;
}

}  // namespace mneme::cli
