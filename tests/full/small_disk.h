// A real ext4 of a few megabytes: a file under a loop device, mounted in a mount namespace of this process's own, so
// that it goes with the process however that ends. It can be filled up but for so many bytes, and given room again.
#pragma once

#include <cstdint>
#include <string>

#include "support/scratch_directory.h"

namespace mneme::full {

class SmallDisk {  // One thread at a time.
 public:
  explicit SmallDisk(std::uint64_t bytes);
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;
  ~SmallDisk();

  // Why there is none (no root, no loop device, no ext4); empty: it is there.
  [[nodiscard]] const std::string& missing() const noexcept { return missing_; }
  [[nodiscard]] std::string operator/(const std::string& name) const { return folder_ / ("disk/" + name); }

  [[nodiscard]] std::uint64_t free_bytes() const;
  void fill_but(std::uint64_t bytes);  // A ballast file takes all other room.
  void make_room();                    // It goes.

 private:
  support::ScratchDirectory folder_;
  std::string missing_;
  bool mounted_ = false;
};

}  // namespace mneme::full
