// Stepping through UTF-8 text. The engine admits only valid UTF-8 as TEXT; a stray byte (a BLOB read as text) counts
// as one character, so that every step makes progress and none passes the end.
#pragma once

#include <string_view>

namespace mneme::query {

// The bytes of the code point at `at`; empty at the end.
inline std::string_view code_point_at(std::string_view text, std::size_t at) noexcept {
  if (at >= text.size()) return {};
  const auto lead = static_cast<unsigned char>(text[at]);
  const std::size_t wanted = lead < 0xc0 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
  std::size_t size = 1;
  while (size < wanted && at + size < text.size() && (static_cast<unsigned char>(text[at + size]) & 0xc0) == 0x80)
    ++size;
  return text.substr(at, size);
}

inline std::size_t count_code_points(std::string_view text) noexcept {
  std::size_t count = 0;
  for (std::size_t at = 0; at < text.size(); at += code_point_at(text, at).size()) ++count;
  return count;
}

// The byte offset of code point number `index`, or the end.
inline std::size_t offset_of_code_point(std::string_view text, std::size_t index) noexcept {
  std::size_t at = 0;
  for (; index > 0 && at < text.size(); --index) at += code_point_at(text, at).size();
  return at;
}

}  // namespace mneme::query
