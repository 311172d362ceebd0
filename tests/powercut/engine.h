// The database whose power is cut, as each engine of the comparison is one.
//
// Each is set up as its documentation says for transactions that survive a power cut, but made to tidy up as often as
// it would in a long life (checkpoints, flushes, merges), so that cuts fall into that, too. Nothing is repaired by
// hand: what opening does by itself is all that an engine may do.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "powercut/workload.h"

namespace mneme::powercut {

class Engine {  // One thread at a time.
 public:
  virtual ~Engine() = default;
  // One transaction: it is acknowledged when this returns.
  virtual Result<void> commit(const std::vector<Change>& changes) = 0;
  virtual Result<State> read() = 0;
  virtual Result<void> check() = 0;  // The engine's own look at its files.
  virtual Result<void> close() = 0;
};

using Opened = Result<std::unique_ptr<Engine>>;

// Open the database in `directory`, creating it and its tables where they are not there.
Opened open_mneme(const std::string& directory, const std::string& durability);    // commit | os
Opened open_sqlite(const std::string& directory, const std::string& synchronous);  // FULL | NORMAL
Opened open_lmdb(const std::string& directory, const std::string& setting);
Opened open_leveldb(const std::string& directory, const std::string& setting);

}  // namespace mneme::powercut
