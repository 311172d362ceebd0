#include "query/kernels_vector.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "query/functions_error.h"
#include "query/functions_type.h"
#include "query/operand.h"
#include "query/signature.h"
#include "simd/distance.h"
#include "types/vector.h"

namespace mneme::query {
namespace {

using simd::Metric;

// Every metric is symmetric, to the last bit: a constant side is the query, whichever it is.
void measure(simd::DistanceKernel kernel, Operands operands, std::size_t rows, double* distances) {
  const std::size_t width = operands[0].column->type().width();
  const std::size_t dimension = operands[0].column->type().dimension;
  const bool first = operands[0].constant;
  const Operand& query = operands[first ? 0 : 1];
  const Operand& vectors = operands[first ? 1 : 0];
  if (query.constant) {
    kernel(query.column->data(), vectors.column->data(), vectors.constant ? 0 : width, rows, dimension, distances);
    return;
  }
  for (std::size_t row = 0; row < rows; ++row) {
    const std::size_t at = row * width;
    kernel(query.column->data() + at, vectors.column->data() + at, 0, 1, dimension, distances + row);
  }
}

// NULLs are zeros in a column: measured like the rest, which costs less than to pass over them.
template <Metric kMetric, bool kNegated>
Result<void> distances(Operands operands, std::size_t rows, Column& out) {
  const simd::DistanceKernel kernel = simd::distance_kernel(kMetric, operands[0].column->type().element);
  ASSERT(kernel != nullptr);
  ByteBuffer bytes(rows * sizeof(double));
  auto* values = reinterpret_cast<double*>(bytes.data());
  measure(kernel, operands, rows, values);
  if (kNegated) std::transform(values, values + rows, values, [](double x) { return 0.0 - x; });
  out.adopt(std::move(bytes), rows, strict_validity(operands, rows));
  return {};
}

struct NamedDistance {
  std::string_view name;
  Function function;
  Metric metric;
};
template <Metric kMetric, bool kNegated = false>
constexpr NamedDistance named(std::string_view name) {
  return {name, {name, distances<kMetric, kNegated>}, kMetric};
}
constexpr std::size_t kSymbols = 5;
constexpr std::array kDistances{
    named<Metric::l2>("<->"),
    named<Metric::negative_inner_product>("<#>"),
    named<Metric::cosine>("<=>"),
    named<Metric::l1>("<+>"),
    named<Metric::hamming>("<~>"),
    named<Metric::l2>("l2_distance"),
    named<Metric::l2_squared>("vector_l2_squared_distance"),
    named<Metric::negative_inner_product>("vector_negative_inner_product"),
    named<Metric::negative_inner_product, true>("inner_product"),
    named<Metric::cosine>("cosine_distance"),
    named<Metric::l1>("l1_distance"),
    named<Metric::hamming>("hamming_distance"),
};
constexpr auto kNames = [] {
  std::array<std::string_view, kDistances.size() - kSymbols> names;
  for (std::size_t i = 0; i < names.size(); ++i) names[i] = kDistances[kSymbols + i].name;
  return names;
}();

Error different_dimensions(const Type& a, const Type& b, SourcePosition at) {
  return Error(Code::invalid_argument,
               "different vector dimensions " + std::to_string(a.dimension) + " and " + std::to_string(b.dimension))
      .with_sqlstate("22000")
      .at(at);
}

Error not_of_these(const NamedDistance& distance, std::span<const Argument> arguments, SourcePosition at) {
  const bool symbol = distance.name.front() == '<';
  return symbol ? no_such_operator(distance.name, arguments, at) : no_such_function(distance.name, arguments, at);
}

Result<Overload> of_arguments(const NamedDistance& distance, std::span<const Argument> arguments, SourcePosition at) {
  if (arguments.size() != 2 || (arguments[0].unknown && arguments[1].unknown)) {
    return not_of_these(distance, arguments, at);
  }
  const Type a = arguments[arguments[0].unknown ? 1 : 0].type;
  const Type b = arguments[arguments[1].unknown ? 0 : 1].type;
  if (a.kind != TypeKind::vector || b.kind != TypeKind::vector) return not_of_these(distance, arguments, at);
  if (a.dimension != b.dimension) return different_dimensions(a, b, at);
  const bool bits = a.element == VectorElement::bit && b.element == VectorElement::bit;
  if (bits != (distance.metric == Metric::hamming)) {
    return not_of_these(distance, arguments, at)
        .with_hint("vectors of bits have <~>, the number of bits that differ; all others have <->, <=>, <#> and <+>");
  }
  const Type met = a == b ? a : Type{.kind = TypeKind::vector, .dimension = a.dimension};
  return Overload{&distance.function, {met, met}, {.kind = TypeKind::floating}};
}

Result<void> dimensions(Operands operands, std::size_t rows, Column& out) {
  const std::int64_t dimension = operands[0].column->type().dimension;
  map_rows<std::int64_t>(operands, rows, out, [&](std::size_t) { return dimension; });
  return {};
}

Result<void> norm(Operands operands, std::size_t rows, Column& out) {
  const Type type = operands[0].column->type();
  map_rows<double>(operands, rows, out, [&](std::size_t row) {
    const std::byte* vector = operands[0].column->data() + operands[0].index(row) * type.width();
    double squares = 0;
    for (std::size_t i = 0; i < type.dimension; ++i) {
      const double element = vector_element(type, vector, i);
      squares += element * element;
    }
    return std::sqrt(squares);
  });
  return {};
}

constexpr Signature kSignatures[] = {
    signature("vector_dims", dimensions, returns<TypeKind::integer>, TypeKind::vector),
    signature("vector_norm", norm, returns<TypeKind::floating>, TypeKind::vector),
    signature("l2_norm", norm, returns<TypeKind::floating>, TypeKind::vector),
};

}  // namespace

std::span<const std::string_view> vector_names() noexcept { return kNames; }

std::optional<Result<Overload>> resolve_distance(std::string_view name, std::span<const Argument> arguments,
                                                 SourcePosition at) {
  for (const NamedDistance& distance : kDistances) {
    if (distance.name == name) return of_arguments(distance, arguments, at);
  }
  return std::nullopt;
}

std::span<const Signature> vector_signatures() noexcept { return kSignatures; }

}  // namespace mneme::query
