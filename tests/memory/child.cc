#include "memory/child.h"

#include <doctest/doctest.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>

namespace mneme::support {
namespace {

bool limit_data(std::size_t more) {
  const auto bytes = static_cast<rlim_t>(status_mib("VmData") * (1 << 20)) + more;
  const rlimit limit{bytes, bytes};
  return ::setrlimit(RLIMIT_DATA, &limit) == 0;
}

std::string everything(int from) {
  std::string told;
  char buffer[512];
  for (ssize_t got = 0; (got = ::read(from, buffer, sizeof buffer)) > 0;) told.append(buffer, std::size_t(got));
  return told;
}

}  // namespace

double status_mib(const std::string& field) {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with(field + ":")) return std::stod(line.substr(field.size() + 1)) / 1024;
  }
  return 0;
}

Outcome in_child(const std::function<std::string()>& work, std::size_t data_bytes_more) {
  int ends[2];
  REQUIRE(::pipe(ends) == 0);
  std::fflush(nullptr);
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    std::ofstream("/proc/self/clear_refs") << "5";  // The peak counts from here.
    const double before = status_mib("VmRSS");
    if (data_bytes_more != 0 && !limit_data(data_bytes_more)) ::_exit(3);
    const std::string trouble = work();
    const std::string told = std::to_string(status_mib("VmHWM") - before) + " " + trouble;
    if (::write(ends[1], told.data(), told.size()) < 0) ::_exit(2);
    ::_exit(0);
  }
  ::close(ends[1]);
  const std::string told = everything(ends[0]);
  ::close(ends[0]);
  int status = 0;
  ::waitpid(child, &status, 0);
  if (status != 0 || told.empty()) return {0, "the child ended with status " + std::to_string(status)};
  const auto space = told.find(' ');
  return {std::stod(told.substr(0, space)), told.substr(space + 1)};
}

bool data_limit_works() {
  constexpr std::size_t kBytes = std::size_t{8} << 20;
  const auto refused = [] {
    void* const memory = ::mmap(nullptr, 2 * kBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return std::string(memory == MAP_FAILED ? "" : "given");
  };
  return in_child(refused, kBytes).trouble.empty();
}

}  // namespace mneme::support
