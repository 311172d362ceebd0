// CommitQueue: those who want their commits written and durable, and which of them leads.
//
// Who joins while nobody leads, leads; the others wait. A leader takes all who joined, itself among them, does for them
// what they want, tells each that it is done, and leaves the lead to the first who joined meanwhile. Each waits on a
// signal of its own, so nobody wakes in vain or takes a lock to learn its end. Joining is one exchange of a pointer.
// The surprising decision: the places lie on the stacks of those who wait. A place may be gone once it was told.
#pragma once

#include <atomic>

#include "os/thread.h"

namespace mneme {

class CommitQueue {  // Thread-safe; take() and leave() are the leader's, or who leads for it.
 public:
  enum class Told : std::uint32_t { done = 1, leads = 2 };
  class Place {  // Thread-safe as the queue says.
   public:
    explicit Place(Scheduler& scheduler) : signal_(scheduler) {}
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;
    // For who joined and does not lead. Lets others run `yields` times before it blocks.
    Told wait(int yields) { return static_cast<Told>(signal_.wait(yields)); }
    void tell_done() { signal_.raise(static_cast<std::uint32_t>(Told::done)); }
    [[nodiscard]] Place* next() const noexcept { return next_; }  // In what take() gave.

   private:
    friend class CommitQueue;
    Signal signal_;
    Place* next_ = nullptr;
  };

  CommitQueue() = default;
  CommitQueue(const CommitQueue&) = delete;
  CommitQueue& operator=(const CommitQueue&) = delete;
  [[nodiscard]] bool join(Place& place) noexcept;  // True: the caller leads.
  [[nodiscard]] Place* take() noexcept;            // Who joined since the last take, in that order; null: nobody.
  void leave();

 private:
  // Null: nobody leads. led(): somebody does, and nobody waits. Else who joined last, chained to those before it. A
  // join releases what the place's owner wrote, take and leave acquire it.
  std::atomic<Place*> last_{nullptr};
  Place* led() noexcept { return reinterpret_cast<Place*>(this); }  // Only compared.
};

}  // namespace mneme
