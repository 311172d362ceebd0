// Signal, on simulated threads.
#include <doctest/doctest.h>

#include <memory>
#include <vector>

#include "os/sim/sim_world.h"
#include "os/thread.h"

namespace mneme {
namespace {

TEST_CASE("signal: each of many wakes who waits for it and nobody else, in every order the simulation draws") {
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    sim::SimWorld sim(seed);
    std::vector<std::unique_ptr<Signal>> signals;
    std::vector<std::uint32_t> heard(5);
    for (std::size_t i = 0; i < heard.size(); ++i) signals.push_back(std::make_unique<Signal>(sim.scheduler()));
    {
      std::vector<std::unique_ptr<Thread>> threads;
      for (std::size_t i = 0; i < heard.size(); ++i) {
        threads.push_back(std::make_unique<Thread>(
            sim.scheduler(), "waiter", [&, i] { heard[i] = signals[i]->wait(static_cast<int>(seed % 3)); }));
      }
      sim.scheduler().sleep_ns(1'000);  // Time moves once all of them sleep.
      for (std::size_t i = 0; i < heard.size(); ++i) {
        CHECK(heard[i] == 0);
        signals[i]->raise(static_cast<std::uint32_t>(i + 1));
        sim.scheduler().sleep_ns(1'000);
        CHECK(heard[i] == i + 1);
      }
    }
  }
}

}  // namespace
}  // namespace mneme
