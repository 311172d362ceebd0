// The escapes of E'...' strings. A pure function: thread-safe.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace mneme::sql {

// Decodes one escape of `text`, which begins after the backslash, onto `out`; returns the bytes it took.
// \b \f \n \r \t, \ooo, \xhh, \uhhhh, \Uhhhhhhhh (surrogate pairs join); any other character stands for itself.
// REQUIRES: text is not empty.
Result<std::size_t> decode_escape(std::string_view text, std::string& out);

// The value of one hexadecimal digit, or -1.
int hex_digit(char c) noexcept;

}  // namespace mneme::sql
