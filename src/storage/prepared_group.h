// PreparedGroup: a commit group with everything done that can fail, so that showing it cannot.
#pragma once

#include <vector>

#include "storage/version.h"
#include "storage/write_set.h"

namespace mneme {

class PreparedGroup {  // One thread at a time, under the store's lock.
 public:
  explicit PreparedGroup(const Version& base) : next_(std::make_shared<Version>(base)) {}
  PreparedGroup(const PreparedGroup&) = delete;
  PreparedGroup& operator=(const PreparedGroup&) = delete;
  ~PreparedGroup();  // Forgets rows that were not published.

  // Takes over one change: copies rows behind the visible ones, finds the versions that end, builds the next Version.
  // conflict: a version has ended already. corrupt or invalid_argument: a table is not what the change expects.
  Result<void> add(const Change& change, Scheduler& scheduler, MemoryBudget& budget);

  // Shows it all at `sequence` and gives the Version from now on. Cannot fail and allocates nothing.
  std::shared_ptr<const Version> publish(std::uint64_t sequence) noexcept;

 private:
  struct Ending {
    Memtable* memtable = nullptr;
    Memtable::Position at;
  };
  Result<void> insert(const InsertRows& change, Scheduler& scheduler, MemoryBudget& budget);
  Result<void> end(const EndRows& change);

  std::shared_ptr<Version> next_;
  std::vector<std::shared_ptr<Memtable>> appended_;
  std::vector<Ending> endings_;
  bool published_ = false;
};

}  // namespace mneme
