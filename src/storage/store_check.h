// Checking a store: every byte that counts is read again from the disk, and held against what the others say of it.
//
// Beside running writers: segments are kept by their handles, log and manifest are read while maintenance stands still.
#pragma once

#include <string>
#include <vector>

#include "storage/maintenance.h"

namespace mneme {

struct StoreCheck {
  std::uint64_t files = 0;
  std::uint64_t rows = 0;             // In segments, dead ones too.
  std::vector<std::string> problems;  // What, in which file and where. Empty: everything fits.
};

// Damage is in the answer; an error is what kept it from looking.
Result<StoreCheck> check_store(StoreCore& core, Maintenance& maintenance) LOCK_NOT_HELD(core.mutex);

}  // namespace mneme
