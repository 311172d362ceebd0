// adapt<f>: the kernel of a plain function of one row's values. f takes its arguments as they lie in columns (TEXT,
// BLOB and JSON as string_view) and returns a value, text, or either as std::optional (nothing: NULL) or in a Result.
// The kernel is strict: f is not called where an argument is NULL.
// A string_view that f returns is borrowed, not copied: it must be a part of an argument or live for ever.
#pragma once

#include <optional>
#include <string>
#include <utility>

#include "query/operand.h"

namespace mneme::query {
namespace adapt_detail {

template <class T>
auto argument_at(const Operand& operand, std::size_t row) noexcept {
  if constexpr (std::is_same_v<T, std::string_view>) {
    return operand.at<StringRef>(row).view();
  } else {
    return operand.at<T>(row);
  }
}

template <class T>
struct Unwrapped {
  using Type = T;
};
template <class T>
struct Unwrapped<Result<T>> {
  using Type = T;
};
template <class T>
constexpr bool kIsOptional = false;
template <class T>
constexpr bool kIsOptional<std::optional<T>> = true;
template <class T>
constexpr bool kIsText = std::is_same_v<T, std::string> || std::is_same_v<T, std::string_view>;

template <class T>
void append(const T& value, Column& out) {
  if constexpr (kIsOptional<T>) {
    value ? append(*value, out) : out.append_null();
  } else if constexpr (std::is_same_v<T, std::string_view>) {
    out.append_borrowed({value.data(), value.size()});
  } else if constexpr (std::is_same_v<T, std::string>) {
    out.append_bytes(as_bytes(value));
  } else {
    out.append(value);
  }
}

template <auto kFunction, class Returned, class... Arguments, std::size_t... kIndex>
Result<void> run(Returned (*)(Arguments...), std::index_sequence<kIndex...>, Operands operands, std::size_t rows,
                 Column& out) {
  using Value = typename Unwrapped<Returned>::Type;
  const auto compute = [&](std::size_t row) -> Returned {
    static_cast<void>(row);  // Of a function without arguments.
    return kFunction(argument_at<std::remove_cvref_t<Arguments>>(operands[kIndex], row)...);
  };
  if constexpr (!std::is_same_v<Value, Returned>) {
    const auto validity = strict_validity(operands, rows);
    for (std::size_t row = 0; row < rows; ++row) {
      if (!bit_of(validity, row)) {
        out.append_null();
        continue;
      }
      const Value value = TRY(compute(row));
      append(value, out);
    }
  } else if constexpr (kIsOptional<Value> || kIsText<Value>) {
    const auto validity = strict_validity(operands, rows);
    for (std::size_t row = 0; row < rows; ++row) bit_of(validity, row) ? append(compute(row), out) : out.append_null();
  } else {
    map_rows<Value>(operands, rows, out, compute);
  }
  return {};
}

template <class Returned, class... Arguments>
constexpr std::size_t argument_count(Returned (*)(Arguments...)) noexcept {
  return sizeof...(Arguments);
}

}  // namespace adapt_detail

template <auto kFunction>
Result<void> adapt(Operands operands, std::size_t rows, Column& out) {
  constexpr std::size_t kCount = adapt_detail::argument_count(kFunction);
  return adapt_detail::run<kFunction>(kFunction, std::make_index_sequence<kCount>(), operands, rows, out);
}

}  // namespace mneme::query
