// RowTrail: rows in the order they came, of which the last can be taken back. Each is kept as its distance from the one
// before, in 7 bits a byte: rows that ascend take one or two bytes.
#pragma once

#include <bit>

#include "base/assert.h"
#include "base/bytes.h"
#include "types/schema.h"

namespace mneme {

class RowTrail {  // One thread at a time.
 public:
  void push(RowId row) {  // All of it or, without memory, nothing.
    constexpr std::size_t kStepBytesMax = 10;
    if (bytes_.capacity() - bytes_.size() < kStepBytesMax) bytes_.reserve(2 * bytes_.capacity() + kStepBytesMax);
    const std::uint64_t step = static_cast<std::uint64_t>(row) - last_;
    std::uint64_t left = step << 1 ^ (step >> 63 == 0 ? 0 : ~std::uint64_t{0});  // Small either way.
    for (; left >= 0x80; left >>= 7) bytes_.push_back(static_cast<std::byte>(left | 0x80));
    bytes_.push_back(static_cast<std::byte>(left));
    last_ = static_cast<std::uint64_t>(row);
    ++count_;
  }
  // REQUIRES: size() > 0.
  RowId pop() {
    ASSERT(count_ > 0);
    std::uint64_t folded = 0;
    do {  // The last byte of a step is the only one below 0x80.
      folded = folded << 7 | (static_cast<std::uint64_t>(bytes_.back()) & 0x7f);
      bytes_.pop_back();
    } while (!bytes_.empty() && static_cast<std::uint64_t>(bytes_.back()) >= 0x80);
    const RowId row{last_};
    last_ -= folded >> 1 ^ ((folded & 1) == 0 ? 0 : ~std::uint64_t{0});
    --count_;
    return row;
  }
  [[nodiscard]] std::size_t size() const noexcept { return count_; }
  [[nodiscard]] std::size_t memory_bytes() const noexcept { return bytes_.capacity(); }

 private:
  ByteBuffer bytes_;
  std::uint64_t last_ = 0;
  std::size_t count_ = 0;
};

}  // namespace mneme
