// Which segments of a table to merge next: a pure choice.
//
// Segments of similar size merge by fours to eights, so that a row is rewritten O(log n) times and at most three
// segments of each size are left; beyond that, at most eight segments overlap at any key. A segment that is half dead
// is rewritten alone. The surprising decision: sizes are counted in rows, which need no file to be opened.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "storage/manifest_edit.h"

namespace mneme {

struct MergeCandidate {
  std::uint64_t rows = 0;
  std::uint64_t dead = 0;         // Rows that a merge would leave out now.
  std::optional<TimeRange> time;  // Of tables sorted by it; none: overlaps every other.
  // To be rewritten for what is beside its rows: an index is younger than it, or its blobs lie among much garbage.
  bool is_stale = false;
};

constexpr std::size_t kMergeFanIn = 4;
constexpr std::size_t kMergeInputsMax = 8;
constexpr std::size_t kOverlapMax = 8;

// Ordinals of the candidates to merge, ascending; none: nothing is worth it.
std::vector<std::size_t> choose_merge(std::span<const MergeCandidate> segments);

}  // namespace mneme
