// BOOL, INT, FLOAT and REAL as text.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace mneme {

// true, false, yes, no, on, off, 1, 0 and their unambiguous beginnings, in any case. 1 or 0.
Result<std::uint8_t> parse_boolean(std::string_view text);
Result<std::int64_t> parse_integer(std::string_view text);
// Also NaN, Infinity and inf. What is beyond the type, or nearer to zero than it can say, is out of range (22003).
Result<double> parse_floating(std::string_view text);
Result<float> parse_real(std::string_view text);

void print_integer(std::int64_t value, std::string& out);
// The shortest digits that read back as the same value; an exponent from 1e+15 (REAL: 1e+06) and below 0.0001.
void print_floating(double value, std::string& out);
void print_real(float value, std::string& out);

}  // namespace mneme
