#include "query/functions_type.h"

#include <algorithm>

#include "query/functions.h"
#include "query/functions_error.h"

namespace mneme::query {
namespace {

constexpr int kScaleKept = 6;
constexpr int kDivisionScaleMax = 16;

struct Digits {
  int whole;  // Ahead of the point.
  int scale;
};
Digits digits_of(const Type& type) noexcept {
  if (type.kind == TypeKind::integer) return {19, 0};
  return {type.precision - type.scale, type.scale};
}

Type decimal_of(Digits digits) noexcept {
  constexpr int kMax = kDecimalPrecisionMax;
  if (digits.whole + digits.scale > kMax) {
    digits.scale = std::max(kMax - digits.whole, std::min(digits.scale, kScaleKept));
    digits.whole = kMax - digits.scale;
  }
  return {.kind = TypeKind::decimal,
          .precision = static_cast<std::uint8_t>(std::max(digits.whole + digits.scale, 1)),
          .scale = static_cast<std::uint8_t>(digits.scale)};
}

}  // namespace

bool is_exact_number(const Type& type) noexcept {
  return type.kind == TypeKind::integer || type.kind == TypeKind::decimal;
}
bool is_number(const Type& type) noexcept {
  return is_exact_number(type) || type.kind == TypeKind::real || type.kind == TypeKind::floating;
}

std::optional<Type> meeting_type(const Type& a, const Type& b) noexcept {
  if (a == b) return a;
  if (is_number(a) && is_number(b)) {
    if (!is_exact_number(a) || !is_exact_number(b)) return Type{.kind = TypeKind::floating};
    const Digits left = digits_of(a);
    const Digits right = digits_of(b);
    return decimal_of({std::max(left.whole, right.whole), std::max(left.scale, right.scale)});
  }
  const auto is_day = [](const Type& t) { return t.kind == TypeKind::date || t.kind == TypeKind::timestamp; };
  if (is_day(a) && is_day(b)) return Type{.kind = TypeKind::timestamp};
  if (a.kind == TypeKind::vector && b.kind == TypeKind::vector && a.dimension == b.dimension) {
    return Type{.kind = TypeKind::vector, .dimension = a.dimension};
  }
  return std::nullopt;
}

Type decimal_result(char symbol, const Type& a, const Type& b) noexcept {
  const Digits left = digits_of(a);
  const Digits right = digits_of(b);
  const int scale = std::max(left.scale, right.scale);
  const int whole = std::max(left.whole, right.whole);
  if (symbol == '*') return decimal_of({left.whole + right.whole, left.scale + right.scale});
  if (symbol == '%') return decimal_of({whole, scale});
  if (symbol != '/') return decimal_of({whole + 1, scale});
  const int quotient = left.whole + right.scale;
  const int kept = std::clamp(kDecimalPrecisionMax - quotient, std::max(kScaleKept, scale), kDivisionScaleMax);
  return {.kind = TypeKind::decimal, .precision = kDecimalPrecisionMax, .scale = static_cast<std::uint8_t>(kept)};
}

Type decimal_with_scale(const Type& of, int scale) noexcept {
  const int whole = digits_of(of).whole + 1;  // 9.9 rounds to 10.
  return decimal_of({std::min<int>(whole, kDecimalPrecisionMax), scale});
}

Result<Type> common_type(std::span<const Argument> values, std::string_view what, SourcePosition at) {
  std::optional<Type> common;
  for (const Argument& value : values) {
    if (value.unknown) continue;
    if (!common) {
      common = value.type;
      continue;
    }
    const auto met = meeting_type(*common, value.type);
    if (!met) {
      return Error(Code::invalid_argument, std::string(what) + " types " + type_name(*common) + " and " +
                                               type_name(value.type) + " cannot be matched")
          .with_sqlstate("42804")
          .at(at);
    }
    common = met;
  }
  return common.value_or(Type{.kind = TypeKind::text});
}

}  // namespace mneme::query
