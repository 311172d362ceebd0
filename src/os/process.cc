#include "os/process.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <charconv>
#include <cstddef>
#include <string_view>

namespace mneme {
namespace {

constexpr std::size_t kMappedBytes = 4'096;  // The kernel rounds up to its page.

// The beginning of a file of the kernel's; empty: it cannot be read.
std::string kernel_text(const char* path) {
  const int fd = ::open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return {};
  std::array<char, 1'024> text{};
  const ssize_t bytes = ::read(fd, text.data(), text.size());
  ::close(fd);
  return bytes <= 0 ? std::string() : std::string(text.data(), static_cast<std::size_t>(bytes));
}

// Field 22 of its stat: the second one, the name, is in parentheses and may hold anything.
std::uint64_t start_of(std::uint32_t pid) {
  const std::string text = kernel_text(("/proc/" + std::to_string(pid) + "/stat").c_str());
  std::size_t at = text.rfind(')');
  for (int field = 2; field < 22 && at != std::string::npos; ++field) at = text.find(' ', at + 1);
  std::uint64_t ticks = 0;
  if (at != std::string::npos) std::from_chars(text.data() + at + 1, text.data() + text.size(), ticks);
  return ticks;
}

}  // namespace

std::array<std::byte, 16> this_boot() {
  std::array<std::byte, 16> id{};
  std::size_t digits = 0;
  for (const char c : boot_text()) {
    unsigned value = 0;
    if (std::from_chars(&c, &c + 1, value, 16).ec != std::errc() || digits == 32) continue;
    id[digits / 2] = static_cast<std::byte>(static_cast<unsigned>(id[digits / 2]) << 4 | value);
    ++digits;
  }
  return id;
}

std::string boot_text() {
  std::string text = kernel_text("/proc/sys/kernel/random/boot_id");
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return text;
}

ProcessIdentity this_process() {
  const auto pid = static_cast<std::uint32_t>(::getpid());
  return {pid, start_of(pid), this_boot()};
}

bool is_alive(const ProcessIdentity& process) {
  return process.boot == this_boot() && process.started != 0 && start_of(process.pid) == process.started;
}

ProcessMark::ProcessMark() : process_(::getpid()) {
  void* page = ::mmap(nullptr, kMappedBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (page == MAP_FAILED) return;
  if (::madvise(page, kMappedBytes, MADV_WIPEONFORK) != 0) {
    ::munmap(page, kMappedBytes);
    return;
  }
  auto* mark = static_cast<unsigned char*>(page);
  *mark = 1;
  page_ = mark;
}

ProcessMark::~ProcessMark() {
  if (page_ != nullptr) ::munmap(const_cast<unsigned char*>(page_), kMappedBytes);
}

bool ProcessMark::other_process() const noexcept { return ::getpid() != process_; }

}  // namespace mneme
