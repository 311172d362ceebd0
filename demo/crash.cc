#include "crash.h"

#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstring>

namespace mneme::demo {
namespace {

double now_seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

Error system_error(const char* what) { return Error(Code::io, std::string(what) + ": " + std::strerror(errno)); }

// A report fits the pipe's atomic size, so the parent sees it whole or not at all.
struct Report {
  std::uint64_t number;
  double at_seconds;
};

[[noreturn]] void be_the_writer(int pipe, const Writer& writer) {
  const auto outcome = writer([pipe](std::uint64_t number) {
    const Report report = {number, now_seconds()};
    if (::write(pipe, &report, sizeof report) != sizeof report) _exit(3);
  });
  if (!outcome) std::fprintf(stderr, "writer: %s\n", outcome.error().to_string().c_str());
  _exit(outcome ? 0 : 1);
}

// Reads reports until the writer is gone.
void follow(int pipe, pid_t child, std::uint64_t kill_after, Crash& crash) {
  Report report{};
  double first = 0;
  double last = 0;
  while (::read(pipe, &report, sizeof report) == sizeof report) {
    if (crash.acknowledged++ == 0) {
      first = report.at_seconds;
    } else {
      crash.intervals_seconds.push_back(report.at_seconds - last);
    }
    last = report.at_seconds;
    if (crash.acknowledged == kill_after) ::kill(child, SIGKILL);
  }
  crash.seconds = last - first;
}

}  // namespace

Result<Crash> run_and_kill(const Writer& writer, std::uint64_t kill_after) {
  std::array<int, 2> ends{};
  if (::pipe(ends.data()) != 0) return system_error("pipe");
  std::fflush(stdout);
  const pid_t child = ::fork();
  if (child < 0) return system_error("fork");
  if (child == 0) {
    ::close(ends[0]);
    be_the_writer(ends[1], writer);
  }
  ::close(ends[1]);
  Crash crash;
  follow(ends[0], child, kill_after, crash);
  ::close(ends[0]);
  int status = 0;
  if (::waitpid(child, &status, 0) != child) return system_error("waitpid");
  crash.killed = WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
  if (!crash.killed && WEXITSTATUS(status) != 0) return Error(Code::io, "the writer failed");
  return crash;
}

}  // namespace mneme::demo
