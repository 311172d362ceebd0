#include "query/vector_metric.h"

#include <algorithm>
#include <array>
#include <utility>

namespace mneme::query {
namespace {

constexpr std::array<std::pair<std::string_view, simd::Metric>, 10> kDistances{{
    {"<->", simd::Metric::l2},
    {"l2_distance", simd::Metric::l2},
    {"vector_l2_squared_distance", simd::Metric::l2_squared},
    {"<#>", simd::Metric::negative_inner_product},
    {"<=>", simd::Metric::cosine},
    {"cosine_distance", simd::Metric::cosine},
    {"<+>", simd::Metric::l1},
    {"l1_distance", simd::Metric::l1},
    {"<~>", simd::Metric::hamming},
    {"hamming_distance", simd::Metric::hamming},
}};

}  // namespace

std::optional<simd::Metric> metric_of(const Function& function) noexcept {
  const auto* found = std::ranges::find(kDistances, function.name, &std::pair<std::string_view, simd::Metric>::first);
  if (found == kDistances.end()) return std::nullopt;
  return found->second;
}

}  // namespace mneme::query
