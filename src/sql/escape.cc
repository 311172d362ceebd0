#include "sql/escape.h"

#include <cstdint>

namespace mneme::sql {
namespace {

Error bad_escape(std::string message) {
  return Error(Code::invalid_argument, std::move(message)).with_sqlstate("22025");
}

void append_utf8(std::uint32_t code_point, std::string& out) {
  const auto put = [&](std::uint32_t byte) { out.push_back(static_cast<char>(byte)); };
  if (code_point < 0x80) return put(code_point);
  if (code_point < 0x800) {
    put(0xc0 | (code_point >> 6));
  } else if (code_point < 0x10000) {
    put(0xe0 | (code_point >> 12));
    put(0x80 | ((code_point >> 6) & 0x3f));
  } else {
    put(0xf0 | (code_point >> 18));
    put(0x80 | ((code_point >> 12) & 0x3f));
    put(0x80 | ((code_point >> 6) & 0x3f));
  }
  put(0x80 | (code_point & 0x3f));
}

// Reads exactly `digits` hexadecimal digits.
Result<std::uint32_t> read_hex(std::string_view text, std::size_t digits) {
  if (text.size() < digits) return bad_escape("a Unicode escape is cut short: \\uXXXX or \\UXXXXXXXX");
  std::uint32_t value = 0;
  for (const char c : text.substr(0, digits)) {
    const int digit = hex_digit(c);
    if (digit < 0) return bad_escape("a Unicode escape is not \\uXXXX or \\UXXXXXXXX");
    value = value << 4 | static_cast<std::uint32_t>(digit);
  }
  return value;
}

Result<std::size_t> decode_unicode(std::string_view text, std::string& out) {
  const std::size_t digits = text[0] == 'u' ? 4 : 8;
  std::uint32_t code_point = TRY(read_hex(text.substr(1), digits));
  std::size_t taken = 1 + digits;
  if (code_point >= 0xd800 && code_point < 0xdc00) {  // The first half of a surrogate pair.
    if (text.substr(taken, 2) != "\\u") return bad_escape("a Unicode surrogate has no second half");
    const std::uint32_t low = TRY(read_hex(text.substr(taken + 2), 4));
    if (low < 0xdc00 || low > 0xdfff) return bad_escape("a Unicode surrogate has no second half");
    code_point = 0x10000 + ((code_point - 0xd800) << 10) + (low - 0xdc00);
    taken += 6;
  } else if (code_point == 0 || (code_point >= 0xdc00 && code_point < 0xe000) || code_point > 0x10ffff) {
    return bad_escape("a Unicode escape names no character");
  }
  append_utf8(code_point, out);
  return taken;
}

// One or two hexadecimal digits after the x; without any, the x itself.
std::size_t decode_hex_byte(std::string_view text, std::string& out) {
  std::uint32_t value = 0;
  std::size_t taken = 1;
  while (taken < 3 && taken < text.size() && hex_digit(text[taken]) >= 0) {
    value = value << 4 | static_cast<std::uint32_t>(hex_digit(text[taken++]));
  }
  out.push_back(taken == 1 ? 'x' : static_cast<char>(value));
  return taken;
}

std::size_t decode_octal_byte(std::string_view text, std::string& out) {
  std::uint32_t value = 0;
  std::size_t taken = 0;
  while (taken < 3 && taken < text.size() && text[taken] >= '0' && text[taken] <= '7') {
    value = value << 3 | static_cast<std::uint32_t>(text[taken++] - '0');
  }
  out.push_back(static_cast<char>(value & 0xff));
  return taken;
}

}  // namespace

int hex_digit(char c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

Result<std::size_t> decode_escape(std::string_view text, std::string& out) {
  const char c = text[0];
  if (c == 'u' || c == 'U') return decode_unicode(text, out);
  if (c == 'x') return decode_hex_byte(text, out);
  if (c >= '0' && c <= '7') return decode_octal_byte(text, out);
  switch (c) {
    case 'b': out.push_back('\b'); break;
    case 'f': out.push_back('\f'); break;
    case 'n': out.push_back('\n'); break;
    case 'r': out.push_back('\r'); break;
    case 't': out.push_back('\t'); break;
    default: out.push_back(c);
  }
  return std::size_t{1};
}

}  // namespace mneme::sql
