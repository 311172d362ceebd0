// UTF-8: what TEXT may hold.
#pragma once

#include <string_view>

namespace mneme {

// Well-formed by RFC 3629 (no overlong form, no surrogate, nothing above U+10FFFF) and without a zero byte, which
// PostgreSQL refuses too.
bool is_valid_utf8(std::string_view text) noexcept;

}  // namespace mneme
