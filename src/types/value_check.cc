#include "types/value_check.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "types/decimal.h"
#include "types/half.h"
#include "types/json.h"
#include "types/point.h"
#include "types/utf8.h"

namespace mneme {
namespace {

Error not_finite() {
  return Error(Code::invalid_argument, "an element that is not finite is not allowed in a vector")
      .with_sqlstate("22000");
}

template <class T>
T read(std::string_view bytes) noexcept {  // REQUIRES: as many bytes.
  T value;
  std::memcpy(&value, bytes.data(), sizeof value);
  return value;
}

Result<void> check_text(std::string_view text) {
  if (is_valid_utf8(text)) return {};
  return Error(Code::invalid_argument, "invalid byte sequence for encoding \"UTF8\"").with_sqlstate("22021");
}

Result<void> check_decimal(const Type& type, std::int64_t unscaled) {
  if (type.precision == 0 || type.precision > kDecimalPrecisionMax || type.scale > type.precision) {
    return Error(Code::invalid_argument, "there is no DECIMAL(" + std::to_string(type.precision) + "," +
                                             std::to_string(type.scale) + "): it has 1 to 18 digits")
        .with_sqlstate("22023");
  }
  TRY(rescale(unscaled, type.scale, type.precision, type.scale));
  return {};
}

Result<void> check_vector(const Type& type, std::string_view bytes) {
  if (type.element == VectorElement::f16) {
    for (std::size_t at = 0; at < bytes.size(); at += sizeof(std::uint16_t)) {
      if (!std::isfinite(float_of_half(read<std::uint16_t>(bytes.substr(at))))) return not_finite();
    }
  }
  if (type.element != VectorElement::f32) return {};
  for (std::size_t at = 0; at < bytes.size(); at += sizeof(float)) {
    if (!std::isfinite(read<float>(bytes.substr(at)))) return not_finite();
  }
  return {};
}

}  // namespace

Result<void> check_elements(std::span<const float> elements) {
  const bool finite = std::ranges::all_of(elements, [](float element) { return std::isfinite(element); });
  return finite ? Result<void>() : not_finite();
}

Result<void> check_value(const Value& value) {
  if (value.is_null()) return {};
  const std::string_view bytes = value.bytes();
  switch (value.type().kind) {
    case TypeKind::boolean:
      if (read<std::uint8_t>(bytes) <= 1) return {};
      return Error(Code::invalid_argument, "a BOOL is 0 or 1, not " + std::to_string(read<std::uint8_t>(bytes)))
          .with_sqlstate("22P02");
    case TypeKind::text: return check_text(bytes);
    case TypeKind::json: TRY(check_text(bytes)); return validate_json(bytes);
    case TypeKind::decimal: return check_decimal(value.type(), read<std::int64_t>(bytes));
    case TypeKind::point: return check_point(read<std::array<double, 2>>(bytes));
    case TypeKind::point3: return check_point(read<std::array<double, 3>>(bytes));
    case TypeKind::vector: return check_vector(value.type(), bytes);
    default: return {};  // Every value of their bytes is one.
  }
}

}  // namespace mneme
