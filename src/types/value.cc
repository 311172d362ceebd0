#include "mneme/value.h"

#include "base/assert.h"

namespace mneme {
namespace {

template <class Element>
std::string_view raw_bytes(std::span<const Element> elements) {
  return {reinterpret_cast<const char*>(elements.data()), elements.size_bytes()};
}

Type vector_type(VectorElement element, std::size_t dimension) {
  ASSERT(dimension >= 1 && dimension <= kVectorDimensionMax);
  return {.kind = TypeKind::vector, .element = element, .dimension = static_cast<std::uint16_t>(dimension)};
}

}  // namespace

Value Value::null(Type type) {
  Value value;
  value.type_ = type;
  value.typed_ = true;
  return value;
}

Value Value::of_bytes(Type type, std::string_view bytes) {
  ASSERT(type.is_variable() || bytes.size() == type.width());
  Value value = null(type);
  value.null_ = false;
  value.bytes_ = bytes;
  return value;
}

Value Value::blob(std::span<const std::byte> bytes) { return of_bytes({.kind = TypeKind::blob}, raw_bytes(bytes)); }

Value Value::json(std::string_view text) { return of_bytes({.kind = TypeKind::json}, text); }

Value Value::timestamp(std::int64_t ns) { return {Type{.kind = TypeKind::timestamp}, ns}; }

Value Value::date(std::int32_t days) { return {Type{.kind = TypeKind::date}, days}; }

Value Value::decimal(std::int64_t unscaled, std::uint8_t precision, std::uint8_t scale) {
  return {Type{.kind = TypeKind::decimal, .precision = precision, .scale = scale}, unscaled};
}

Value Value::uuid(const std::array<std::uint8_t, 16>& bytes) { return {Type{.kind = TypeKind::uuid}, bytes}; }

Value Value::vector(std::span<const float> elements) {
  return of_bytes(vector_type(VectorElement::f32, elements.size()), raw_bytes(elements));
}
Value Value::vector(std::span<const std::int8_t> elements) {
  return of_bytes(vector_type(VectorElement::i8, elements.size()), raw_bytes(elements));
}
Value Value::vector(std::span<const std::uint8_t> elements) {
  return of_bytes(vector_type(VectorElement::u8, elements.size()), raw_bytes(elements));
}

Value Value::point(double longitude, double latitude) {
  return {Type{.kind = TypeKind::point}, std::array<double, 2>{longitude, latitude}};
}

Value Value::point3(double x, double y, double z) {
  return {Type{.kind = TypeKind::point3}, std::array<double, 3>{x, y, z}};
}

}  // namespace mneme
