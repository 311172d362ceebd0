#include "storage/compaction_plan.h"

#include <algorithm>
#include <bit>
#include <map>
#include <tuple>

namespace mneme {
namespace {

constexpr std::uint64_t kTierRows = 4'096;  // Of the lowest tier; each next one is four times as large.

std::size_t tier_of(std::uint64_t rows) { return static_cast<std::size_t>(std::bit_width(rows / kTierRows) + 1) / 2; }

bool overlap(const MergeCandidate& a, const MergeCandidate& b) {
  if (!a.time || !b.time) return true;
  return a.time->first_ns <= b.time->last_ns && b.time->first_ns <= a.time->last_ns;
}

// The lowest tier that is full.
std::vector<std::size_t> full_tier(std::span<const MergeCandidate> segments) {
  std::map<std::size_t, std::vector<std::size_t>> tiers;
  for (std::size_t i = 0; i < segments.size(); ++i) tiers[tier_of(segments[i].rows)].push_back(i);
  for (auto& [tier, members] : tiers) {
    if (members.size() < kMergeFanIn) continue;
    members.resize(std::min(members.size(), kMergeInputsMax));  // The oldest.
    return members;
  }
  return {};
}

// Of the segments, by size: the first few such that each is at most twice as large as all before it, so that a row that
// is rewritten ends up in something notably larger. None such: the two nearest in size.
std::vector<std::size_t> similar(std::span<const MergeCandidate> segments, const std::vector<std::size_t>& by_size) {
  std::size_t best = 0;
  double least = 0;
  for (std::size_t i = 0; i + 1 < by_size.size(); ++i) {
    std::uint64_t sum = segments[by_size[i]].rows;
    std::size_t end = i + 1;
    while (end < by_size.size() && end - i < kMergeInputsMax && segments[by_size[end]].rows <= 2 * sum) {
      sum += segments[by_size[end++]].rows;
    }
    if (end - i >= 2) {
      return {by_size.begin() + static_cast<std::ptrdiff_t>(i), by_size.begin() + static_cast<std::ptrdiff_t>(end)};
    }
    const double ratio = static_cast<double>(segments[by_size[i + 1]].rows) / static_cast<double>(sum);
    if (i == 0 || ratio < least) std::tie(best, least) = std::pair(i, ratio);
  }
  return {by_size[best], by_size[best + 1]};
}

// Some of those that overlap too many others.
std::vector<std::size_t> too_deep(std::span<const MergeCandidate> segments) {
  for (std::size_t i = 0; i < segments.size(); ++i) {
    std::vector<std::size_t> over;
    for (std::size_t j = 0; j < segments.size(); ++j) {
      if (overlap(segments[i], segments[j])) over.push_back(j);
    }
    if (over.size() <= kOverlapMax) continue;
    std::ranges::stable_sort(over, {}, [&](std::size_t at) { return segments[at].rows; });
    auto chosen = similar(segments, over);
    std::ranges::sort(chosen);
    return chosen;
  }
  return {};
}

}  // namespace

std::vector<std::size_t> choose_merge(std::span<const MergeCandidate> segments) {
  for (std::size_t i = 0; i < segments.size(); ++i) {
    if (segments[i].dead > 0 && segments[i].dead >= segments[i].rows - segments[i].dead) return {i};
  }
  if (auto full = full_tier(segments); !full.empty()) return full;
  if (auto deep = too_deep(segments); !deep.empty()) return deep;
  const auto stale = std::ranges::find(segments, true, &MergeCandidate::is_stale);
  if (stale != segments.end()) return {static_cast<std::size_t>(stale - segments.begin())};
  return {};
}

}  // namespace mneme
