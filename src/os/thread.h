// Mutex, Lock, CondVar, Signal and Thread: the only way the engine waits. Made from a Scheduler, so that the simulation
// can own every interleaving.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "os/scheduler.h"
#include "os/thread_annotations.h"

namespace mneme {

class CAPABILITY("mutex") Mutex {  // Thread-safe.
 public:
  explicit Mutex(Scheduler& scheduler) : impl_(scheduler.make_mutex()) {}
  void lock() LOCK_ACQUIRE() { impl_->lock(); }
  void unlock() LOCK_RELEASE() { impl_->unlock(); }

 private:
  friend class CondVar;
  std::unique_ptr<Scheduler::MutexImpl> impl_;
};

class SCOPED_CAPABILITY Lock {
 public:
  explicit Lock(Mutex& mutex) LOCK_ACQUIRE(mutex) : mutex_(mutex) { mutex_.lock(); }
  ~Lock() LOCK_RELEASE() { mutex_.unlock(); }
  Lock(const Lock&) = delete;
  Lock& operator=(const Lock&) = delete;

 private:
  Mutex& mutex_;
};

class CondVar {  // Thread-safe.
 public:
  explicit CondVar(Scheduler& scheduler) : impl_(scheduler.make_cond_var()) {}
  // May wake spuriously: call it in a loop on the condition.
  void wait(Mutex& mutex) LOCK_HELD(mutex) { impl_->wait(*mutex.impl_, -1); }
  bool wait_for(Mutex& mutex, std::int64_t timeout_ns) LOCK_HELD(mutex) {
    return impl_->wait(*mutex.impl_, timeout_ns);
  }
  void notify_one() { impl_->notify_one(); }
  void notify_all() { impl_->notify_all(); }

 private:
  std::unique_ptr<Scheduler::CondVarImpl> impl_;
};

// One thread waits, another tells it once how its wait ended: no lock to take again after it, nobody else woken, and
// nothing allocated, so that it can lie on the waiter's stack.
class Signal {  // Thread-safe: one thread waits, one raises.
 public:
  explicit Signal(Scheduler& scheduler) : scheduler_(scheduler) {}
  // Until it is raised; what with. Lets others run `yields` times before it blocks.
  std::uint32_t wait(int yields);
  // The signal may be gone as soon as the waiter sees the value. REQUIRES: 0 < value < kBlocked.
  void raise(std::uint32_t value);
  static constexpr std::uint32_t kBlocked = ~std::uint32_t{0};

 private:
  static constexpr std::uint32_t kQuiet = 0;
  Scheduler& scheduler_;
  // The raise releases what the raiser wrote before, the wait acquires it.
  std::atomic<std::uint32_t> state_{kQuiet};
};

class Thread {  // One thread at a time. Joins when destroyed.
 public:
  Thread() = default;
  Thread(Scheduler& scheduler, std::string name, std::function<void()> body)
      : impl_(scheduler.start(std::move(name), std::move(body))) {}
  Thread(Thread&&) noexcept = default;
  Thread& operator=(Thread&&) = delete;
  ~Thread() { join(); }
  void join() {
    if (impl_) impl_->join();
    impl_.reset();
  }

 private:
  std::unique_ptr<Scheduler::ThreadImpl> impl_;
};

}  // namespace mneme
