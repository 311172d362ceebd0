// For tests: a store whose process was killed.
#pragma once

#include <memory>
#include <vector>

#include "storage/store.h"

namespace mneme::test {

// A killed process closes nothing and frees nothing; the leak checker finds what it left from here.
inline void kill_store(std::unique_ptr<Store> store) {
  static auto* const killed = new std::vector<Store*>;
  killed->push_back(store.release());
}

}  // namespace mneme::test
