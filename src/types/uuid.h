// UUID: 16 bytes in the order they are written.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace mneme {

using Uuid = std::array<std::uint8_t, 16>;

// 32 digits in either case, a hyphen after any group of four, with or without braces around them.
Result<Uuid> parse_uuid(std::string_view text);
void print_uuid(const Uuid& uuid, std::string& out);

}  // namespace mneme
