// The civil calendar: days since 1970-01-01 <-> year, month, day; proleptic Gregorian, year 0 is 1 BC.
#pragma once

#include <cstdint>

namespace mneme {

constexpr std::int64_t kNsPerSecond = 1'000'000'000;
constexpr std::int64_t kNsPerMinute = 60 * kNsPerSecond;
constexpr std::int64_t kNsPerHour = 60 * kNsPerMinute;
constexpr std::int64_t kNsPerDay = 24 * kNsPerHour;

struct CivilDate {
  std::int64_t year = 1970;
  int month = 1;  // 1 .. 12
  int day = 1;    // 1 .. 31
};

constexpr bool is_leap_year(std::int64_t year) noexcept {
  return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}
constexpr int days_in_month(std::int64_t year, int month) noexcept {
  if (month == 2) return is_leap_year(year) ? 29 : 28;
  return month == 4 || month == 6 || month == 9 || month == 11 ? 30 : 31;
}

// Quotient and remainder that round towards minus infinity, so that times before the epoch fall in their own day.
constexpr std::int64_t floor_divide(std::int64_t a, std::int64_t b) noexcept {
  return a / b - static_cast<std::int64_t>(a % b != 0 && (a % b < 0) != (b < 0));
}
constexpr std::int64_t floor_modulo(std::int64_t a, std::int64_t b) noexcept {  // No product, which could overflow.
  const std::int64_t rest = a % b;
  return rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest;
}

// Years are counted from March, so that the leap day is the last of its year, in eras of 400 years = 146,097 days.
// REQUIRES: |year| < 10^9, a month and a day of that year.
constexpr std::int64_t days_of(CivilDate date) noexcept {
  const std::int64_t year = date.year - static_cast<std::int64_t>(date.month <= 2);
  const std::int64_t era = floor_divide(year, 400);
  const std::int64_t year_of_era = year - era * 400;
  const std::int64_t day_of_year = (153 * ((date.month + 9) % 12) + 2) / 5 + date.day - 1;
  return era * 146'097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719'468;
}
constexpr CivilDate civil_of(std::int64_t days) noexcept {
  const std::int64_t shifted = days + 719'468;
  const std::int64_t era = floor_divide(shifted, 146'097);
  const std::int64_t day_of_era = shifted - era * 146'097;
  const std::int64_t year_of_era = (day_of_era - day_of_era / 1'460 + day_of_era / 36'524 - day_of_era / 146'096) / 365;
  const std::int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const int from_march = static_cast<int>((5 * day_of_year + 2) / 153);
  const int month = from_march < 10 ? from_march + 3 : from_march - 9;
  return {era * 400 + year_of_era + static_cast<std::int64_t>(month <= 2), month,
          static_cast<int>(day_of_year) - (153 * from_march + 2) / 5 + 1};
}

// 0 is Sunday.
constexpr int day_of_week(std::int64_t days) noexcept { return static_cast<int>(floor_modulo(days + 4, 7)); }

}  // namespace mneme
