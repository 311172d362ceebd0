#include "sql/bind_error.h"

#include <algorithm>
#include <numeric>
#include <vector>

namespace mneme::sql::binding {
namespace {

constexpr std::size_t kNameBytesMax = 64;  // Longer names get no hint: the distance is quadratic.

// Levenshtein's distance, over bytes.
std::size_t edits(std::string_view from, std::string_view to) {
  std::vector<std::size_t> row(to.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < from.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i + 1;
    for (std::size_t j = 0; j < to.size(); ++j) {
      const std::size_t replaced = diagonal + (from[i] == to[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, row[j] + 1, row[j + 1] + 1});
    }
  }
  return row.back();
}

}  // namespace

std::string nearest_name(std::string_view name, std::span<const std::string> candidates) {
  if (name.size() > kNameBytesMax) return {};
  // Two letters that changed places are two edits.
  const std::size_t edits_max = name.size() < 4 ? 1 : std::max<std::size_t>(name.size() / 3, 2);
  std::size_t least = edits_max + 1;
  std::string nearest;
  for (const std::string& candidate : candidates) {
    if (candidate.size() > kNameBytesMax) continue;
    const std::size_t distance = edits(name, candidate);
    if (distance >= least) continue;
    least = distance;
    nearest = candidate;
  }
  return nearest;
}

std::string nearest_hint(std::string_view name, std::span<const std::string> candidates) {
  const std::string nearest = nearest_name(name, candidates);
  return nearest.empty() ? std::string() : "did you mean \"" + nearest + "\"?";
}

}  // namespace mneme::sql::binding
