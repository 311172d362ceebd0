// A disk that answers nothing for a while: this program's own fsync(), fdatasync(), fallocate(), ftruncate(), rename()
// and unlink() stand before the C library's, also for libmneme.so. Writes go on into the page cache, as they do on a
// real disk that is slow; what waits for the device or for the journal does not come back before the disk does.
#pragma once

#include <cstdint>

namespace mneme::bench {

void stall_disk_for(std::int64_t ns);  // From now on. Any thread.
std::uint64_t calls_stalled();         // So many waited so far, on any thread.

}  // namespace mneme::bench
