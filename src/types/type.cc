#include "mneme/type.h"

#include <array>
#include <string_view>

namespace mneme {
namespace {

constexpr std::array<std::string_view, 16> kNames{"",     "BOOL",      "INT",      "FLOAT", "REAL",    "TEXT",
                                                  "BLOB", "TIMESTAMP", "INTERVAL", "DATE",  "DECIMAL", "UUID",
                                                  "JSON", "VECTOR",    "POINT",    "POINT3"};
constexpr std::array<std::string_view, 5> kElements{"f32", "f16", "i8", "u8", "bit"};

}  // namespace

std::string type_name(const Type& type) {
  std::string name(kNames[static_cast<std::size_t>(type.kind)]);
  if (type.kind == TypeKind::decimal) {
    name += "(" + std::to_string(type.precision) + ", " + std::to_string(type.scale) + ")";
  } else if (type.kind == TypeKind::vector) {
    name += "(" + std::to_string(type.dimension);
    if (type.element != VectorElement::f32) {
      name += ", ";
      name += kElements[static_cast<std::size_t>(type.element)];
    }
    name += ")";
  }
  return name;
}

}  // namespace mneme
