// Conformance: what every kind of index must do, whatever it is made of. A kind's test calls run() for its tables.
#pragma once

#include "index/conformance/inquiry.h"

namespace mneme::conformance {

// A life of `steps` random steps with questions after each. An error names the seed, the step and the law broken.
Result<void> run(const Subject& subject, std::uint64_t seed, int steps);

}  // namespace mneme::conformance
