#include "os/sim/sim_scheduler.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "base/assert.h"

namespace mneme::sim {
namespace {

constexpr std::uint64_t kEagerness[] = {1, 2, 5, 20};
// One wait in so many ends at once without a notify, as the contract allows.
constexpr std::uint64_t kSpuriousWakeupOneIn = 16;

}  // namespace

class SimMutex final : public Scheduler::MutexImpl {
 public:
  SimMutex(SimScheduler& scheduler, std::uint64_t number) : scheduler_(scheduler), number_(number) {}
  ~SimMutex() override { ASSERT(owner_ == nullptr); }

  void lock() override {
    scheduler_.switch_point();
    acquire();
  }
  void unlock() override {
    release();
    scheduler_.switch_point();
  }

  void acquire() {
    ASSERT(owner_ != scheduler_.running_);  // Not recursive.
    while (owner_ != nullptr) {
      waiters_.push_back(scheduler_.running_);
      scheduler_.block([this] { return name() + " held by '" + (owner_ ? owner_->name : "nobody") + "'"; },
                       SimScheduler::kNever);
    }
    owner_ = scheduler_.running_;
  }
  void release() {
    scheduler_.check_caller();
    ASSERT(owner_ == scheduler_.running_);
    owner_ = nullptr;
    for (SimScheduler::Task* waiter : waiters_) SimScheduler::wake(*waiter);
    waiters_.clear();
  }
  [[nodiscard]] std::string name() const { return "mutex " + std::to_string(number_); }

 private:
  SimScheduler& scheduler_;
  const std::uint64_t number_;
  SimScheduler::Task* owner_ = nullptr;
  std::vector<SimScheduler::Task*> waiters_;
};

class SimCondVar final : public Scheduler::CondVarImpl {
 public:
  SimCondVar(SimScheduler& scheduler, std::uint64_t number) : scheduler_(scheduler), number_(number) {}
  ~SimCondVar() override { ASSERT(waiters_.empty()); }

  bool wait(Scheduler::MutexImpl& held, std::int64_t timeout_ns) override {
    auto& mutex = static_cast<SimMutex&>(held);
    mutex.release();
    bool timed_out = false;
    if (scheduler_.dice_.below(kSpuriousWakeupOneIn) == 0) {
      scheduler_.switch_point();
    } else {
      SimScheduler::Task* self = scheduler_.running_;
      waiters_.push_back(self);
      timed_out = scheduler_.block([this] { return "condition " + std::to_string(number_); },
                                   scheduler_.deadline_after(timeout_ns));
      std::erase(waiters_, self);
    }
    mutex.acquire();
    return !timed_out;
  }
  void notify_one() override {
    scheduler_.check_caller();
    if (!waiters_.empty()) {
      const auto chosen = waiters_.begin() + static_cast<std::ptrdiff_t>(scheduler_.dice_.below(waiters_.size()));
      SimScheduler::wake(**chosen);
      waiters_.erase(chosen);
    }
    scheduler_.switch_point();
  }
  void notify_all() override {
    scheduler_.check_caller();
    for (SimScheduler::Task* waiter : waiters_) SimScheduler::wake(*waiter);
    waiters_.clear();
    scheduler_.switch_point();
  }

 private:
  SimScheduler& scheduler_;
  const std::uint64_t number_;
  std::vector<SimScheduler::Task*> waiters_;
};

class SimThread final : public Scheduler::ThreadImpl {
 public:
  SimThread(SimScheduler& scheduler, SimScheduler::Task& task, std::function<void()> body)
      : scheduler_(scheduler), task_(task), thread_([this, run = std::move(body)] {
          scheduler_.begin(task_);
          run();
          scheduler_.finish(task_);
        }) {}
  ~SimThread() override { join(); }

  void join() override {
    if (!thread_.joinable()) return;
    while (task_.state != SimScheduler::State::finished) {
      task_.joiner = scheduler_.running_;
      scheduler_.block([this] { return "the end of '" + task_.name + "'"; }, SimScheduler::kNever);
    }
    thread_.join();  // It holds the token no more: it ends by itself.
  }

