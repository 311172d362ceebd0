#include "types/uuid.h"

#include "types/blob.h"
#include "types/text_form.h"

namespace mneme {

Result<Uuid> parse_uuid(std::string_view text) {
  std::string_view digits = trim_spaces(text);
  const bool braces = digits.starts_with('{') && digits.ends_with('}');
  if (braces) digits = digits.substr(1, digits.size() - 2);
  Uuid uuid{};
  std::size_t at = 0;
  for (std::size_t i = 0; i < uuid.size(); ++i) {
    if (i % 2 == 0 && i > 0 && at < digits.size() && digits[at] == '-') ++at;
    const int high = at < digits.size() ? hex_digit(digits[at]) : -1;
    const int low = at + 1 < digits.size() ? hex_digit(digits[at + 1]) : -1;
    if (high < 0 || low < 0) return invalid_syntax("uuid", text);
    uuid[i] = static_cast<std::uint8_t>(high * 16 + low);
    at += 2;
  }
  if (at != digits.size()) return invalid_syntax("uuid", text);
  return uuid;
}

void print_uuid(const Uuid& uuid, std::string& out) {
  for (std::size_t i = 0; i < uuid.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) out += '-';
    print_hex({reinterpret_cast<const std::byte*>(&uuid[i]), 1}, out);
  }
}

}  // namespace mneme
