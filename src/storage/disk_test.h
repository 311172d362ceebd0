// For tests: a simulated disk with one folder on it, whose power can go.
#pragma once

#include <random>
#include <string>

#include "os/sim/sim_file_system.h"

namespace mneme::test {

class Disk : public sim::SimFileSystem {  // Thread-safe, but for crash() and flip().
 public:
  explicit Disk(const std::string& directory) {
    create_directory(directory).value();
    sync_directory(".", SyncSite::database_directory).value();
  }
  void crash(std::mt19937_64& random) {  // In any way but a lying disk's.
    const auto policy = static_cast<sim::CutPolicy>(random() % (sim::kCutPolicies - 1));
    reset(cut(policy, random()));
  }
  void flip(const std::string& path, std::uint64_t offset) {
    medium(path)[static_cast<std::size_t>(offset)] ^= std::byte{1};
  }
};

}  // namespace mneme::test
