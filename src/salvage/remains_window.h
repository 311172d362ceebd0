// Reads a damaged file forward through one buffer, in bounded pieces: a sector that cannot be read costs no other, and
// a length that was damaged no memory.
#pragma once

#include "base/bytes.h"
#include "os/file.h"

namespace mneme {

class RemainsWindow {  // One thread at a time. Borrows the file.
 public:
  RemainsWindow(File& file, std::uint64_t file_bytes) : file_(&file), file_bytes_(file_bytes) {}

  [[nodiscard]] std::uint64_t file_bytes() const noexcept { return file_bytes_; }
  // Bytes [offset, offset + count), fewer at the end of the file and before a sector that cannot be read; valid until
  // the next call. An error: the first of them lies in such a sector. The buffer grows to `count`, or kPieceBytes.
  Result<Bytes> view(std::uint64_t offset, std::uint64_t count);
  // The header of a file of records: what cannot be read of it is zeros.
  ByteBuffer header();
  // Whether the record at `offset` fits its first four bytes, the checksum of the others that begins with `file_crc`.
  // Takes no more memory than a piece. REQUIRES: bytes >= 4.
  bool is_record(std::uint64_t offset, std::uint64_t bytes, std::uint32_t file_crc);

 private:
  static constexpr std::uint64_t kPieceBytes = std::uint64_t{256} << 10;
  Result<void> fill(std::uint64_t offset, std::uint64_t count);
  std::size_t read_sectors(std::uint64_t offset, MutableBytes into);

  File* file_;
  std::uint64_t file_bytes_;
  ByteBuffer buffer_;
  std::uint64_t begin_ = 0;  // Offset of buffer_[0]; size_ bytes of it are the file's.
  std::uint64_t size_ = 0;
};

}  // namespace mneme
