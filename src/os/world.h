// World: everything the engine may ask of its surroundings. It arrives through open(); nothing is global.
#pragma once

#include "os/clock.h"
#include "os/file.h"
#include "os/scheduler.h"

namespace mneme {

class Random {  // Thread-safe.
 public:
  virtual ~Random() = default;
  virtual std::uint64_t next() = 0;
};

struct World {
  FileSystem& files;
  Clock& clock;
  Scheduler& scheduler;
  Random& random;
};

}  // namespace mneme
