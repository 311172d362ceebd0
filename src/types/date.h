// DATE: days since 1970-01-01.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace mneme {

Result<std::int32_t> parse_date(std::string_view text);  // A time of day and a zone may follow; they do not count.
void print_date(std::int32_t days, std::string& out);    // 2024-01-31, 0044-03-15 BC

}  // namespace mneme
