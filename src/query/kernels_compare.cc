// Comparisons: one order per kind, six operators and two null-safe ones from it.
#include <array>

#include "query/kernels.h"
#include "query/value_order.h"

namespace mneme::query {
namespace {

struct Equal {
  static bool holds(std::strong_ordering o) noexcept { return o == 0; }
};
struct NotEqual {
  static bool holds(std::strong_ordering o) noexcept { return o != 0; }
};
struct Less {
  static bool holds(std::strong_ordering o) noexcept { return o < 0; }
};
struct LessEqual {
  static bool holds(std::strong_ordering o) noexcept { return o <= 0; }
};
struct Greater {
  static bool holds(std::strong_ordering o) noexcept { return o > 0; }
};
struct GreaterEqual {
  static bool holds(std::strong_ordering o) noexcept { return o >= 0; }
};

// `step` is 0 for a constant side, else 1. Rows that are NULL compare as whatever lies there: zeros.
template <class T, class Operator>
void compare_rows(const T* a, std::size_t a_step, const T* b, std::size_t b_step, std::size_t rows, std::uint8_t* out) {
  for (std::size_t row = 0; row < rows; ++row) {
    out[row] = static_cast<std::uint8_t>(Operator::holds(order(a[row * a_step], b[row * b_step])));
  }
}

template <class T, class Operator>
Result<void> compare(Operands operands, std::size_t rows, Column& out) {
  const Operand& a = operands[0];
  const Operand& b = operands[1];
  if constexpr (std::is_arithmetic_v<T>) {
    ByteBuffer bytes(rows);
    compare_rows<T, Operator>(a.column->values<T>(), a.constant ? 0 : 1, b.column->values<T>(), b.constant ? 0 : 1,
                              rows, reinterpret_cast<std::uint8_t*>(bytes.data()));
    out.adopt(std::move(bytes), rows, strict_validity(operands, rows));
  } else {
    map_rows<std::uint8_t>(operands, rows, out, [&](std::size_t row) {
      return static_cast<std::uint8_t>(Operator::holds(order(a.at<T>(row), b.at<T>(row))));
    });
  }
  return {};
}

// Texts of different lengths are not equal, whatever they say.
template <bool kWantEqual>
Result<void> compare_texts(Operands operands, std::size_t rows, Column& out) {
  map_rows<std::uint8_t>(operands, rows, out, [&](std::size_t row) {
    return static_cast<std::uint8_t>((operands[0].at<StringRef>(row).view() == operands[1].at<StringRef>(row).view()) ==
                                     kWantEqual);
  });
  return {};
}

// NULL is a value here: two are the same, one is distinct from everything else. Never NULL itself.
template <class T, bool kWantDistinct>
Result<void> compare_nulls(Operands operands, std::size_t rows, Column& out) {
  const Operand& a = operands[0];
  const Operand& b = operands[1];
  ByteBuffer bytes(rows);
  for (std::size_t row = 0; row < rows; ++row) {
    const bool a_null = a.is_null(row);
    const bool b_null = b.is_null(row);
    const bool distinct = a_null || b_null ? a_null != b_null : order(a.at<T>(row), b.at<T>(row)) != 0;
    bytes[row] = static_cast<std::byte>(distinct == kWantDistinct);
  }
  out.adopt(std::move(bytes), rows, {});
  return {};
}

// Vectors of one type are equal when their bytes are (elements of f32: -0 and NaN by their bits).
template <bool kWantEqual>
Result<void> compare_vectors(Operands operands, std::size_t rows, Column& out) {
  const std::size_t width = operands[0].column->type().width();
  map_rows<std::uint8_t>(operands, rows, out, [&](std::size_t row) {
    const auto* a = operands[0].column->data() + operands[0].index(row) * width;
    const auto* b = operands[1].column->data() + operands[1].index(row) * width;
    return static_cast<std::uint8_t>((std::memcmp(a, b, width) == 0) == kWantEqual);
  });
  return {};
}

template <class T>
const Function* by_symbol(std::string_view symbol) {
  static constexpr std::array<Function, 8> kFunctions{{
      {"=", compare<T, Equal>},
      {"<>", compare<T, NotEqual>},
      {"<", compare<T, Less>},
      {"<=", compare<T, LessEqual>},
      {">", compare<T, Greater>},
      {">=", compare<T, GreaterEqual>},
      {"is distinct from", compare_nulls<T, true>},
      {"is not distinct from", compare_nulls<T, false>},
  }};
  for (const Function& f : kFunctions) {
    if (f.name == symbol) return &f;
  }
  return nullptr;
}

const Function* text_comparison(std::string_view symbol) {
  static constexpr Function kEqual{"=", compare_texts<true>};
  static constexpr Function kNotEqual{"<>", compare_texts<false>};
  return symbol == "=" ? &kEqual : symbol == "<>" ? &kNotEqual : by_symbol<StringRef>(symbol);
}

const Function* vector_equality(std::string_view symbol) {
  static constexpr Function kEqual{"=", compare_vectors<true>};
  static constexpr Function kNotEqual{"<>", compare_vectors<false>};
  return symbol == "=" ? &kEqual : symbol == "<>" ? &kNotEqual : nullptr;
}

}  // namespace

const Function* comparison(std::string_view symbol, const Type& type) {
  switch (type.kind) {
    case TypeKind::boolean: return by_symbol<std::uint8_t>(symbol);
    case TypeKind::integer:
    case TypeKind::timestamp:
    case TypeKind::decimal: return by_symbol<std::int64_t>(symbol);
    case TypeKind::date: return by_symbol<std::int32_t>(symbol);
    case TypeKind::floating: return by_symbol<double>(symbol);
    case TypeKind::real: return by_symbol<float>(symbol);
    case TypeKind::text:
    case TypeKind::blob: return text_comparison(symbol);
    case TypeKind::json: return symbol == "=" || symbol == "<>" ? text_comparison(symbol) : nullptr;
    case TypeKind::interval: return by_symbol<Interval>(symbol);
    case TypeKind::uuid: return by_symbol<Uuid>(symbol);
    case TypeKind::point: return by_symbol<Point>(symbol);
    case TypeKind::point3: return by_symbol<Point3>(symbol);
    case TypeKind::vector: return vector_equality(symbol);
  }
  return nullptr;
}

}  // namespace mneme::query
