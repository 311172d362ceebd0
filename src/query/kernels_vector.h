// Distances between vectors as operators and functions, under pgvector's names.
//
// Both sides have one dimension. Of different elements both become f32. What a scan computes is what
// simd/distance.h computes.
#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "query/functions.h"

namespace mneme::query {

std::span<const std::string_view> vector_names() noexcept;  // Of functions of two vectors.
// By symbol (<-> <#> <=> <+> <~>) or name (l2_distance ...). Nothing when it is neither.
std::optional<Result<Overload>> resolve_distance(std::string_view name, std::span<const Argument> arguments,
                                                 SourcePosition at);

}  // namespace mneme::query
