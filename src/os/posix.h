// The real world: files by pread, pwrite, fallocate and fdatasync; locks by OFD locks; threads of the standard library.
#pragma once

#include <memory>

#include "os/world.h"

namespace mneme {

// Owns one of each; its World is good for as long as it lives. Holds no state of its own beyond that: making several
// is fine.
class PosixWorld {  // Thread-safe.
 public:
  PosixWorld();
  ~PosixWorld();
  PosixWorld(const PosixWorld&) = delete;
  PosixWorld& operator=(const PosixWorld&) = delete;
  [[nodiscard]] World world() noexcept { return {*files_, *clock_, *scheduler_, *random_}; }

 private:
  std::unique_ptr<FileSystem> files_;
  std::unique_ptr<Clock> clock_;
  std::unique_ptr<Scheduler> scheduler_;
  std::unique_ptr<Random> random_;
};

std::unique_ptr<FileSystem> make_posix_file_system();
std::unique_ptr<Scheduler> make_posix_scheduler();

}  // namespace mneme
