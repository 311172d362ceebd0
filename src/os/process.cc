#include "os/process.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>

namespace mneme {
namespace {

constexpr std::size_t kMappedBytes = 4'096;  // The kernel rounds up to its page.

}  // namespace

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
