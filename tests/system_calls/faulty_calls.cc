#include "system_calls/faulty_calls.h"

#include <fcntl.h>
#include <sys/types.h>
#include <unistd.h>

#include <cerrno>
#include <cstdarg>
#include <set>
#include <utility>

namespace mneme::system_calls {
namespace {

struct State {
  Plan plan;
  Counts counts;
  int paused = 0;
  bool again = false;         // The call before was interrupted.
  std::set<int> failed_sync;  // Open descriptors.
};

State& state() {
  static State only;
  return only;
}

bool may(Fault fault) { return state().plan.fault == fault && state().paused == 0; }

bool strikes() {
  State& now = state();
  ++now.counts.chances;
  const bool due = now.plan.sticky ? now.counts.chances >= now.plan.at : now.counts.chances == now.plan.at;
  now.counts.struck += due;
  return due;
}

int fail(int number) {
  errno = number;
  return -1;
}

bool is_interrupted() {
  if (!may(Fault::interrupted) || std::exchange(state().again, false)) return false;
  return state().again = strikes();
}

// The error that refuses more space; 0: none.
int refusal() {
  if (may(Fault::no_space) && strikes()) return ENOSPC;
  if (may(Fault::no_quota) && strikes()) return EDQUOT;
  return 0;
}

std::size_t moved_of(std::size_t count) {
  return count > 1 && may(Fault::in_part) && strikes() ? (count + 2) / 3 : count;
}

int sync_by(int (*call)(int), int fd) {
  State& now = state();
  ++now.counts.syncs;
  now.counts.retried_syncs += now.failed_sync.contains(fd);
  if (!may(Fault::interrupted_sync) || !strikes()) return call(fd);
  now.failed_sync.insert(fd);
  return fail(EINTR);
}

}  // namespace

void arm(const Plan& plan) {
  state() = State{.plan = plan, .counts = {}, .paused = 0, .again = false, .failed_sync = {}};
}
void disarm() { state().plan.fault = Fault::none; }
const Counts& counts() { return state().counts; }
Unfailing::Unfailing() { ++state().paused; }
Unfailing::~Unfailing() { --state().paused; }

extern "C" {

int __real_open(const char* path, int flags, ...);
ssize_t __real_pread(int fd, void* into, size_t count, off_t offset);
ssize_t __real_pwrite(int fd, const void* from, size_t count, off_t offset);
int __real_fallocate(int fd, int mode, off_t offset, off_t count);
int __real_ftruncate(int fd, off_t bytes);
int __real_fdatasync(int fd);
int __real_fsync(int fd);
int __real_close(int fd);

int __wrap_open(const char* path, int flags, ...) {
  va_list rest;
  va_start(rest, flags);
  const mode_t mode = (flags & O_CREAT) != 0 ? va_arg(rest, mode_t) : 0;
  va_end(rest);
  if (is_interrupted()) return fail(EINTR);
  if ((flags & O_CREAT) != 0) {
    if (const int number = refusal(); number != 0) return fail(number);
  }
  return __real_open(path, flags, mode);
}

ssize_t __wrap_pread(int fd, void* into, size_t count, off_t offset) {
  if (is_interrupted()) return fail(EINTR);
  return __real_pread(fd, into, moved_of(count), offset);
}

ssize_t __wrap_pwrite(int fd, const void* from, size_t count, off_t offset) {
  if (is_interrupted()) return fail(EINTR);
  if (const int number = refusal(); number != 0) return fail(number);
  if (may(Fault::nothing_moved) && strikes()) return 0;
  return __real_pwrite(fd, from, moved_of(count), offset);
}

int __wrap_fallocate(int fd, int mode, off_t offset, off_t count) {
  if (is_interrupted()) return fail(EINTR);
  if (const int number = refusal(); number != 0) return fail(number);
  return __real_fallocate(fd, mode, offset, count);
}

int __wrap_ftruncate(int fd, off_t bytes) {
  if (is_interrupted()) return fail(EINTR);
  return __real_ftruncate(fd, bytes);
}

int __wrap_fdatasync(int fd) { return sync_by(__real_fdatasync, fd); }
int __wrap_fsync(int fd) { return sync_by(__real_fsync, fd); }

int __wrap_close(int fd) {
  state().failed_sync.erase(fd);
  return __real_close(fd);
}

}  // extern "C"

}  // namespace mneme::system_calls
