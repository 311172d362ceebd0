// The values of info and parameter messages: bytes with a type in their key, as text or as a number.
#pragma once

#include "import/ulog_format.h"
#include "import/ulog_scanner.h"

namespace mneme::cli {

// The body of an I, P message, and of M and Q behind their first byte: u8 key length, key "type name", value.
struct UlogPair {
  UlogField key;
  std::string_view value;
};
// corrupt, naming the message, if lengths or the key do not fit.
Result<UlogPair> parse_ulog_pair(const UlogMessage& message, std::string_view body);

// "uint8_t[4]": the key's type as it was written.
std::string ulog_type_text(const UlogField& key);
// Numbers as decimals, arrays in brackets, char arrays as their text, bytes of unknown types in hexadecimal.
std::string ulog_value_text(const UlogField& key, std::string_view value);
// int32_t and float, the two types a parameter may have; nothing for others or when bytes are missing.
std::optional<double> ulog_parameter(const UlogPair& pair);

}  // namespace mneme::cli
