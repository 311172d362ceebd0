#include "os/pages.h"

#include <sys/mman.h>

#include <new>

namespace mneme {

Pages::Pages(std::size_t bytes) : bytes_(bytes) {
  if (bytes < kMappedBytesMin) {
    data_ = static_cast<std::byte*>(::operator new(bytes));
    return;
  }
  void* mapped = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (mapped == MAP_FAILED) throw std::bad_alloc();
  data_ = static_cast<std::byte*>(mapped);
}

Pages::~Pages() {
  if (data_ == nullptr) return;
  if (bytes_ < kMappedBytesMin) {
    ::operator delete(data_);
  } else {
    ::munmap(data_, bytes_);
  }
}

}  // namespace mneme
