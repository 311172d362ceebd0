// Signal, on real threads. On simulated ones: os/sim/sim_signal_test.cc.
#include <doctest/doctest.h>

#include "os/posix.h"
#include "os/thread.h"

namespace mneme {
namespace {

TEST_CASE("signal: a wait ends with what was raised, before it began, while it let others run and while it slept") {
  PosixWorld owner;
  Scheduler& scheduler = owner.world().scheduler;
  Signal early(scheduler);
  early.raise(7);
  CHECK(early.wait(0) == 7);
  for (const int yields : {0, 1, 1'000'000}) {
    for (std::uint32_t round = 1; round <= 200; ++round) {
      Signal signal(scheduler);
      Thread other(scheduler, "raiser", [&] {
        if (round % 20 == 0) scheduler.sleep_ns(1'000'000);  // The waiter is asleep by then.
        signal.raise(round);
      });
      CHECK(signal.wait(yields) == round);
    }
  }
}

}  // namespace
}  // namespace mneme
