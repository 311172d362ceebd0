// Input: the bytes of a file to import, and Window, a bounded view that moves over them.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "mneme/result.h"

namespace mneme::cli {

class Input {  // One thread at a time.
 public:
  virtual ~Input() = default;
  [[nodiscard]] virtual std::uint64_t size() const noexcept = 0;
  // Fills `into` from `offset`; returns how many bytes were there (fewer only at the end).
  virtual Result<std::size_t> read(std::uint64_t offset, char* into, std::size_t bytes) = 0;
};

// not_found | io; the message names the path. A directory or a device is invalid_argument.
Result<std::unique_ptr<Input>> open_input(const std::string& path);
// The bytes themselves, copied.
std::unique_ptr<Input> memory_input(std::string_view bytes);

// A window of a fixed number of bytes over an input. One thread at a time.
class Window {
 public:
  static constexpr std::size_t kBytes = 1024 * 1024;

  explicit Window(Input& input)
      : input_(input), buffer_(static_cast<std::size_t>(std::clamp<std::uint64_t>(input.size(), 1, kBytes))) {}

  [[nodiscard]] std::uint64_t position() const noexcept { return base_ + at_; }
  // The next `bytes` bytes, or what is left before the end of the input. Good until the next call.
  // REQUIRES: bytes <= kBytes.
  Result<std::string_view> peek(std::size_t bytes) {
    if (filled_ - at_ < bytes) {
      if (Result<void> done = refill(); !done) return std::move(done).error();
    }
    return std::string_view(buffer_.data() + at_, std::min(bytes, filled_ - at_));
  }
  // All that can be had at once; at least `bytes` unless the input ends before.
  Result<std::string_view> peek_all(std::size_t bytes) {
    if (filled_ - at_ < bytes) {
      if (Result<void> done = refill(); !done) return std::move(done).error();
    }
    return std::string_view(buffer_.data() + at_, filled_ - at_);
  }
  void skip(std::size_t bytes) noexcept { at_ += bytes; }  // REQUIRES: peeked.
  void seek(std::uint64_t offset) noexcept {
    base_ = offset;
    at_ = filled_ = 0;
  }

 private:
  Result<void> refill();
  Input& input_;
  std::vector<char> buffer_;
  std::uint64_t base_ = 0;  // Offset in the input of buffer_[0].
  std::size_t at_ = 0;
  std::size_t filled_ = 0;
};

}  // namespace mneme::cli
