// TIMESTAMP: nanoseconds since 1970-01-01 00:00:00 UTC, of the years 1677 to 2262. Every value is an instant: text
// without a zone is UTC, and printing is always in UTC.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace mneme {

Result<std::int64_t> parse_timestamp(std::string_view text);
void print_timestamp(std::int64_t ns, std::string& out);  // 2024-01-01 00:00:00[.123456789]+00

}  // namespace mneme
