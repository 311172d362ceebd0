#include "os/posix.h"

#include <linux/futex.h>
#include <pthread.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <chrono>
#include <limits>
#include <random>
#include <thread>

#include "base/assert.h"

namespace mneme {
namespace {

std::int64_t read_clock_ns(clockid_t id) {
  timespec now{};
  ASSERT(::clock_gettime(id, &now) == 0);
  return std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

// A wait may be asked for as long as there is time.
std::int64_t saturating_add(std::int64_t a, std::int64_t b) {
  std::int64_t sum = 0;
  return __builtin_add_overflow(a, b, &sum) ? std::numeric_limits<std::int64_t>::max() : sum;
}

class PosixClock final : public Clock {
 public:
  std::int64_t wall_ns() override { return read_clock_ns(CLOCK_REALTIME); }
  std::int64_t monotonic_ns() override { return read_clock_ns(CLOCK_MONOTONIC); }
};

// Who finds it taken tries for a moment before it sleeps: what our locks guard takes a microsecond or two, going to
// sleep and being woken takes longer, on both sides.
class PosixMutex final : public Scheduler::MutexImpl {
 public:
  PosixMutex() {
    pthread_mutexattr_t attributes;
    ASSERT(::pthread_mutexattr_init(&attributes) == 0);
#ifdef PTHREAD_ADAPTIVE_MUTEX_INITIALIZER_NP
    ASSERT(::pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_ADAPTIVE_NP) == 0);
#endif
    ASSERT(::pthread_mutex_init(&handle, &attributes) == 0);
    ::pthread_mutexattr_destroy(&attributes);
  }
  ~PosixMutex() override { ::pthread_mutex_destroy(&handle); }
  void lock() override { ASSERT(::pthread_mutex_lock(&handle) == 0); }
  void unlock() override { ::pthread_mutex_unlock(&handle); }
  pthread_mutex_t handle;
};

class PosixCondVar final : public Scheduler::CondVarImpl {
 public:
  PosixCondVar() {
    pthread_condattr_t attributes;
    ASSERT(::pthread_condattr_init(&attributes) == 0);
    ASSERT(::pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC) == 0);
    ASSERT(::pthread_cond_init(&condition_, &attributes) == 0);
    ::pthread_condattr_destroy(&attributes);
  }
  ~PosixCondVar() override { ::pthread_cond_destroy(&condition_); }
  bool wait(Scheduler::MutexImpl& mutex, std::int64_t timeout_ns) override {
    pthread_mutex_t* held = &static_cast<PosixMutex&>(mutex).handle;
    if (timeout_ns < 0) return ::pthread_cond_wait(&condition_, held) == 0;
    const std::int64_t until_ns = saturating_add(read_clock_ns(CLOCK_MONOTONIC), timeout_ns);
    timespec until{};
    until.tv_sec = until_ns / 1'000'000'000;
    until.tv_nsec = until_ns % 1'000'000'000;
    return ::pthread_cond_timedwait(&condition_, held, &until) == 0;
  }
  void notify_one() override { ::pthread_cond_signal(&condition_); }
  void notify_all() override { ::pthread_cond_broadcast(&condition_); }

 private:
  pthread_cond_t condition_;
};

class PosixThread final : public Scheduler::ThreadImpl {
 public:
  explicit PosixThread(std::function<void()> body) : thread_(std::move(body)) {}
  ~PosixThread() override { join(); }
  void join() override {
    if (thread_.joinable()) thread_.join();
  }

 private:
  std::thread thread_;
};

class PosixScheduler final : public Scheduler {
 public:
  std::unique_ptr<MutexImpl> make_mutex() override { return std::make_unique<PosixMutex>(); }
  std::unique_ptr<CondVarImpl> make_cond_var() override { return std::make_unique<PosixCondVar>(); }
  std::unique_ptr<ThreadImpl> start(std::string name, std::function<void()> body) override {
    return std::make_unique<PosixThread>([name = std::move(name), run = std::move(body)] {
      ::pthread_setname_np(::pthread_self(), name.substr(0, 15).c_str());  // 15 is the kernel's limit.
      run();
    });
  }
  void sleep_ns(std::int64_t duration_ns) override {
    std::this_thread::sleep_for(std::chrono::nanoseconds(duration_ns));
  }
  void yield() override { std::this_thread::yield(); }
  // Whatever the call answers, the caller looks at the word again.
  void wait_while(const std::atomic<std::uint32_t>& word, std::uint32_t value) override {
    ::syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, value, nullptr, nullptr, 0);
  }
  void wake(const std::atomic<std::uint32_t>* address) override {
    ::syscall(SYS_futex, address, FUTEX_WAKE_PRIVATE, 1, nullptr, nullptr, 0);
  }
};

class PosixRandom final : public Random {
 public:
  std::uint64_t next() override {
    std::random_device device;  // Ids only, never on a hot path.
    return std::uint64_t{device()} << 32 | device();
  }
};

}  // namespace

std::unique_ptr<Scheduler> make_posix_scheduler() { return std::make_unique<PosixScheduler>(); }

PosixWorld::PosixWorld()
    : files_(make_posix_file_system()),
      clock_(std::make_unique<PosixClock>()),
      scheduler_(make_posix_scheduler()),
      random_(std::make_unique<PosixRandom>()) {}
PosixWorld::~PosixWorld() = default;

}  // namespace mneme
