// Comparisons: one order per kind, six operators and two null-safe ones from it.
#include <array>

#include "query/kernels.h"
#include "query/value_order.h"

namespace mneme::query {
namespace {

// Numbers say it without a branch: floats by order()'s own rule, that NaN equals itself and stands above the rest.
template <std::integral T>
bool is_equal(T a, T b) noexcept {
  return a == b;
}
template <std::integral T>
bool is_less(T a, T b) noexcept {
  return a < b;
}
template <std::floating_point T>
bool is_equal(T a, T b) noexcept {
  return (a == b) | ((a != a) & (b != b));
}
template <std::floating_point T>
bool is_less(T a, T b) noexcept {
  return (a < b) | ((a == a) & (b != b));
}

struct Equal {
  static bool holds(std::strong_ordering o) noexcept { return o == 0; }
  static bool of(auto a, auto b) noexcept { return is_equal(a, b); }
};
struct NotEqual {
  static bool holds(std::strong_ordering o) noexcept { return o != 0; }
  static bool of(auto a, auto b) noexcept { return !is_equal(a, b); }
};
struct Less {
  static bool holds(std::strong_ordering o) noexcept { return o < 0; }
  static bool of(auto a, auto b) noexcept { return is_less(a, b); }
};
struct LessEqual {
  static bool holds(std::strong_ordering o) noexcept { return o <= 0; }
  static bool of(auto a, auto b) noexcept { return !is_less(b, a); }
};
struct Greater {
  static bool holds(std::strong_ordering o) noexcept { return o > 0; }
  static bool of(auto a, auto b) noexcept { return is_less(b, a); }
};
struct GreaterEqual {
  static bool holds(std::strong_ordering o) noexcept { return o >= 0; }
  static bool of(auto a, auto b) noexcept { return !is_less(a, b); }
};

// Loops over numbers: compiled for each type and operator, and nothing else is. `step` is 0 for a constant side, else
// 1. Rows that are NULL compare as whatever lies there: zeros.
using CompareLoop = void (*)(const std::byte* a, std::size_t a_step, const std::byte* b, std::size_t b_step,
                             std::size_t rows, std::uint8_t* out);
template <class T, class Operator>
void compare_rows(const std::byte* a, std::size_t a_step, const std::byte* b, std::size_t b_step, std::size_t rows,
                  std::uint8_t* out) {
  const T* left = reinterpret_cast<const T*>(a);
  const T* right = reinterpret_cast<const T*>(b);
  for (std::size_t row = 0; row < rows; ++row) {
    out[row] = static_cast<std::uint8_t>(Operator::of(left[row * a_step], right[row * b_step]));
  }
}

Result<void> compare_numbers(CompareLoop loop, Operands operands, std::size_t rows, Column& out) {
  const Operand& a = operands[0];
  const Operand& b = operands[1];
  ByteBuffer bytes(rows);
  loop(a.column->data(), a.constant ? 0 : 1, b.column->data(), b.constant ? 0 : 1, rows,
       reinterpret_cast<std::uint8_t*>(bytes.data()));
  out.adopt(std::move(bytes), rows, strict_validity(operands, rows));
  return {};
}

// All else is compared through its order alone.
using Order = std::strong_ordering (*)(const std::byte* a, const std::byte* b) noexcept;
template <class T>
std::strong_ordering order_at(const std::byte* a, const std::byte* b) noexcept {
  return order(*reinterpret_cast<const T*>(a), *reinterpret_cast<const T*>(b));
}
const std::byte* value_at(const Operand& operand, std::size_t row, std::size_t width) noexcept {
  return operand.column->data() + operand.index(row) * width;
}

using Holds = bool (*)(std::strong_ordering) noexcept;
Result<void> compare_ordered(Order order, Holds holds, Operands operands, std::size_t rows, Column& out) {
  const std::size_t width = operands[0].column->type().width();
  map_rows<std::uint8_t>(operands, rows, out, [&](std::size_t row) {
    return static_cast<std::uint8_t>(
        holds(order(value_at(operands[0], row, width), value_at(operands[1], row, width))));
  });
  return {};
}

template <class T, class Operator>
Result<void> compare(Operands operands, std::size_t rows, Column& out) {
  if constexpr (std::is_arithmetic_v<T>) {
    return compare_numbers(compare_rows<T, Operator>, operands, rows, out);
  } else {
    return compare_ordered(order_at<T>, Operator::holds, operands, rows, out);
  }
}

// Texts of different lengths are not equal, whatever they say; most that differ do so in their first byte.
bool is_same_text(const StringRef& a, const StringRef& b) noexcept {
  if (a.size != b.size || a.size == 0) return a.size == b.size;
  return *a.data == *b.data && std::memcmp(a.data, b.data, static_cast<std::size_t>(a.size)) == 0;
}

template <bool kWantEqual>
Result<void> compare_texts(Operands operands, std::size_t rows, Column& out) {
  map_rows<std::uint8_t>(operands, rows, out, [&](std::size_t row) {
    return static_cast<std::uint8_t>(is_same_text(operands[0].at<StringRef>(row), operands[1].at<StringRef>(row)) ==
                                     kWantEqual);
  });
  return {};
}

// NULL is a value here: two are the same, one is distinct from everything else. Never NULL itself.
Result<void> compare_with_nulls(Order order, bool want_distinct, Operands operands, std::size_t rows, Column& out) {
  const Operand& a = operands[0];
  const Operand& b = operands[1];
  const std::size_t width = a.column->type().width();
  ByteBuffer bytes(rows);
  for (std::size_t row = 0; row < rows; ++row) {
    const bool a_null = a.is_null(row);
    const bool b_null = b.is_null(row);
    const bool distinct =
        a_null || b_null ? a_null != b_null : order(value_at(a, row, width), value_at(b, row, width)) != 0;
    bytes[row] = static_cast<std::byte>(distinct == want_distinct);
  }
  out.adopt(std::move(bytes), rows, {});
  return {};
}
template <class T, bool kWantDistinct>
Result<void> compare_nulls(Operands operands, std::size_t rows, Column& out) {
  return compare_with_nulls(order_at<T>, kWantDistinct, operands, rows, out);
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
