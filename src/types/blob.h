// BLOB as text: \x and two hexadecimal digits a byte. PostgreSQL's older form (\ooo octal, \\) is read too.
#pragma once

#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"

namespace mneme {

Result<void> parse_blob(std::string_view text, ByteBuffer& out);
void print_blob(Bytes bytes, std::string& out);

int hex_digit(char c) noexcept;  // 0 .. 15, or -1.
void print_hex(Bytes bytes, std::string& out);
// Digits in pairs, white space between pairs allowed; 22023 for anything else.
Result<void> parse_hex(std::string_view digits, ByteBuffer& out);

}  // namespace mneme
