// TEXT is UTF-8. What a file calls text may not be: each byte that is not part of a code point becomes U+FFFD.
#pragma once

#include <string>
#include <string_view>

namespace mneme::cli {

std::string clean_utf8(std::string_view bytes);
bool is_utf8(std::string_view bytes) noexcept;
// The largest border between code points that is <= at. REQUIRES: valid UTF-8, at <= text.size().
std::size_t utf8_floor(std::string_view text, std::size_t at) noexcept;

}  // namespace mneme::cli
