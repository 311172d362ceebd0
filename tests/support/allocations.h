// Watches, and on demand refuses, what this program asks the heap for. Linked only into tests that need it: it replaces
// the global operator new.
#pragma once

#include <cstddef>
#include <cstdint>

namespace mneme::support {

// Counts this thread's allocations while it lives; only one at a time. Everything else passes through untouched.
class AllocationWatch {  // One thread at a time.
 public:
  AllocationWatch() noexcept;
  ~AllocationWatch();
  AllocationWatch(const AllocationWatch&) = delete;
  AllocationWatch& operator=(const AllocationWatch&) = delete;

  // The allocation after the next `passing` ones throws std::bad_alloc; `sticky`: all after it as well.
  void fail_after(std::uint64_t passing, bool sticky) noexcept;
  void fail_no_more() noexcept;
  [[nodiscard]] std::uint64_t count() const noexcept;
  [[nodiscard]] std::size_t largest() const noexcept;  // Bytes of the largest single one.
  [[nodiscard]] bool failed() const noexcept;          // One has been refused.
};

// What this thread allocates while it lives is neither counted nor refused.
class AllocationPause {  // One thread at a time.
 public:
  AllocationPause() noexcept;
  ~AllocationPause();
  AllocationPause(const AllocationPause&) = delete;
  AllocationPause& operator=(const AllocationPause&) = delete;

 private:
  const bool was_on_;
};

}  // namespace mneme::support
