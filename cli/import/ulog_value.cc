// Text is made with std::to_chars: the shortest that reads back as the same number.
#include "import/ulog_value.h"

#include <charconv>
#include <cstring>

#include "import/try.h"
#include "import/utf8.h"

namespace mneme::cli {
namespace {

template <class T>
void print(std::string& out, const char* at) {
  T value;
  std::memcpy(&value, at, sizeof value);
  char text[40];
  const auto end = std::to_chars(text, text + sizeof text, value).ptr;
  out.append(text, end);
}

void print_number(std::string& out, UlogType type, const char* at) {
  switch (type) {
    case UlogType::i8: return print<std::int8_t>(out, at);
    case UlogType::u8: return print<std::uint8_t>(out, at);
    case UlogType::i16: return print<std::int16_t>(out, at);
    case UlogType::u16: return print<std::uint16_t>(out, at);
    case UlogType::i32: return print<std::int32_t>(out, at);
    case UlogType::u32: return print<std::uint32_t>(out, at);
    case UlogType::i64: return print<std::int64_t>(out, at);
    case UlogType::u64: return print<std::uint64_t>(out, at);
    case UlogType::f32: return print<float>(out, at);
    case UlogType::f64: return print<double>(out, at);
    case UlogType::boolean: out += *at != 0 ? "true" : "false"; return;
    case UlogType::character: out += *at; return;
  }
}

std::string hexadecimal(std::string_view bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
  }
  return text;
}

}  // namespace

Result<UlogPair> parse_ulog_pair(const UlogMessage& message, std::string_view body) {
  const std::size_t key_bytes = body.empty() ? 0 : static_cast<unsigned char>(body[0]);
  if (body.empty() || body.size() < 1 + key_bytes) {
    return Error(Code::corrupt, "ULog: " + describe(message) + ": the key is longer than the message");
  }
  Result<UlogField> key = parse_ulog_field(body.substr(1, key_bytes));
  if (!key) return std::move(key).error().during(describe(message));
  return UlogPair{*std::move(key), body.substr(1 + key_bytes)};
}

std::string ulog_type_text(const UlogField& key) {
  return key.is_array ? key.type + "[" + std::to_string(key.count) + "]" : key.type;
}

std::string ulog_value_text(const UlogField& key, std::string_view value) {
  const auto type = ulog_type(key.type);
  if (type == UlogType::character) return clean_utf8(value.substr(0, value.find('\0')));
  const std::size_t width = type ? ulog_type_bytes(*type) : 0;
  if (width == 0 || value.size() < width || (key.is_array && value.size() / width < key.count)) {
    return hexadecimal(value);
  }
  std::string text = key.is_array ? "[" : "";
  for (std::size_t i = 0; i < key.count; ++i) {
    if (i > 0) text += ",";
    print_number(text, *type, value.data() + i * width);
  }
  return key.is_array ? text + "]" : text;
}

std::optional<double> ulog_parameter(const UlogPair& pair) {
  if (pair.key.is_array || pair.value.size() != 4) return std::nullopt;
  if (pair.key.type == "int32_t") {
    std::int32_t value = 0;
    std::memcpy(&value, pair.value.data(), sizeof value);
    return value;
  }
  if (pair.key.type != "float") return std::nullopt;
  float value = 0;
  std::memcpy(&value, pair.value.data(), sizeof value);
  return static_cast<double>(value);
}

}  // namespace mneme::cli
