// SimScheduler: real threads that run one at a time, in an order drawn from one seed, in virtual time.
//
// Exactly one thread holds the token. At every switch point - lock, unlock, wait, notify, sleep, yield, start, join,
// the end of a thread - the dice say who has it next. Time moves only when nobody is ready: then to the earliest
// deadline. When nobody is ready and no deadline is left, that is a deadlock: it is reported with what each thread
// waits for. The same seed and the same program give the same order, which trace_hash() sums up. The surprising
// decision: scheduler state needs no lock of its own, since only the holder of the token touches it; the one real mutex
// here hands the token over. How eagerly the token moves is drawn from the seed as well, because some races need a
// switch at every step and others a long run of one thread.
#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "os/scheduler.h"
#include "os/sim/dice.h"
#include "os/sim/sim_clock.h"

namespace mneme::sim {

class SimScheduler final : public Scheduler {  // For the thread that made it and those it started: one has the token.
 public:
  SimScheduler(std::uint64_t seed, SimClock& clock);
  ~SimScheduler() override;  // REQUIRES: every started thread was joined.
  SimScheduler(const SimScheduler&) = delete;
  SimScheduler& operator=(const SimScheduler&) = delete;

  std::unique_ptr<MutexImpl> make_mutex() override;
  std::unique_ptr<CondVarImpl> make_cond_var() override;
  std::unique_ptr<ThreadImpl> start(std::string name, std::function<void()> body) override;
  void sleep_ns(std::int64_t duration_ns) override;
  void yield() override;
  void wait_while(const std::atomic<std::uint32_t>& word, std::uint32_t value) override;
  void wake(const std::atomic<std::uint32_t>* address) override;

  // Told of a deadlock, or of switches_max reached; must not return. Without it: printed, then abort.
  void on_stuck(std::function<void(const std::string&)> call) { on_stuck_ = std::move(call); }
  void switches_max(std::uint64_t most) { switches_max_ = most; }

  [[nodiscard]] std::uint64_t trace_hash() const noexcept { return trace_; }
  [[nodiscard]] std::uint64_t switches() const noexcept { return switches_; }  // Switch points passed so far.
  [[nodiscard]] std::string report() const;                                    // What each thread is doing.

 private:
  friend class SimMutex;
  friend class SimCondVar;
  friend class SimThread;

  enum class State : std::uint8_t { ready, blocked, finished };
  struct Task {
    std::string name;
    std::size_t number = 0;
    State state = State::ready;
    std::function<std::string()> waits_for{};  // Says it, while blocked.
    std::int64_t deadline_ns = kNever;
    bool timed_out = false;
    Task* joiner = nullptr;      // Waits for the end of this one.
    const void* word = nullptr;  // Blocked for it; only compared.
    std::thread::id thread{};
    std::condition_variable turn{};
  };
  static constexpr std::int64_t kNever = -1;

  // Another may run here; the caller stays ready.
  void switch_point();
  // Until wake() or the deadline (true: it was the deadline).
  bool block(std::function<std::string()> waits_for, std::int64_t deadline_ns);
  static void wake(Task& task);
  [[nodiscard]] std::int64_t deadline_after(std::int64_t duration_ns) const;

  void check_caller() const;
  Task& choose();
  std::vector<Task*> ready_tasks();
  void advance_time();
  void count(const Task& next);
  void hand_over(Task& next);
  void await_turn(Task& self);
  void begin(Task& self);
  void finish(Task& self);
  [[noreturn]] void stuck(const std::string& what) const;

  SimClock& clock_;
  Dice dice_;
  const std::uint64_t eagerness_;  // The token moves at one in so many switch points.
  std::vector<std::unique_ptr<Task>> tasks_;
  std::uint64_t objects_ = 0;  // Numbers mutexes and condition variables for reports.
  std::uint64_t trace_ = 0xcbf29ce484222325U;
  std::uint64_t switches_ = 0;
  std::uint64_t switches_max_ = 100'000'000;
  std::function<void(const std::string&)> on_stuck_;
  std::mutex token_;
  Task* running_ = nullptr;
};

}  // namespace mneme::sim
