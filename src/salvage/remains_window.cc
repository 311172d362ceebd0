#include "salvage/remains_window.h"

#include <algorithm>

#include "base/coding.h"
#include "base/crc32c.h"
#include "storage/file_header.h"

namespace mneme {

Result<Bytes> RemainsWindow::view(std::uint64_t offset, std::uint64_t count) {
  if (offset >= file_bytes_) return Bytes{};
  count = std::min(count, file_bytes_ - offset);
  if (offset < begin_ || offset + count > begin_ + size_) TRY(fill(offset, count));
  const auto available = std::min<std::uint64_t>(count, begin_ + size_ - offset);
  return Bytes(buffer_).subspan(static_cast<std::size_t>(offset - begin_), static_cast<std::size_t>(available));
}

Result<void> RemainsWindow::fill(std::uint64_t offset, std::uint64_t count) {
  const auto wanted = static_cast<std::size_t>(std::min(std::max(count, kPieceBytes), file_bytes_ - offset));
  if (buffer_.size() < wanted) buffer_.resize(wanted);
  const auto into = MutableBytes(buffer_).first(wanted);
  size_ = 0;  // Until the read succeeded nothing in the buffer counts.
  begin_ = offset;
  auto read = file_->read(offset, into);
  if (read) {
    size_ = *read;
    return {};
  }
  size_ = read_sectors(offset, into);
  return size_ > 0 ? Result<void>() : std::move(read).error();
}

// Up to the first that cannot be read.
std::size_t RemainsWindow::read_sectors(std::uint64_t offset, MutableBytes into) {
  std::size_t done = 0;
  while (done < into.size()) {
    const std::uint64_t at = offset + done;
    const auto count =
        static_cast<std::size_t>(std::min(align_to_sector(at + 1) - at, std::uint64_t{into.size() - done}));
    const auto read = file_->read(at, into.subspan(done, count));
    if (!read || *read == 0) break;
    done += *read;
  }
  return done;
}

ByteBuffer RemainsWindow::header() {
  ByteBuffer header(kFileHeaderBytes);
  if (const auto read = view(0, header.size())) std::ranges::copy(*read, header.begin());
  return header;
}

bool RemainsWindow::is_record(std::uint64_t offset, std::uint64_t bytes, std::uint32_t file_crc) {
  std::uint32_t crc = file_crc, stored = 0;
  for (std::uint64_t done = 0; done < bytes;) {
    const auto piece = view(offset + done, std::min(bytes - done, kPieceBytes));
    if (!piece || piece->empty()) return false;
    if (done == 0 && piece->size() < sizeof stored) return false;
    if (done == 0) stored = load<std::uint32_t>(piece->data());
    crc = crc32c(piece->subspan(done == 0 ? sizeof stored : 0), crc);
    done += piece->size();
  }
  return crc == stored;
}

}  // namespace mneme
