// Reads a file forward through one buffer, in bounded pieces: replay never holds a whole file.
#pragma once

#include <algorithm>
#include <memory>

#include "os/file.h"

namespace mneme {

constexpr std::size_t kWindowPieceBytes = std::size_t{256} << 10;

class FileWindow {  // One thread at a time. Borrows the file.
 public:
  explicit FileWindow(File& file, std::uint64_t file_bytes, std::size_t piece_bytes = kWindowPieceBytes)
      : file_(&file), file_bytes_(file_bytes), piece_bytes_(piece_bytes) {}

  [[nodiscard]] std::uint64_t file_bytes() const noexcept { return file_bytes_; }
  // Bytes [offset, offset + count), fewer at the end of the file; valid until the next call. The buffer grows to
  // `count` at most, and never beyond what the file holds.
  Result<Bytes> view(std::uint64_t offset, std::uint64_t count) {
    if (offset >= file_bytes_) return Bytes{};
    count = std::min(count, file_bytes_ - offset);
    if (offset < begin_ || offset + count > begin_ + size_) TRY(fill(offset, count));
    const auto available = std::min<std::uint64_t>(count, begin_ + size_ - offset);
    return Bytes(buffer_.get() + (offset - begin_), static_cast<std::size_t>(available));
  }

 private:
  Result<void> fill(std::uint64_t offset, std::uint64_t count) {
    const auto wanted =
        static_cast<std::size_t>(std::min(std::max<std::uint64_t>(count, piece_bytes_), file_bytes_ - offset));
    size_ = 0;  // Until the read succeeded nothing in the buffer counts.
    begin_ = offset;
    if (capacity_ < wanted) {
      buffer_ = std::make_unique_for_overwrite<std::byte[]>(wanted);  // Zeroing would take as long as reading.
      capacity_ = wanted;
    }
    size_ = TRY(file_->read(offset, {buffer_.get(), wanted}));
    return {};
  }

  File* file_;
  std::uint64_t file_bytes_;
  std::size_t piece_bytes_;
  std::unique_ptr<std::byte[]> buffer_;  // Of capacity_ bytes.
  std::size_t capacity_ = 0;
  std::uint64_t begin_ = 0;  // Offset of buffer_[0]; size_ bytes of it are the file's.
  std::uint64_t size_ = 0;
};

}  // namespace mneme
