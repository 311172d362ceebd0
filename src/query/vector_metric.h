// What a distance of SQL measures, for operators that compute it over many rows at once.
#pragma once

#include <optional>

#include "query/expression.h"
#include "simd/distance.h"

namespace mneme::query {

// None: the function is not a distance of two vectors.
std::optional<simd::Metric> metric_of(const Function& function) noexcept;

}  // namespace mneme::query
