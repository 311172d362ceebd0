// What mneme must say about itself, whatever the other sides say.
//
// NoREC: the rows that WHERE p leaves are as many as those for which p, computed for every row where nothing can be
// left out, is true. TLP: a row, a group or a value falls into exactly one of p, NOT p, p IS NULL.
#pragma once

#include <functional>
#include <string>

#include "differential/life.h"
#include "differential/outcome.h"

namespace mneme::differential {

using Ask = std::function<Outcome(const std::string& sql)>;

// What contradicts itself, in words; empty: nothing (or the question is no longer one of this kind).
std::string self_difference(const Step& step, const Ask& ask);

}  // namespace mneme::differential
