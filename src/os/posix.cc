#include "os/posix.h"

#include <time.h>

#include <chrono>
#include <condition_variable>
#include <mutex>
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

class PosixClock final : public Clock {
 public:
  std::int64_t wall_ns() override { return read_clock_ns(CLOCK_REALTIME); }
  std::int64_t monotonic_ns() override { return read_clock_ns(CLOCK_MONOTONIC); }
};

class PosixMutex final : public Scheduler::MutexImpl {
 public:
  void lock() override { mutex.lock(); }
  void unlock() override { mutex.unlock(); }
  std::mutex mutex;
};

class PosixCondVar final : public Scheduler::CondVarImpl {
 public:
  bool wait(Scheduler::MutexImpl& mutex, std::int64_t timeout_ns) override {
    std::unique_lock held(static_cast<PosixMutex&>(mutex).mutex, std::adopt_lock);
    bool notified = true;
    if (timeout_ns < 0) {
      condition_.wait(held);
    } else {
      notified = condition_.wait_for(held, std::chrono::nanoseconds(timeout_ns)) == std::cv_status::no_timeout;
    }
    held.release();  // The caller goes on holding it.
    return notified;
  }
  void notify_one() override { condition_.notify_one(); }
  void notify_all() override { condition_.notify_all(); }

 private:
  std::condition_variable condition_;
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
