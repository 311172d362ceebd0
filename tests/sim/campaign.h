// Runs by number, shared out among threads.
#pragma once

#include <unistd.h>

#include <atomic>
#include <functional>
#include <utility>
#include <vector>

#include "os/posix.h"
#include "os/thread.h"
#include "support/environment.h"

namespace mneme::sim {

// A Tally says how much it has found(), which is what a campaign is measured by, counts `violations`, and can add()
// another thread's. The environment's JOBS is the number of threads. One thread at a time.
template <class Tally>
class Campaign {
 public:
  explicit Campaign(std::function<void(std::uint64_t number, Tally& tally)> run) : run_(std::move(run)) {}

  void run_below(std::uint64_t end) { in_parallel(end, ~std::uint64_t{0}); }
  void run_until(std::uint64_t wanted) {  // Adding up may find that two threads have found the same.
    while (tally_.found() < wanted && tally_.violations == 0) in_parallel(~std::uint64_t{0}, wanted - tally_.found());
  }
  [[nodiscard]] const Tally& tally() const { return tally_; }

 private:
  // From the next number on, until `end` or until the threads have found so much, or a violation.
  void in_parallel(std::uint64_t end, std::uint64_t wanted) {
    const auto scheduler = make_posix_scheduler();
    Mutex mutex(*scheduler);
    std::atomic<std::uint64_t> found{0};
    const auto work = [&] {
      Tally mine;
      while (found < wanted && violations_ == 0) {
        const std::uint64_t number = next_++;
        if (number >= end) break;
        const std::uint64_t before = mine.found();
        run_(number, mine);
        found += mine.found() - before;
        violations_ += mine.violations;
      }
      const Lock lock(mutex);
      tally_.add(std::move(mine));
    };
    std::vector<Thread> threads;
    const auto jobs = support::environment("JOBS", static_cast<std::uint64_t>(::sysconf(_SC_NPROCESSORS_ONLN)));
    for (std::uint64_t i = 0; i < jobs; ++i) threads.emplace_back(*scheduler, "runs", work);
  }

  std::function<void(std::uint64_t, Tally&)> run_;
  std::atomic<std::uint64_t> next_{1};
  std::atomic<std::uint64_t> violations_{0};
  Tally tally_;
};

}  // namespace mneme::sim