 private:
  SimScheduler& scheduler_;
  SimScheduler::Task& task_;
  std::thread thread_;
};

SimScheduler::SimScheduler(std::uint64_t seed, SimClock& clock)
    : clock_(clock), dice_(seed), eagerness_(kEagerness[dice_.below(std::size(kEagerness))]) {
  auto main = std::make_unique<Task>();
  main->name = "main";
  main->thread = std::this_thread::get_id();
  running_ = main.get();
  tasks_.push_back(std::move(main));
}

SimScheduler::~SimScheduler() {
  for (const auto& task : tasks_) ASSERT(task->number == 0 || task->state == State::finished);
}

std::unique_ptr<Scheduler::MutexImpl> SimScheduler::make_mutex() {
  return std::make_unique<SimMutex>(*this, ++objects_);
}
std::unique_ptr<Scheduler::CondVarImpl> SimScheduler::make_cond_var() {
  return std::make_unique<SimCondVar>(*this, ++objects_);
}

std::unique_ptr<Scheduler::ThreadImpl> SimScheduler::start(std::string name, std::function<void()> body) {
  check_caller();
  auto made = std::make_unique<Task>();
  Task& task = *made;
  task.name = std::move(name);
  task.number = tasks_.size();
  tasks_.push_back(std::move(made));
  auto thread = std::make_unique<SimThread>(*this, task, std::move(body));
  switch_point();
  return thread;
}

void SimScheduler::sleep_ns(std::int64_t duration_ns) {
  if (duration_ns <= 0) return switch_point();
  const std::int64_t until = deadline_after(duration_ns);
  block([until] { return "time " + std::to_string(until); }, until);
}

void SimScheduler::yield() { switch_point(); }

void SimScheduler::wait_while(const std::atomic<std::uint32_t>& word, std::uint32_t value) {
  if (word.load() != value || dice_.below(kSpuriousWakeupOneIn) == 0) return switch_point();
  running_->word = &word;
  block([] { return std::string("a signal"); }, kNever);
}

void SimScheduler::wake(const std::atomic<std::uint32_t>* address) {
  check_caller();
  for (const auto& task : tasks_) {
    if (task->word != address) continue;
    task->word = nullptr;
    wake(*task);
  }
  switch_point();
}

std::int64_t SimScheduler::deadline_after(std::int64_t duration_ns) const {
  return duration_ns < 0 ? kNever : clock_.monotonic_ns() + duration_ns;
}

void SimScheduler::check_caller() const { ASSERT(running_->thread == std::this_thread::get_id()); }

void SimScheduler::switch_point() {
  check_caller();
  if (dice_.below(eagerness_) != 0) return count(*running_);
  Task& self = *running_;
  Task& next = choose();
  if (&next == &self) return;
  hand_over(next);
  await_turn(self);
}

bool SimScheduler::block(std::function<std::string()> waits_for, std::int64_t deadline_ns) {
  check_caller();
  Task& self = *running_;
  self.state = State::blocked;
  self.waits_for = std::move(waits_for);
  self.deadline_ns = deadline_ns;
  self.timed_out = false;
  Task& next = choose();
  if (&next != &self) {
    hand_over(next);
    await_turn(self);
  }
  return self.timed_out;
}

void SimScheduler::wake(Task& task) {
  if (task.state == State::blocked) task.state = State::ready;
}

SimScheduler::Task& SimScheduler::choose() {
  std::vector<Task*> ready = ready_tasks();
  if (ready.empty()) {
    advance_time();
    ready = ready_tasks();
  }
  Task& next = *ready[dice_.below(ready.size())];
  count(next);
  return next;
}

std::vector<SimScheduler::Task*> SimScheduler::ready_tasks() {
  std::vector<Task*> ready;
  for (const auto& task : tasks_) {
    if (task->state == State::ready) ready.push_back(task.get());
  }
  return ready;
}

// Nobody can run: the earliest deadline is now, for all that share it.
void SimScheduler::advance_time() {
  std::int64_t earliest = kNever;
  for (const auto& task : tasks_) {
    if (task->state != State::blocked || task->deadline_ns == kNever) continue;
    if (earliest == kNever || task->deadline_ns < earliest) earliest = task->deadline_ns;
  }
  if (earliest == kNever) stuck("deadlock");
  clock_.advance_to(earliest);
  for (const auto& task : tasks_) {
    if (task->state != State::blocked || task->deadline_ns != earliest) continue;
    task->timed_out = true;
    wake(*task);
  }
}

void SimScheduler::count(const Task& next) {
  trace_ = (trace_ ^ next.number ^ static_cast<std::uint64_t>(clock_.monotonic_ns())) * 0x9e3779b97f4a7c15U;
  trace_ ^= trace_ >> 29;
  if (++switches_ >= switches_max_) stuck("no end after " + std::to_string(switches_) + " switch points");
}

void SimScheduler::hand_over(Task& next) {
  const std::lock_guard held(token_);
  running_ = &next;
  next.turn.notify_one();  // With the lock held: `next` may end, and its Task go, as soon as it is released.
}

void SimScheduler::await_turn(Task& self) {
  std::unique_lock held(token_);
  self.turn.wait(held, [&] { return running_ == &self; });
}

void SimScheduler::begin(Task& self) {
  await_turn(self);
  self.thread = std::this_thread::get_id();
}

void SimScheduler::finish(Task& self) {
  self.state = State::finished;
  if (self.joiner != nullptr) wake(*self.joiner);
  hand_over(choose());
}

std::string SimScheduler::report() const {
  std::string text;
  for (const auto& task : tasks_) {
    text += "  '" + task->name + "' ";
    if (task->state == State::blocked) text += "waits for " + task->waits_for();
    if (task->state == State::ready) text += "is ready";
    if (task->state == State::finished) text += "has ended";
    text += "\n";
  }
  return text;
}

void SimScheduler::stuck(const std::string& what) const {
  const std::string text = what + ":\n" + report();
  if (on_stuck_) on_stuck_(text);
  std::fputs(text.c_str(), stderr);
  std::abort();
}

}  // namespace mneme::sim
