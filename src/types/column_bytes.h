// ColumnBytes: the values of a column, one after another. Those of one row mostly fit inside it, so that a column of
// one row asks the heap for nothing.
#pragma once

#include <algorithm>
#include <cstring>

#include "base/bytes.h"

namespace mneme {

class ColumnBytes {  // One thread at a time while it is filled. Moving it moves what fits inside: data() is another.
 public:
  static constexpr std::size_t kInsideBytes = 16;

  [[nodiscard]] std::byte* data() noexcept { return is_inside() ? inside_ : beyond_.data(); }
  [[nodiscard]] const std::byte* data() const noexcept { return is_inside() ? inside_ : beyond_.data(); }
  [[nodiscard]] std::size_t size() const noexcept { return is_inside() ? inside_size_ : beyond_.size(); }
  [[nodiscard]] std::size_t heap_bytes() const noexcept { return beyond_.capacity(); }

  void clear() noexcept {  // Keeps the memory.
    inside_size_ = 0;
    beyond_.clear();
  }
  void reserve(std::size_t bytes) {
    if (is_inside() && bytes <= kInsideBytes) return;
    go_beyond(bytes);
    beyond_.reserve(bytes);
  }
  void resize(std::size_t bytes) {  // New ones are zeros.
    if (!is_inside() || bytes > kInsideBytes) {
      go_beyond(bytes);
      beyond_.resize(bytes);
      return;
    }
    if (bytes > inside_size_) std::memset(inside_ + inside_size_, 0, bytes - inside_size_);
    inside_size_ = bytes;
  }
  void append(Bytes bytes) {
    if (!is_inside() || inside_size_ + bytes.size() > kInsideBytes) {
      go_beyond(size() + bytes.size());
      beyond_.insert(beyond_.end(), bytes.begin(), bytes.end());
      return;
    }
    if (!bytes.empty()) std::memcpy(inside_ + inside_size_, bytes.data(), bytes.size());
    inside_size_ += bytes.size();
  }
  void adopt(ByteBuffer bytes) noexcept {
    inside_size_ = 0;
    beyond_ = std::move(bytes);
  }

 private:
  [[nodiscard]] bool is_inside() const noexcept { return beyond_.capacity() == 0; }
  // To have room for `bytes` in all.
  void go_beyond(std::size_t bytes) {
    if (!is_inside()) return;
    beyond_.reserve(std::max(bytes, 2 * inside_size_));
    beyond_.assign(inside_, inside_ + inside_size_);
    inside_size_ = 0;
  }

  alignas(kInsideBytes) std::byte inside_[kInsideBytes]{};  // While beyond_ has no room.
  std::size_t inside_size_ = 0;
  ByteBuffer beyond_;
};

}  // namespace mneme
