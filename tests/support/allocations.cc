#include "support/allocations.h"

#include <algorithm>
#include <cstdlib>
#include <new>

namespace mneme::support {
namespace {

// The replaced operators are global by nature, so their state is too; a thread's own, so that other threads never see
// it.
struct Watched {
  bool on = false;
  bool sticky = false;
  bool failed = false;
  std::uint64_t count = 0;
  std::uint64_t fail_at = ~std::uint64_t{0};
  std::size_t largest = 0;
};
thread_local Watched watched;

void watch(std::size_t bytes) {
  if (!watched.on) return;
  watched.largest = std::max(watched.largest, bytes);
  const std::uint64_t number = ++watched.count;
  if (number != watched.fail_at && (!watched.sticky || number < watched.fail_at)) return;
  watched.failed = true;
  throw std::bad_alloc();
}

void* allocate(std::size_t bytes) {
  watch(bytes);
  void* memory = std::malloc(bytes == 0 ? 1 : bytes);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}

void* allocate_aligned(std::size_t bytes, std::size_t alignment) {
  watch(bytes);
  const std::size_t rounded = (bytes + alignment - 1) / alignment * alignment;
  void* memory = std::aligned_alloc(alignment, rounded == 0 ? alignment : rounded);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}

}  // namespace

AllocationWatch::AllocationWatch() noexcept {
  watched = {};
  watched.on = true;
}
AllocationWatch::~AllocationWatch() { watched = {}; }
void AllocationWatch::fail_after(std::uint64_t passing, bool sticky) noexcept {
  watched.fail_at = watched.count + passing + 1;
  watched.sticky = sticky;
}
void AllocationWatch::fail_no_more() noexcept { watched.fail_at = ~std::uint64_t{0}; }
std::uint64_t AllocationWatch::count() const noexcept { return watched.count; }
std::size_t AllocationWatch::largest() const noexcept { return watched.largest; }
bool AllocationWatch::failed() const noexcept { return watched.failed; }

AllocationPause::AllocationPause() noexcept : was_on_(watched.on) { watched.on = false; }
AllocationPause::~AllocationPause() { watched.on = was_on_; }

}  // namespace mneme::support

void* operator new(std::size_t bytes) { return mneme::support::allocate(bytes); }
void* operator new(std::size_t bytes, std::align_val_t alignment) {
  return mneme::support::allocate_aligned(bytes, static_cast<std::size_t>(alignment));
}
void* operator new(std::size_t bytes, const std::nothrow_t&) noexcept {
  try {
    return mneme::support::allocate(bytes);
  } catch (const std::bad_alloc&) {
    return nullptr;
  }
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, const std::nothrow_t&) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::align_val_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept { std::free(memory); }
