// Plays a life on all sides at once and stops at the first difference.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "differential/life.h"
#include "differential/mneme_side.h"
#include "differential/other_side.h"

namespace mneme::differential {

struct Difference {
  std::size_t step = 0;  // Of the life.
  std::string between;   // What was held against what: stays the same while a life is made smaller.
  std::string detail;
};

struct Counts {
  std::uint64_t questions = 0;
  std::uint64_t compared = 0;       // Answers held against another side's.
  std::uint64_t by_themselves = 0;  // NoREC, TLP.
  std::uint64_t prepared = 0;
  std::uint64_t unindexed = 0;
  std::uint64_t again = 0;  // Asked again after a flush, merge, reopening or commit.
  std::uint64_t changes = 0;
  std::uint64_t errors = 0;       // On all sides.
  std::uint64_t unsupported = 0;  // Refused by mneme as not there yet.
  std::uint64_t rows = 0;         // Of mneme's answers.
};

using OtherSides = std::vector<std::unique_ptr<OtherSide>>;

std::optional<Difference> play(const Life& life, const OtherSides& others, Counts& counts, const Tamper& tamper = {});

}  // namespace mneme::differential
