// Durability: when a commit is acknowledged.
#pragma once

#include <cstdint>

namespace mneme {

enum class Durability : std::uint8_t {
  commit = 0,    // When it is on the disk.
  interval = 1,  // At once; it is on the disk within the table's interval.
  os = 2,        // At once; it survives the end of the process, not a power cut.
};

}  // namespace mneme
