#include "stall/slow_disk.h"

#include <dlfcn.h>
#include <sys/types.h>
#include <time.h>

#include <atomic>

namespace mneme::bench {
namespace {

// The functions replaced are global by nature, and so is what they look at. Relaxed: each is a fact by itself.
std::atomic<std::int64_t> stalled_until_ns{0};
std::atomic<std::uint64_t> stalled{0};

std::int64_t now_ns() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

void wait_for_disk() {
  const std::int64_t until_ns = stalled_until_ns.load(std::memory_order_relaxed);
  if (until_ns <= now_ns()) return;
  stalled.fetch_add(1, std::memory_order_relaxed);
  timespec until{};
  until.tv_sec = until_ns / 1'000'000'000;
  until.tv_nsec = until_ns % 1'000'000'000;
  while (::clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, nullptr) != 0) {
  }
}

template <class Function>
Function of_library(const char* name) {
  return reinterpret_cast<Function>(::dlsym(RTLD_NEXT, name));
}

}  // namespace

void stall_disk_for(std::int64_t ns) { stalled_until_ns.store(now_ns() + ns, std::memory_order_relaxed); }
std::uint64_t calls_stalled() { return stalled.load(std::memory_order_relaxed); }

}  // namespace mneme::bench

#define STALLED(name, parameters, ...)                                               \
  extern "C" __attribute__((visibility("default"))) int name parameters {            \
    static const auto original = mneme::bench::of_library<int(*) parameters>(#name); \
    mneme::bench::wait_for_disk();                                                   \
    return original(__VA_ARGS__);                                                    \
  }

STALLED(fsync, (int file), file)
STALLED(fdatasync, (int file), file)
STALLED(fallocate, (int file, int mode, off_t at, off_t bytes), file, mode, at, bytes)
STALLED(ftruncate, (int file, off_t bytes) noexcept, file, bytes)
STALLED(rename, (const char* from, const char* to) noexcept, from, to)
STALLED(unlink, (const char* path) noexcept, path)
