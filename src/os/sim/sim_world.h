// SimWorld: files, clock, threads and chance of one simulated machine, all from one seed.
#pragma once

#include <functional>
#include <utility>

#include "os/sim/sim_file_system.h"
#include "os/sim/sim_scheduler.h"
#include "os/world.h"

namespace mneme::sim {

class SimRandom final : public Random {  // One thread at a time: who holds the scheduler's token.
 public:
  explicit SimRandom(std::uint64_t seed) : dice_(seed) {}
  std::uint64_t next() override { return dice_.next(); }

 private:
  Dice dice_;
};

// Every operation that changes the disk or makes a change durable is a switch point of the scheduler.
class SimWorld {  // Thread-safe for the threads of its scheduler.
 public:
  explicit SimWorld(std::uint64_t seed) : SimWorld(seed, DurableImage()) {}
  SimWorld(std::uint64_t seed, const DurableImage& image)
      : files_(image), scheduler_(seed, clock_), random_(seed ^ 0x5eed'5eed'5eed'5eedU) {
    after_operation({});
  }
  [[nodiscard]] World world() noexcept { return {files_, clock_, scheduler_, random_}; }

  // Called after such an operation, before another thread may run.
  void after_operation(std::function<void()> call) {
    files_.after_operation([this, call = std::move(call)] {
      if (call) call();
      scheduler_.yield();
    });
  }

  [[nodiscard]] SimFileSystem& files() noexcept { return files_; }
  [[nodiscard]] SimClock& clock() noexcept { return clock_; }
  [[nodiscard]] SimScheduler& scheduler() noexcept { return scheduler_; }

 private:
  SimFileSystem files_;
  SimClock clock_;
  SimScheduler scheduler_;
  SimRandom random_;
};

}  // namespace mneme::sim
