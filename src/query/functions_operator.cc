// Operators by their symbol and the types of their operands.
#include <algorithm>
#include <array>

#include "query/functions.h"
#include "query/functions_error.h"
#include "query/functions_resolve.h"
#include "query/functions_type.h"
#include "query/kernels.h"
#include "query/kernels_vector.h"

namespace mneme::query {
namespace {

constexpr Type kText{.kind = TypeKind::text};
constexpr Type kFloat{.kind = TypeKind::floating};
constexpr Type kBool{.kind = TypeKind::boolean};

constexpr std::array<std::string_view, 8> kComparisons{
    "=", "<>", "<", "<=", ">", ">=", "is distinct from", "is not distinct from"};
constexpr std::array<std::string_view, 5> kArithmetic{"+", "-", "*", "/", "%"};

template <std::size_t N>
bool contains(const std::array<std::string_view, N>& symbols, std::string_view symbol) noexcept {
  return std::ranges::find(symbols, symbol) != symbols.end();
}

// What an operand of unknown type is read as beside a DECIMAL: with digits to spare, so that '1.234' is not rounded to
// the two of a price before it is compared.
Type beside(const Type& other) noexcept {
  if (other.kind != TypeKind::decimal) return other;
  constexpr std::uint8_t kScale = 6;
  return {.kind = TypeKind::decimal, .precision = kDecimalPrecisionMax, .scale = std::max(other.scale, kScale)};
}

struct Pair {
  Type left;
  Type right;
};
Pair settle(std::span<const Argument> operands) noexcept {
  const Argument& a = operands[0];
  const Argument& b = operands[1];
  if (a.unknown && b.unknown) return {kText, kText};
  return {a.unknown ? beside(b.type) : a.type, b.unknown ? beside(a.type) : b.type};
}

Error different_dimensions(const Pair& pair, SourcePosition at) {
  return Error(Code::invalid_argument, "different vector dimensions " + std::to_string(pair.left.dimension) + " and " +
                                           std::to_string(pair.right.dimension))
      .with_sqlstate("22000")
      .at(at);
}

Result<Overload> compare(std::string_view symbol, std::span<const Argument> operands, SourcePosition at) {
  const Pair pair = settle(operands);
  if (pair.left.kind == TypeKind::vector && pair.right.kind == TypeKind::vector &&
      pair.left.dimension != pair.right.dimension) {
    return different_dimensions(pair, at);
  }
  const bool exact = is_exact_number(pair.left) && is_exact_number(pair.right);
  if (exact && pair.left != pair.right) {
    return Overload{decimal_comparison(symbol), {pair.left, pair.right}, kBool};
  }
  const auto met = meeting_type(pair.left, pair.right);
  const Function* function = met ? comparison(symbol, *met) : nullptr;
  if (function == nullptr) return no_such_operator(symbol, operands, at);
  return Overload{function, {*met, *met}, kBool, false, true};
}

// REQUIRES: both are numbers.
Result<Overload> compute(std::string_view symbol, const Pair& pair, std::span<const Argument> operands,
                         SourcePosition at) {
  const bool exact = is_exact_number(pair.left) && is_exact_number(pair.right);
  if (exact && (pair.left.kind == TypeKind::decimal || pair.right.kind == TypeKind::decimal)) {
    return Overload{
        decimal_arithmetic(symbol), {pair.left, pair.right}, decimal_result(symbol[0], pair.left, pair.right)};
  }
  const Type type = pair.left == pair.right ? pair.left : kFloat;
  const Function* function = arithmetic(symbol, type, 2);
  if (function == nullptr) return no_such_operator(symbol, operands, at);
  return Overload{function, {type, type}, type};
}

// TEXT || anything, as text; BLOB || BLOB.
Result<Overload> concatenate(std::span<const Argument> operands, SourcePosition at) {
  const Pair pair = settle(operands);
  const bool text = operands[0].unknown || operands[1].unknown || pair.left == kText || pair.right == kText;
  const bool blobs = pair.left.kind == TypeKind::blob && pair.right.kind == TypeKind::blob;
  if (!text && !blobs) return no_such_operator("||", operands, at);
  const Type type = blobs ? pair.left : kText;
  const std::array<Type, 2> types{kText, kText};
  return Overload{text_function("||", types), {type, type}, type};
}

Result<Overload> power(std::span<const Argument> operands, SourcePosition at) {
  const Pair pair = settle(operands);
  if (!is_number(pair.left) || !is_number(pair.right)) return no_such_operator("^", operands, at);
  return Overload{math("power", 2), {kFloat, kFloat}, kFloat};
}

Result<Overload> by_signature(std::string_view symbol, std::span<const Argument> operands, SourcePosition at) {
  if (operands.size() == 2 && operands[0].unknown != operands[1].unknown) {  // First as if both were of one type.
    const Pair pair = settle(operands);
    const std::array<Argument, 2> same{Argument{pair.left}, Argument{pair.right}};
    if (auto chosen = choose_signature(symbol, same, at)) return *std::move(chosen);
  }
  if (auto chosen = choose_signature(symbol, operands, at)) return *std::move(chosen);
  return no_such_operator(symbol, operands, at);
}

}  // namespace

Result<Overload> resolve_operator(std::string_view symbol, std::span<const Argument> operands, SourcePosition at) {
  if (symbol == "!=") symbol = "<>";
  if (operands.size() != 2) return by_signature(symbol, operands, at);
  if (auto distance = resolve_distance(symbol, operands, at)) return *std::move(distance);
  if (contains(kComparisons, symbol)) return compare(symbol, operands, at);
  if (symbol == "||") return concatenate(operands, at);
  if (symbol == "^") return power(operands, at);
  if (contains(kArithmetic, symbol)) {
    const Pair pair = settle(operands);
    if (is_number(pair.left) && is_number(pair.right)) return compute(symbol, pair, operands, at);
  }
  return by_signature(symbol, operands, at);
}

}  // namespace mneme::query
