// Counts the system calls a thread makes, all of them, by asking the kernel: the thread runs in a process of its own
// and is traced. Other threads of that process are not.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace mneme::support {

struct Calls {
  std::map<long, std::uint64_t> by_number;  // Of every system call between begin() and end().
  std::uint64_t futex_waits = 0;            // Of those, the ones that wait for another thread.
  [[nodiscard]] std::uint64_t all() const;
  // Without those that only ask the system for memory, or give it back.
  [[nodiscard]] std::uint64_t beside_memory() const;
};

// Handed to the work: what lies between begin() and end() is counted under end()'s `kind`.
class CallMarks {  // One thread at a time.
 public:
  static void begin();
  static void end(int kind);
};

struct Traced {
  std::vector<Calls> kinds;
  std::string told;      // What `work` returned.
  bool refused = false;  // This system lets nobody trace.
};

// `work` runs in a child's only thread at first.
Traced traced(int kinds, const std::function<std::string()>& work);

}  // namespace mneme::support
