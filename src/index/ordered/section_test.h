// For tests: a section that lies in memory.
#pragma once

#include <memory>

#include "storage/section.h"

namespace mneme::ordered::test {

class MemorySection final : public Section {  // Immutable.
 public:
  explicit MemorySection(ByteBuffer bytes) : owned_(std::make_shared<ByteBuffer>(std::move(bytes))) {}
  [[nodiscard]] std::uint64_t size() const noexcept override { return owned_->size(); }
  Result<PinnedBytes> read(std::uint64_t offset, std::size_t size, BlockCache::Priority) const override {
    if (offset > owned_->size() || size > owned_->size() - offset) return Error(Code::corrupt, "leaves the section");
    return PinnedBytes(owned_, Bytes(*owned_).subspan(static_cast<std::size_t>(offset), size));
  }

 private:
  const std::shared_ptr<ByteBuffer> owned_;
};

}  // namespace mneme::ordered::test
