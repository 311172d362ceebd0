// MemoryBudget: the one accountant behind the option memory_budget.
//
// Whoever wants memory that grows with data reserves it here first. A reservation is charged to the total and to one
// share; a share is a cap, not a set-aside, so that idle shares cost nothing. When the total is used up, the one
// attached Reclaimer (the block cache) is asked to give memory back before the request is refused with `full`.
// The surprising decision: no lock. Each counter is an atomic of its own; a request charges its share, then the total,
// and undoes the first when the second refuses, so for an instant a share may look fuller than it is, never emptier.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/result.h"

namespace mneme {

class MemoryBudget;

enum class MemoryShare : std::uint8_t { memtables = 0, cache, queries, maintenance };
constexpr std::size_t kMemoryShareCount = 4;
std::string_view memory_share_name(MemoryShare share) noexcept;

// Memory that was granted; gives it back when destroyed. One thread at a time. Must not outlive its budget.
class Reservation {
 public:
  Reservation() = default;
  Reservation(Reservation&& other) noexcept;
  Reservation& operator=(Reservation&& other) noexcept;
  Reservation(const Reservation&) = delete;
  Reservation& operator=(const Reservation&) = delete;
  ~Reservation() { release(); }

  [[nodiscard]] std::size_t bytes() const noexcept { return bytes_; }
  Result<void> grow(std::size_t more_bytes);  // REQUIRES: made by reserve(), perhaps of 0 bytes. Unchanged on error.
  Result<void> grow_to(std::size_t total_bytes);  // Nothing when it holds as much already.
  void shrink(std::size_t fewer_bytes) noexcept;  // REQUIRES: fewer_bytes <= bytes().
  void release() noexcept;                        // Gives all back; the reservation may grow again.

 private:
  friend class MemoryBudget;
  Reservation(MemoryBudget& budget, std::size_t bytes, MemoryShare share, std::string_view what) noexcept
      : budget_(&budget), bytes_(bytes), what_(what), share_(share) {}
  MemoryBudget* budget_ = nullptr;
  std::size_t bytes_ = 0;
  std::string_view what_;  // A literal.
  MemoryShare share_ = MemoryShare::queries;
};

class MemoryBudget {  // Thread-safe.
 public:
  // Somebody who holds memory only as a convenience. Called without locks of ours held, by any thread.
  class Reclaimer {
   public:
    virtual ~Reclaimer() = default;
    virtual std::size_t reclaim(std::size_t bytes) noexcept = 0;  // Returns how many were given back.
  };
  static constexpr std::size_t kBytesMin = 4 << 20;

  // Shares start as caps of: memtables 1/2, cache 1/2, queries 3/4, maintenance 1/4.
  explicit MemoryBudget(std::size_t bytes) noexcept;
  MemoryBudget(const MemoryBudget&) = delete;
  MemoryBudget& operator=(const MemoryBudget&) = delete;

  // `what` is a literal that names the wish in the error: "full: memtable wanted 65536 bytes ...".
  Result<Reservation> reserve(std::size_t bytes, MemoryShare share, std::string_view what);
  // As reserve(), but never calls the reclaimer and builds no message: false when refused. For holders of locks.
  bool try_reserve(std::size_t bytes, MemoryShare share, std::string_view what, Reservation& out) noexcept;

  void set_share_cap(MemoryShare share, std::size_t bytes) noexcept;
  void attach(Reclaimer* reclaimer) noexcept;  // Null detaches. REQUIRES: nobody is inside reserve().

  [[nodiscard]] std::size_t bytes() const noexcept { return bytes_; }
  [[nodiscard]] std::size_t used() const noexcept { return used_.load(std::memory_order_relaxed); }
  [[nodiscard]] std::size_t used(MemoryShare share) const noexcept;
  [[nodiscard]] std::size_t share_cap(MemoryShare share) const noexcept;
  [[nodiscard]] std::size_t peak() const noexcept { return peak_.load(std::memory_order_relaxed); }
  [[nodiscard]] std::uint64_t refusals() const noexcept { return refusals_.load(std::memory_order_relaxed); }

 private:
  friend class Reservation;
  struct ShareState {
    std::atomic<std::size_t> used{0};
    std::atomic<std::size_t> cap{0};
  };
  bool charge(std::size_t bytes, MemoryShare share) noexcept;
  Result<void> charge_or_reclaim(std::size_t bytes, MemoryShare share, std::string_view what);
  void give_back(std::size_t bytes, MemoryShare share) noexcept;
  Error refusal(std::size_t bytes, MemoryShare share, std::string_view what);

  const std::size_t bytes_;
  // Relaxed throughout: the counters bound sums; no other memory is published through them.
  std::atomic<std::size_t> used_{0};
  std::atomic<std::size_t> peak_{0};
  std::atomic<std::uint64_t> refusals_{0};
  std::array<ShareState, kMemoryShareCount> shares_;
  std::atomic<Reclaimer*> reclaimer_{nullptr};  // Release/acquire: its object is built before it is seen.
};

}  // namespace mneme
