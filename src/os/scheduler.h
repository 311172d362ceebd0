// Threads, locks and waiting as an interface, so that one seeded scheduler can run the whole engine
// deterministically in the simulation. Users take Mutex, CondVar and Thread from os/thread.h.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace mneme {

class Scheduler {  // Thread-safe.
 public:
  class MutexImpl {
   public:
    virtual ~MutexImpl() = default;
    virtual void lock() = 0;
    virtual void unlock() = 0;
  };
  class CondVarImpl {
   public:
    virtual ~CondVarImpl() = default;
    // REQUIRES: `mutex` is held and was made by the same scheduler. Wakes spuriously, at a notify, or after
    // `timeout_ns` (negative: never); returns false after the time-out.
    virtual bool wait(MutexImpl& mutex, std::int64_t timeout_ns) = 0;
    virtual void notify_one() = 0;
    virtual void notify_all() = 0;
  };
  class ThreadImpl {
   public:
    virtual ~ThreadImpl() = default;
    virtual void join() = 0;
  };

  virtual ~Scheduler() = default;
  virtual std::unique_ptr<MutexImpl> make_mutex() = 0;
  virtual std::unique_ptr<CondVarImpl> make_cond_var() = 0;
  virtual std::unique_ptr<ThreadImpl> start(std::string name, std::function<void()> body) = 0;
  virtual void sleep_ns(std::int64_t duration_ns) = 0;
  virtual void yield() = 0;  // In the simulation: a point where another thread may run.
  // Blocks while `word` has `value`; wakes spuriously, too. What a lock-free hand-over stands on: Signal in
  // os/thread.h.
  virtual void wait_while(const std::atomic<std::uint32_t>& word, std::uint32_t value) = 0;
  // Wakes who waits for the word at `address`, which is not looked at: it may be gone already.
  virtual void wake(const std::atomic<std::uint32_t>* address) = 0;
};

}  // namespace mneme
