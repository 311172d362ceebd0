#include "index/conformance/conformance.h"

namespace mneme::conformance {

Result<void> run(const Subject& subject, std::uint64_t seed, int steps) {
  sim::Dice dice(seed);
  Life life(subject, dice);
  for (int step = 0; step < steps; ++step) {
    auto done = life.step();
    if (done) done = inquire(life, 4);
    if (done && step % 8 == 7) done = verify_all(life);
    if (!done) {
      return std::move(done).error().during("seed " + std::to_string(seed) + ", step " + std::to_string(step) + " (" +
                                            life.last_step() + ")");
    }
  }
  return {};
}

}  // namespace mneme::conformance
