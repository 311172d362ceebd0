// What is rare in life and must not be rare in a simulation: counted, so that a test can ask that each came by.
#pragma once

#include <cstdint>
#include <set>

#include "storage/version.h"

namespace mneme::sim {

// Of one run, or added up over many. One thread at a time: in a simulation, who holds the scheduler's token.
struct RareStates {
  std::uint64_t flushes = 0;
  std::uint64_t merges = 0;
  std::uint64_t flush_within_merge = 0;     // A flush began and was shown while a merge was being written.
  std::uint64_t log_gone_under_reader = 0;  // The log that held a snapshot's rows was cut while it was held.
  std::uint64_t held_over_merges = 0;       // A snapshot was held while three merges or more were shown.
  std::uint64_t conflict_in_group = 0;      // A commit was refused while others waited for the sync they share.
  std::uint64_t cut_in_flush = 0;
  std::uint64_t cut_in_merge = 0;

  void add(const RareStates& other);
};

// Tells flushes and merges from the versions that it is shown one after the other.
class VersionWatch {
 public:
  explicit VersionWatch(RareStates& states) : states_(states) {}
  void see(const Version& version);

 private:
  RareStates& states_;
  std::set<std::uint64_t> segments_;
};

}  // namespace mneme::sim
