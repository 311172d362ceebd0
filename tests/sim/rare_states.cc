#include "sim/rare_states.h"

#include <algorithm>

namespace mneme::sim {

void RareStates::add(const RareStates& other) {
  flushes += other.flushes;
  merges += other.merges;
  flush_within_merge += other.flush_within_merge;
  log_gone_under_reader += other.log_gone_under_reader;
  held_over_merges += other.held_over_merges;
  conflict_in_group += other.conflict_in_group;
  cut_in_flush += other.cut_in_flush;
  cut_in_merge += other.cut_in_merge;
}

// Numbers are given when a file is begun: a merge older than a segment shown before it was under way when that began.
void VersionWatch::see(const Version& version) {
  std::set<std::uint64_t> now, came, stayed;
  for (const auto& [id, table] : version.tables) {
    for (const TableSegment& segment : table.segments) now.insert(segment.file->number());
  }
  std::ranges::set_difference(now, segments_, std::inserter(came, came.end()));
  std::ranges::set_intersection(now, segments_, std::inserter(stayed, stayed.end()));
  const bool merged = stayed.size() < segments_.size();
  states_.merges += merged;
  states_.flushes += !merged && !came.empty();
  states_.flush_within_merge += merged && !came.empty() && !stayed.empty() && *stayed.rbegin() > *came.begin();
  segments_ = std::move(now);
}

}  // namespace mneme::sim
