#include "support/locks.h"

#include <dlfcn.h>
#include <pthread.h>

namespace mneme::support {
namespace {

thread_local std::uint64_t taken = 0;  // A replaced function is global by nature; its state is a thread's own.

}  // namespace

std::uint64_t locks_taken() noexcept { return taken; }

}  // namespace mneme::support

extern "C" int pthread_mutex_lock(pthread_mutex_t* mutex) noexcept {
  static const auto real = reinterpret_cast<decltype(&pthread_mutex_lock)>(dlsym(RTLD_NEXT, "pthread_mutex_lock"));
  ++mneme::support::taken;
  return real(mutex);
}
