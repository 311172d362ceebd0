// System calls that fail, are interrupted, or move less than they were asked to.
//
// A program is linked with -Wl,--wrap=NAME for each of them (tests/CMakeLists.txt), which leads the engine's own calls
// here and nobody else's. All of this is for one thread at a time.
#pragma once

#include <cstdint>

namespace mneme::system_calls {

enum class Fault : std::uint8_t {
  none,
  interrupted,       // EINTR from open, pread, pwrite, fallocate or ftruncate; made again at once the call goes well.
  in_part,           // pread and pwrite move a third of it.
  nothing_moved,     // pwrite returns 0.
  no_space,          // ENOSPC from what takes space: pwrite, fallocate, an open that makes a file.
  no_quota,          // EDQUOT likewise.
  interrupted_sync,  // EINTR from fdatasync or fsync.
};

struct Plan {
  Fault fault = Fault::none;
  std::uint64_t at = 1;  // Of the calls that it can meet, the how manieth does.
  bool sticky = false;   // And each one after it.
};

struct Counts {
  std::uint64_t chances = 0;        // Calls that the fault can meet.
  std::uint64_t struck = 0;         // Those that it met.
  std::uint64_t syncs = 0;          // All of them.
  std::uint64_t retried_syncs = 0;  // Of a descriptor of which one failed before.
};

void arm(const Plan& plan);  // All counts begin again.
void disarm();               // Nothing fails any more; the counts stay.
[[nodiscard]] const Counts& counts();

class Unfailing {  // While it lives calls go well and are not counted.
 public:
  Unfailing();
  Unfailing(const Unfailing&) = delete;
  Unfailing& operator=(const Unfailing&) = delete;
  ~Unfailing();
};

}  // namespace mneme::system_calls
