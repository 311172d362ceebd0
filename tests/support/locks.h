// Counts what this program locks. Linked only into tests that need it: it stands before the C library's
// pthread_mutex_lock.
#pragma once

#include <cstdint>

namespace mneme::support {

std::uint64_t locks_taken() noexcept;  // By this thread since it began.

}  // namespace mneme::support
