#include "support/call_counter.h"

#include <linux/futex.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <numeric>

namespace mneme::support {
namespace {

// System calls that do not exist: nothing happens but that the tracer sees them.
constexpr long kBegin = 1'000'000;
constexpr long kEnd = kBegin + 1;

struct Made {
  long number = 0;
  long second = 0;  // Its second argument.
};

#if defined(__x86_64__)
bool look(pid_t child, Made& made) {
  user_regs_struct registers{};
  if (::ptrace(PTRACE_GETREGS, child, nullptr, &registers) != 0) return false;
  made = {static_cast<long>(registers.orig_rax), static_cast<long>(registers.rsi)};
  return true;
}
#else
bool look(pid_t, Made&) { return false; }
#endif

bool is_wait(const Made& made) {
  if (made.number != SYS_futex) return false;
  const long operation = made.second & FUTEX_CMD_MASK;
  return operation == FUTEX_WAIT || operation == FUTEX_WAIT_BITSET || operation == FUTEX_LOCK_PI;
}

void count(const Made& made, Calls& into) {
  ++into.by_number[made.number];
  into.futex_waits += is_wait(made);
}

void add(const Calls& calls, Calls& to) {
  for (const auto& [number, times] : calls.by_number) to.by_number[number] += times;
  to.futex_waits += calls.futex_waits;
}

// Until the child ends. Every system call stops it twice: when it is made and when it returns.
bool follow(pid_t child, std::vector<Calls>& kinds) {
  Calls since;
  bool counting = false, entering = true;
  int status = 0, signal = 0;
  for (;;) {
    if (::ptrace(PTRACE_SYSCALL, child, nullptr, signal) != 0) return false;
    if (::waitpid(child, &status, __WALL) != child) return false;
    if (WIFEXITED(status) || WIFSIGNALED(status)) return WIFEXITED(status) && WEXITSTATUS(status) == 0;
    signal = 0;
    if (!WIFSTOPPED(status)) continue;
    if (WSTOPSIG(status) != (SIGTRAP | 0x80)) {
      signal = WSTOPSIG(status) == SIGTRAP || WSTOPSIG(status) == SIGSTOP ? 0 : WSTOPSIG(status);
      continue;
    }
    entering = !entering;
    if (entering) continue;  // It returns.
    Made made;
    if (!look(child, made)) return false;
    if (made.number == kBegin) {
      since = {};
      counting = true;
    } else if (made.number >= kEnd) {
      add(since, kinds.at(static_cast<std::size_t>(made.number - kEnd)));
      counting = false;
    } else if (counting) {
      count(made, since);
    }
  }
}

std::string everything(int from) {
  std::string told;
  char buffer[512];
  for (ssize_t got = 0; (got = ::read(from, buffer, sizeof buffer)) > 0;) told.append(buffer, std::size_t(got));
  return told;
}

[[noreturn]] void be_traced(const std::function<std::string()>& work, int tell) {
  if (::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr) != 0) ::_exit(3);
  ::raise(SIGSTOP);
  const std::string told = work();
  if (::write(tell, told.data(), told.size()) < 0) ::_exit(2);
  ::_exit(0);
}

}  // namespace

std::uint64_t Calls::all() const {
  return std::accumulate(by_number.begin(), by_number.end(), std::uint64_t{0},
                         [](std::uint64_t sum, const auto& of) { return sum + of.second; });
}

std::uint64_t Calls::beside_memory() const {
  std::uint64_t found = all();
  for (const long memory : {SYS_mmap, SYS_munmap, SYS_mremap, SYS_brk, SYS_madvise, SYS_mprotect}) {
    if (const auto of = by_number.find(memory); of != by_number.end()) found -= of->second;
  }
  return found;
}

void CallMarks::begin() { ::syscall(kBegin); }
void CallMarks::end(int kind) { ::syscall(kEnd + kind); }

Traced traced(int kinds, const std::function<std::string()>& work) {
  Traced found;
  found.kinds.resize(static_cast<std::size_t>(kinds));
  int ends[2];
  if (::pipe(ends) != 0) return found;
  std::fflush(nullptr);
  const pid_t child = ::fork();
  if (child == 0) be_traced(work, ends[1]);
  ::close(ends[1]);
  int status = 0;
  const bool stopped = child > 0 && ::waitpid(child, &status, 0) == child && WIFSTOPPED(status);
  Made made;
  found.refused = !stopped || !look(child, made) ||
                  ::ptrace(PTRACE_SETOPTIONS, child, nullptr, PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL) != 0;
  if (found.refused) {
    if (stopped) ::kill(child, SIGKILL);
    if (stopped) ::waitpid(child, &status, 0);
  } else if (!follow(child, found.kinds)) {
    found.told = "the traced process did not end well";
  }
  if (!found.refused && found.told.empty()) found.told = everything(ends[0]);
  ::close(ends[0]);
  return found;
}

}  // namespace mneme::support
