#include "types/blob.h"

#include "types/text_cursor.h"
#include "types/text_form.h"

namespace mneme {
namespace {

Error bad_hex(std::string message) { return Error(Code::invalid_argument, std::move(message)).with_sqlstate("22023"); }

Result<void> parse_escapes(std::string_view text, ByteBuffer& out) {
  for (std::size_t at = 0; at < text.size();) {
    if (text[at] != '\\') {
      out.push_back(static_cast<std::byte>(text[at++]));
      continue;
    }
    const std::string_view escape = text.substr(at + 1, 3);
    if (escape.starts_with('\\')) {
      out.push_back(std::byte{'\\'});
      at += 2;
      continue;
    }
    const bool octal = escape.size() == 3 && escape[0] >= '0' && escape[0] <= '3' && escape[1] >= '0' &&
                       escape[1] <= '7' && escape[2] >= '0' && escape[2] <= '7';
    if (!octal) return invalid_syntax("bytea", text);
    out.push_back(static_cast<std::byte>((escape[0] - '0') * 64 + (escape[1] - '0') * 8 + (escape[2] - '0')));
    at += 4;
  }
  return {};
}

}  // namespace

int hex_digit(char c) noexcept {
  if (is_digit(c)) return c - '0';
  const char letter = to_lower(c);
  return letter >= 'a' && letter <= 'f' ? letter - 'a' + 10 : -1;
}

Result<void> parse_hex(std::string_view digits, ByteBuffer& out) {
  out.reserve(out.size() + digits.size() / 2);
  for (std::size_t at = 0; at < digits.size();) {
    if (is_space(digits[at])) {
      ++at;
      continue;
    }
    const int high = hex_digit(digits[at]);
    if (high < 0) return bad_hex("invalid hexadecimal digit: " + quoted_for_message(digits.substr(at, 1)));
    if (at + 1 == digits.size()) return bad_hex("invalid hexadecimal data: odd number of digits");
    const int low = hex_digit(digits[at + 1]);
    if (low < 0) return bad_hex("invalid hexadecimal digit: " + quoted_for_message(digits.substr(at + 1, 1)));
    out.push_back(static_cast<std::byte>(high * 16 + low));
    at += 2;
  }
  return {};
}

Result<void> parse_blob(std::string_view text, ByteBuffer& out) {
  if (text.starts_with("\\x")) return parse_hex(text.substr(2), out);
  return parse_escapes(text, out);
}

void print_hex(Bytes bytes, std::string& out) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  out.reserve(out.size() + bytes.size() * 2);
  for (const std::byte byte : bytes) {
    out += kDigits[static_cast<std::size_t>(byte) >> 4];
    out += kDigits[static_cast<std::size_t>(byte) & 15];
  }
}

void print_blob(Bytes bytes, std::string& out) {
  out += "\\x";
  print_hex(bytes, out);
}

}  // namespace mneme
