#include "types/sql_type.h"

#include <array>

#include "types/text_cursor.h"
#include "types/text_form.h"

namespace mneme {
namespace {

struct NamedKind {
  std::string_view name;
  TypeKind kind;
  std::size_t arguments_max = 0;
};
constexpr std::array<NamedKind, 51> kNames{{
    {"bool", TypeKind::boolean},
    {"boolean", TypeKind::boolean},
    {"int", TypeKind::integer},
    {"integer", TypeKind::integer},
    {"bigint", TypeKind::integer},
    {"smallint", TypeKind::integer},
    {"tinyint", TypeKind::integer},
    {"int2", TypeKind::integer},
    {"int4", TypeKind::integer},
    {"int8", TypeKind::integer},
    {"int64", TypeKind::integer},
    {"serial", TypeKind::integer},
    {"bigserial", TypeKind::integer},
    {"smallserial", TypeKind::integer},
    {"serial2", TypeKind::integer},
    {"serial4", TypeKind::integer},
    {"serial8", TypeKind::integer},
    {"float", TypeKind::floating, 1},
    {"double precision", TypeKind::floating},
    {"double", TypeKind::floating},
    {"float8", TypeKind::floating},
    {"real", TypeKind::real},
    {"float4", TypeKind::real},
    {"text", TypeKind::text},
    {"string", TypeKind::text},
    {"varchar", TypeKind::text, 1},
    {"character varying", TypeKind::text, 1},
    {"char varying", TypeKind::text, 1},
    {"char", TypeKind::text, 1},
    {"character", TypeKind::text, 1},
    {"bpchar", TypeKind::text, 1},
    {"nchar", TypeKind::text, 1},
    {"name", TypeKind::text},
    {"blob", TypeKind::blob},
    {"bytea", TypeKind::blob},
    {"timestamp", TypeKind::timestamp, 1},
    {"timestamptz", TypeKind::timestamp, 1},
    {"timestamp with time zone", TypeKind::timestamp, 1},
    {"timestamp without time zone", TypeKind::timestamp, 1},
    {"interval", TypeKind::interval, 1},
    {"date", TypeKind::date},
    {"decimal", TypeKind::decimal, 2},
    {"numeric", TypeKind::decimal, 2},
    {"dec", TypeKind::decimal, 2},
    {"uuid", TypeKind::uuid},
    {"json", TypeKind::json},
    {"jsonb", TypeKind::json},
    {"vector", TypeKind::vector, 2},
    {"point", TypeKind::point},
    {"point3", TypeKind::point3},
    {"pointz", TypeKind::point3},
}};
constexpr std::array<std::string_view, 5> kElements{"f32", "f16", "i8", "u8", "bit"};
constexpr std::uint8_t kDefaultPrecision = kDecimalPrecisionMax;
constexpr std::uint8_t kDefaultScale = 6;

Error bad_arguments(std::string message) {
  return Error(Code::invalid_argument, std::move(message)).with_sqlstate("22023");
}

// The number an argument says, or -1.
std::int64_t number_argument(std::string_view argument) noexcept {
  for (const char c : argument) {
    if (!is_digit(c)) return -1;
  }
  return argument.empty() ? -1 : number_of(argument, 1'000'000);
}

Result<Type> decimal_type(std::span<const std::string> arguments) {
  Type type{.kind = TypeKind::decimal, .precision = kDefaultPrecision, .scale = kDefaultScale};
  if (arguments.empty()) return type;
  const std::int64_t precision = number_argument(arguments[0]);
  const std::int64_t scale = arguments.size() == 2 ? number_argument(arguments[1]) : 0;
  if (precision < 1 || precision > kDecimalPrecisionMax) {
    return bad_arguments("DECIMAL precision " + arguments[0] + " must be between 1 and " +
                         std::to_string(kDecimalPrecisionMax));
  }
  if (scale < 0 || scale > precision) {
    return bad_arguments("DECIMAL scale " + arguments[1] + " must be between 0 and precision " + arguments[0]);
  }
  type.precision = static_cast<std::uint8_t>(precision);
  type.scale = static_cast<std::uint8_t>(scale);
  return type;
}

Result<Type> vector_type(std::span<const std::string> arguments) {
  Type type{.kind = TypeKind::vector};
  if (arguments.empty()) return type;
  const std::int64_t dimension = number_argument(arguments[0]);
  if (dimension < 1 || dimension > kVectorDimensionMax) {
    return bad_arguments("VECTOR dimension " + arguments[0] + " must be between 1 and " +
                         std::to_string(kVectorDimensionMax));
  }
  type.dimension = static_cast<std::uint16_t>(dimension);
  if (arguments.size() == 1) return type;
  for (std::size_t i = 0; i < kElements.size(); ++i) {
    if (!equals_ignoring_case(arguments[1], kElements[i])) continue;
    type.element = static_cast<VectorElement>(i);
    return type;
  }
  return bad_arguments("VECTOR element " + quoted_for_message(arguments[1]) + " must be f32, f16, i8, u8 or bit");
}

Result<Type> float_type(std::span<const std::string> arguments) {
  if (arguments.empty()) return Type{.kind = TypeKind::floating};
  const std::int64_t bits = number_argument(arguments[0]);
  if (bits < 1 || bits > 53) return bad_arguments("precision for type float must be between 1 and 53 bits");
  return Type{.kind = bits <= 24 ? TypeKind::real : TypeKind::floating};
}

const NamedKind* find(std::string_view name) noexcept {
  for (const NamedKind& named : kNames) {
    if (equals_ignoring_case(name, named.name)) return &named;
  }
  return nullptr;
}

Error unknown_type(std::string_view name) {
  return Error(Code::not_found, "type " + quoted_for_message(name) + " does not exist")
      .with_sqlstate("42704")
      .with_hint(
          "types are BOOL, INT, FLOAT, REAL, TEXT, BLOB, TIMESTAMP, INTERVAL, DATE, DECIMAL, UUID, JSON, VECTOR, "
          "POINT and POINT3");
}

}  // namespace

Result<Type> type_from_sql(std::string_view name, std::span<const std::string> arguments) {
  const NamedKind* named = find(name);
  if (named == nullptr) return unknown_type(name);
  if (arguments.size() > named->arguments_max) {
    return bad_arguments("type " + std::string(named->name) + " takes " + std::to_string(named->arguments_max) +
                         " arguments, not " + std::to_string(arguments.size()));
  }
  if (named->kind == TypeKind::decimal) return decimal_type(arguments);
  if (named->kind == TypeKind::vector) return vector_type(arguments);
  if (named->name == "float") return float_type(arguments);
  if (!arguments.empty() && number_argument(arguments[0]) < 0) {
    return bad_arguments("type " + std::string(named->name) + " takes a number, not " +
                         quoted_for_message(arguments[0]));
  }
  return Type{.kind = named->kind};
}

bool is_serial(std::string_view name) noexcept {
  const NamedKind* named = find(name);
  return named != nullptr && named->name.find("serial") != std::string_view::npos;
}

}  // namespace mneme
