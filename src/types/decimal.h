// DECIMAL(precision, scale): an INT scaled by 10^scale, up to 18 digits; computed in 128 bits.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "mneme/type.h"
#include "types/interval.h"  // Wide

namespace mneme {

constexpr std::int64_t power_of_ten(unsigned exponent) noexcept {  // REQUIRES: exponent <= 18.
  std::int64_t power = 1;
  for (; exponent > 0; --exponent) power *= 10;
  return power;
}

// Rounds half away from zero to the scale; what then has more digits than the precision is 22003.
Result<std::int64_t> parse_decimal(std::string_view text, std::uint8_t precision, std::uint8_t scale);
void print_decimal(std::int64_t unscaled, std::uint8_t scale, std::string& out);

// The value of another scale, rounded half away from zero; 22003 where it has more digits than the precision.
Result<std::int64_t> rescale(Wide unscaled, unsigned from_scale, std::uint8_t precision, std::uint8_t scale);

}  // namespace mneme
