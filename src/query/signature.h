// Signature: what a function or operator takes and yields, beside its kernel. The resolver (functions.h) chooses among
// those of one name. Parameters of a type (a DECIMAL's scale, a VECTOR's dimension) are the argument's own: kernels
// read them from their operands.
#pragma once

#include <array>
#include <span>

#include "query/expression.h"

namespace mneme::query {

constexpr std::size_t kSignatureArgumentsMax = 7;  // make_interval

using ResultType = Type (*)(std::span<const Type> arguments);

struct Signature {
  Function function;
  ResultType result = nullptr;
  std::size_t count = 0;
  std::array<TypeKind, kSignatureArgumentsMax> arguments{};
};

template <class... Kinds>
constexpr Signature signature(std::string_view name, decltype(Function::kernel) kernel, ResultType result,
                              Kinds... kinds) {
  return {{name, kernel}, result, sizeof...(kinds), {kinds...}};
}
// Of a function that need not read all of a blob.
template <class... Kinds>
constexpr Signature signature(std::string_view name, decltype(Function::kernel) kernel,
                              decltype(Function::by_reference) by_reference, ResultType result, Kinds... kinds) {
  return {{name, kernel, by_reference}, result, sizeof...(kinds), {kinds...}};
}

// Of one that tells beforehand how much text it makes.
constexpr Signature making(MadeFunction made, Signature signature) {
  signature.function.made = made;
  return signature;
}

template <TypeKind kKind>
Type returns(std::span<const Type>) {
  return {.kind = kKind};
}
inline Type returns_first(std::span<const Type> arguments) { return arguments.front(); }

// One span a file of kernels.
std::span<const Signature> arithmetic_signatures() noexcept;
std::span<const Signature> decimal_signatures() noexcept;
std::span<const Signature> math_signatures() noexcept;
std::span<const Signature> text_signatures() noexcept;
std::span<const Signature> time_signatures() noexcept;
std::span<const Signature> word_signatures() noexcept;
std::span<const Signature> blob_signatures() noexcept;
std::span<const Signature> json_signatures() noexcept;
std::span<const Signature> vector_signatures() noexcept;
std::span<const Signature> geo_signatures() noexcept;
std::span<const Signature> limit_signatures() noexcept;

}  // namespace mneme::query
