// Makes a life that shows a difference smaller: drops steps, rows and clauses while the same difference remains.
#pragma once

#include "differential/life.h"
#include "differential/player.h"

namespace mneme::differential {

struct Minimal {
  Life life;
  Difference difference;
  std::size_t tries = 0;
};

// `tries_max` bounds how often the life is played.
Minimal minimise(Life life, Difference difference, const OtherSides& others, std::size_t tries_max,
                 const Tamper& tamper = {});

}  // namespace mneme::differential
