// Pages: memory straight from the operating system, which has it again the moment this is gone.
//
// For what comes and goes in large pieces, such as the rows of memtables: freed to the C library's heap such pieces
// lie between younger allocations as holes, and the process keeps them.
#pragma once

#include <cstddef>
#include <utility>

namespace mneme {

class Pages {  // One thread at a time; the bytes are whoever's it is given to.
 public:
  static constexpr std::size_t kMappedBytesMin = 64 << 10;  // Smaller pieces are the heap's after all.

  Pages() = default;
  explicit Pages(std::size_t bytes);  // Throws std::bad_alloc.
  Pages(Pages&& other) noexcept : data_(std::exchange(other.data_, nullptr)), bytes_(std::exchange(other.bytes_, 0)) {}
  Pages& operator=(Pages&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(bytes_, other.bytes_);
    return *this;
  }
  Pages(const Pages&) = delete;
  Pages& operator=(const Pages&) = delete;
  ~Pages();

  [[nodiscard]] std::byte* data() const noexcept { return data_; }  // Aligned for any type; not cleared.
  [[nodiscard]] std::size_t bytes() const noexcept { return bytes_; }

 private:
  std::byte* data_ = nullptr;
  std::size_t bytes_ = 0;
};

}  // namespace mneme
