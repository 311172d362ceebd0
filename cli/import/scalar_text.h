// Values from text, as strictly as inference needs: what these accept loses nothing by becoming that type.
// So 007 is no number (it would come back as 7), nor is +41791234567, nor an integer that 64 bits cannot hold. Of
// fractions the nearest double is what is meant. Blanks around a value are passed over.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace mneme::cli {

std::string_view trimmed(std::string_view text) noexcept;  // Without blanks and tabs around it.

bool is_whole_number(std::string_view text) noexcept;  // Digits, of any number, behind at most a sign.

std::optional<bool> parse_bool(std::string_view text) noexcept;  // true, false; any case.
std::optional<std::int64_t> parse_int(std::string_view text) noexcept;
// Also inf and nan. Not beyond a double, nor so small that it were 0, nor whole and beyond 2^53 - 1.
std::optional<double> parse_float(std::string_view text) noexcept;
std::optional<std::int32_t> parse_date(std::string_view text) noexcept;  // 2026-11-21, as days since 1970-01-01.
// 2026-11-21[ or T]07:40[:01[.123456789]][Z|+01|+0100|+01:00], or a date; UTC without a zone. Nanoseconds since 1970.
std::optional<std::int64_t> parse_timestamp(std::string_view text) noexcept;

}  // namespace mneme::cli
