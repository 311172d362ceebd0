// Conversions between types: CAST, ::, and those the binder puts in. Each kernel reads both types from its columns.
#include <cmath>

#include "query/functions.h"
#include "query/functions_type.h"
#include "query/kernel_error.h"
#include "query/kernels.h"
#include "types/calendar.h"
#include "types/decimal.h"
#include "types/half.h"
#include "types/json.h"
#include "types/number.h"
#include "types/text_form.h"
#include "types/vector.h"

namespace mneme::query {
namespace {

// --- Numbers. 2^63 is exact as a double; the highest INT is not, so the bound is open.
constexpr double kIntegerEnd = 9'223'372'036'854'775'808.0;

Result<void> convert(double from, std::int64_t& to) {
  const double rounded = std::nearbyint(from);  // To even at .5, as PostgreSQL's rint().
  if (!(rounded >= -kIntegerEnd && rounded < kIntegerEnd)) return out_of_range("integer");
  to = static_cast<std::int64_t>(rounded);
  return {};
}
Result<void> convert(double from, float& to) {
  to = static_cast<float>(from);
  if (std::isinf(to) && !std::isinf(from)) return out_of_range("real");
  if (to == 0 && from != 0) return out_of_range("real");
  return {};
}
template <class From, class To>
Result<void> widen(From from, To& to) {
  to = static_cast<To>(from);
  return {};
}
Result<void> truth(std::int64_t from, std::uint8_t& to) {
  to = static_cast<std::uint8_t>(from != 0);
  return {};
}

template <class From, class To, auto kConvert>
Result<void> cast(Operands operands, std::size_t rows, Column& out) {
  return try_map_rows<To>(operands, rows, out, [&](std::size_t row, To& result) -> Result<void> {
    return kConvert(operands[0].at<From>(row), result);
  });
}
Result<void> narrow(double from, float& to) { return convert(from, to); }
Result<void> round_to_integer(double from, std::int64_t& to) { return convert(from, to); }

// INT and DECIMAL to DECIMAL and INT.
Result<void> rescale_all(Operands operands, std::size_t rows, Column& out) {
  const Type from = operands[0].column->type();
  const Type to = out.type();
  const unsigned scale = from.kind == TypeKind::decimal ? from.scale : 0U;
  return try_map_rows<std::int64_t>(operands, rows, out, [&](std::size_t row, std::int64_t& result) -> Result<void> {
    const bool decimal = to.kind == TypeKind::decimal;
    result = TRY(rescale(operands[0].at<std::int64_t>(row), scale, decimal ? to.precision : kDecimalPrecisionMax,
                         decimal ? to.scale : std::uint8_t{0}));
    return {};
  });
}

// Through the printed digits, so that 0.1 becomes 0.1 and a DECIMAL the nearest float.
template <class From>
Result<void> float_to_decimal(Operands operands, std::size_t rows, Column& out) {
  std::string digits;
  return try_map_rows<std::int64_t>(operands, rows, out, [&](std::size_t row, std::int64_t& result) -> Result<void> {
    const From value = operands[0].at<From>(row);
    if (!std::isfinite(value)) return Error(Code::invalid_argument, "a DECIMAL is finite").with_sqlstate("22003");
    digits.clear();
    print_value(operands[0].column->type(), operands[0].column->bytes_at(operands[0].index(row)), digits);
    result = TRY(parse_decimal(digits, out.type().precision, out.type().scale));
    return {};
  });
}
template <class To>
Result<void> decimal_to_float(Operands operands, std::size_t rows, Column& out) {
  const unsigned scale = operands[0].column->type().scale;
  std::string digits;
  return try_map_rows<To>(operands, rows, out, [&](std::size_t row, To& result) -> Result<void> {
    const std::int64_t unscaled = operands[0].at<std::int64_t>(row);
    // Below 2^53 over a power of ten up to 22 both are exact, so that one division rounds once.
    constexpr std::int64_t kExact = std::int64_t{1} << 53;
    if (unscaled < kExact && unscaled > -kExact) {
      result = static_cast<To>(static_cast<double>(unscaled) / static_cast<double>(power_of_ten(scale)));
      return {};
    }
    digits.clear();
    print_decimal(unscaled, static_cast<std::uint8_t>(scale), digits);
    result = static_cast<To>(TRY(parse_floating(digits)));
    return {};
  });
}

// --- Text.
Result<void> to_text(Operands operands, std::size_t rows, Column& out) {
  const Column& from = *operands[0].column;
  std::string text;
  for (std::size_t row = 0; row < rows; ++row) {
    if (operands[0].is_null(row)) {
      out.append_null();
      continue;
    }
    text.clear();
    const Bytes bytes = from.bytes_at(operands[0].index(row));
    if (from.type().kind == TypeKind::boolean) {
      text = bytes[0] != std::byte{0} ? "true" : "false";  // A cast says the word; output says its letter.
    } else {
      print_value(from.type(), bytes, text);
    }
    out.append_bytes(as_bytes(text));
  }
  return {};
}

Result<void> append_parsed(std::string_view text, ByteBuffer& bytes, Column& out) {
  bytes.clear();
  TRY(parse_value(out.type(), text, bytes));
  out.type().is_variable() ? out.append_bytes(bytes) : out.append_fixed(bytes);
  return {};
}

Result<void> from_text(Operands operands, std::size_t rows, Column& out) {
  ByteBuffer bytes;
  for (std::size_t row = 0; row < rows; ++row) {
    if (operands[0].is_null(row)) {
      out.append_null();
      continue;
    }
    TRY(append_parsed(operands[0].at<StringRef>(row).view(), bytes, out));
  }
  return {};
}

// A JSON number or boolean; JSON's null is NULL.
Result<void> from_json(Operands operands, std::size_t rows, Column& out) {
  const std::string_view wanted = out.type().kind == TypeKind::boolean ? "boolean" : "number";
  ByteBuffer bytes;
  for (std::size_t row = 0; row < rows; ++row) {
    const std::string_view json = operands[0].is_null(row) ? "null" : operands[0].at<StringRef>(row).view();
    const std::string_view kind = json_kind(json);
    if (kind == "null") {
      out.append_null();
      continue;
    }
    if (kind != wanted) {
      return Error(Code::invalid_argument,
                   "cannot cast json " + std::string(kind) + " to type " + type_name(out.type()))
          .with_sqlstate("22023");
    }
    if (out.type().kind != TypeKind::integer) {
      TRY(append_parsed(json, bytes, out));
      continue;
    }
    out.append(TRY(parse_decimal(json, kDecimalPrecisionMax, 0)));
  }
  return {};
}

// --- Days and instants.
Result<void> midnight_of(std::int32_t days, std::int64_t& ns) {
  if (!__builtin_mul_overflow(std::int64_t{days}, kNsPerDay, &ns)) return {};
  return Error(Code::invalid_argument, "date out of range for timestamp").with_sqlstate("22008");
}
// Wrong only beside the first and the last nanosecond of TIMESTAMP, which a day beyond is equal to.
Result<void> nearest_midnight(std::int32_t days, std::int64_t& ns) {
  if (__builtin_mul_overflow(std::int64_t{days}, kNsPerDay, &ns)) ns = days < 0 ? INT64_MIN : INT64_MAX;
  return {};
}
Result<void> day_of(std::int64_t ns, std::int32_t& days) {
  days = static_cast<std::int32_t>(floor_divide(ns, kNsPerDay));
  return {};
}

// --- Vectors: element by element. REQUIRES: one dimension.
Result<void> put_element(double value, VectorElement element, std::size_t index, std::byte* to) {
  const auto whole = [&](double low, double high) {
    return value == std::floor(value) && value >= low && value <= high;
  };
  switch (element) {
    case VectorElement::f32: {
      const auto narrow_value = static_cast<float>(value);
      std::memcpy(to + index * 4, &narrow_value, 4);
      return {};
    }
    case VectorElement::f16: {
      const std::uint16_t half = half_of_float(static_cast<float>(value));
      if (!std::isfinite(float_of_half(half))) return out_of_range("f16");
      std::memcpy(to + index * 2, &half, 2);
      return {};
    }
    case VectorElement::i8:
      if (!whole(-128, 127)) return out_of_range("i8");
      to[index] = static_cast<std::byte>(static_cast<std::int8_t>(value));
      return {};
    case VectorElement::u8:
      if (!whole(0, 255)) return out_of_range("u8");
      to[index] = static_cast<std::byte>(static_cast<std::uint8_t>(value));
      return {};
    case VectorElement::bit:  // As pgvector's binary_quantize: what is above zero.
      if (value > 0) to[index / 8] |= std::byte{1} << (index % 8);
      return {};
  }
  return {};
}

Result<void> convert_vectors(Operands operands, std::size_t rows, Column& out) {
  const Type from = operands[0].column->type();
  ByteBuffer made(out.type().width());
  for (std::size_t row = 0; row < rows; ++row) {
    if (operands[0].is_null(row)) {
      out.append_null();
      continue;
    }
    std::fill(made.begin(), made.end(), std::byte{0});
    const std::byte* vector = operands[0].column->data() + operands[0].index(row) * from.width();
    for (std::size_t i = 0; i < from.dimension; ++i) {
      TRY(put_element(vector_element(from, vector, i), out.type().element, i, made.data()));
    }
    out.append_fixed(made);
  }
  return {};
}

struct CastEntry {
  TypeKind from;
  TypeKind to;
  CastContext context;
  Function function;
};
constexpr TypeKind kI = TypeKind::integer;
constexpr TypeKind kF = TypeKind::floating;
constexpr TypeKind kR = TypeKind::real;
constexpr TypeKind kD = TypeKind::decimal;
constexpr CastContext kImplicit = CastContext::implicit;
constexpr CastContext kAssignment = CastContext::assignment;
constexpr CastContext kExplicit = CastContext::explicit_;
constexpr CastEntry kCasts[] = {
    {TypeKind::boolean, kI, kExplicit, {"cast", cast<std::uint8_t, std::int64_t, widen<std::uint8_t, std::int64_t>>}},
    {kI, TypeKind::boolean, kExplicit, {"cast", cast<std::int64_t, std::uint8_t, truth>}},
    {kI, kF, kImplicit, {"cast", cast<std::int64_t, double, widen<std::int64_t, double>>}},
    {kI, kR, kImplicit, {"cast", cast<std::int64_t, float, widen<std::int64_t, float>>}},
    {kI, kD, kImplicit, {"cast", rescale_all}},
    {kR, kF, kImplicit, {"cast", cast<float, double, widen<float, double>>}},
    {kR, kI, kAssignment, {"cast", cast<float, std::int64_t, round_to_integer>}},
    {kR, kD, kAssignment, {"cast", float_to_decimal<float>}},
    {kF, kR, kAssignment, {"cast", cast<double, float, narrow>}},
    {kF, kI, kAssignment, {"cast", cast<double, std::int64_t, round_to_integer>}},
    {kF, kD, kAssignment, {"cast", float_to_decimal<double>}},
    {kD, kI, kAssignment, {"cast", rescale_all}},
    {kD, kF, kImplicit, {"cast", decimal_to_float<double>}},
    {kD, kR, kImplicit, {"cast", decimal_to_float<float>}},
    {kD, kD, kImplicit, {"cast", rescale_all}},
    {TypeKind::date, TypeKind::timestamp, kImplicit, {"cast", cast<std::int32_t, std::int64_t, midnight_of>}},
    {TypeKind::timestamp, TypeKind::date, kAssignment, {"cast", cast<std::int64_t, std::int32_t, day_of>}},
    {TypeKind::json, kI, kExplicit, {"cast", from_json}},
    {TypeKind::json, kF, kExplicit, {"cast", from_json}},
    {TypeKind::json, kR, kExplicit, {"cast", from_json}},
    {TypeKind::json, kD, kExplicit, {"cast", from_json}},
    {TypeKind::json, TypeKind::boolean, kExplicit, {"cast", from_json}},
    {TypeKind::vector, TypeKind::vector, kAssignment, {"cast", convert_vectors}},
};
constexpr CastEntry kDayBesideInstant{TypeKind::date,
                                      TypeKind::timestamp,
                                      CastContext::comparison,
                                      {"cast", cast<std::int32_t, std::int64_t, nearest_midnight>}};
std::size_t printed_row_bytes(Operands operands, std::size_t row) noexcept { return printed_bytes(operands[0], row); }
constexpr CastEntry kToText{{}, TypeKind::text, kAssignment, {"cast", to_text, nullptr, made_by<printed_row_bytes>}};
constexpr CastEntry kFromText{TypeKind::text, {}, kExplicit, {"cast", from_text, nullptr, made_of_first<1>}};

const CastEntry* find(const Type& from, const Type& to) noexcept {
  if (from == to) return nullptr;
  if (from.kind == TypeKind::vector && to.kind == TypeKind::vector && from.dimension != to.dimension) return nullptr;
  if (to.kind == TypeKind::text) return &kToText;
  if (from.kind == TypeKind::text) return &kFromText;
  for (const CastEntry& entry : kCasts) {
    if (entry.from == from.kind && entry.to == to.kind) return &entry;
  }
  return nullptr;
}

}  // namespace

const Function* cast_function(const Type& from, const Type& to) noexcept {
  const CastEntry* found = find(from, to);
  return found == nullptr ? nullptr : &found->function;
}

bool can_cast(const Type& from, const Type& to, CastContext context) noexcept {
  if (from == to) return true;
  const CastEntry* found = find(from, to);
  return found != nullptr && found->context <= context;
}

Result<const Function*> resolve_cast(const Type& from, const Type& to, CastContext context, SourcePosition at) {
  if (context == CastContext::comparison && from.kind == TypeKind::date && to.kind == TypeKind::timestamp) {
    return &kDayBesideInstant.function;
  }
  const CastEntry* found = find(from, to);
  if (found != nullptr && found->context <= context) return &found->function;
  if (from.kind == TypeKind::vector && to.kind == TypeKind::vector && from.dimension != to.dimension) {
    return wrong_dimension(to.dimension, from.dimension).at(at);
  }
  if (found == nullptr) {
    return Error(Code::invalid_argument, "cannot cast type " + type_name(from) + " to " + type_name(to))
        .with_sqlstate("42846")
        .at(at);
  }
  return Error(Code::invalid_argument,
               "the value is of type " + type_name(from) + " where " + type_name(to) + " is wanted")
      .with_sqlstate("42804")
      .with_hint("cast it: CAST(... AS " + type_name(to) + ")")
      .at(at);
}

}  // namespace mneme::query
