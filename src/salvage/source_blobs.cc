#include "salvage/source_blobs.h"

#include "base/crc32c.h"

namespace mneme {

Result<void> SourceBlobs::open(std::uint64_t number) {
  if (file_ && number_ == number) return {};
  file_.reset();
  file_ = TRY(files_.open(directory_ + "/blob/" + std::to_string(number) + ".blob", FileSystem::Open::read_only));
  size_ = TRY(file_->size());
  number_ = number;
  return {};
}

Result<void> SourceBlobs::check_extent(const BlobRef& from) const {
  const bool fits = from.bytes > 0 && from.bytes <= kBlobBytesMax && from.offset <= size_ &&
                    blob_stored_bytes(from.bytes) <= size_ - from.offset;
  if (fits) return {};
  return Error(Code::corrupt, "the file ends at " + std::to_string(size_) + ", before the end of the value");
}

Result<std::optional<BlobRef>> SourceBlobs::copy(const BlobRef& from, Destination& to, std::string& why) {
  auto found = open(from.file);
  if (found) found = check_extent(from);
  if (!found) {
    why = found.error().message();
    return std::optional<BlobRef>();
  }
  ByteBuffer data(static_cast<std::size_t>(std::min<std::uint64_t>(from.bytes, kBlobFrameDataMax)));
  std::uint64_t done = 0;
  std::uint32_t crc = 0;
  const auto piece = [&](bool& failed) -> std::optional<Bytes> {
    if (done == from.bytes) {
      failed = crc != from.crc;
      if (failed) why = "the checksum of the value does not fit the row that refers to it";
      return std::nullopt;
    }
    const std::uint64_t at = from.offset + done / kBlobFrameDataMax * kBlobFrameBytes + kBlobFrameHeaderBytes;
    data.resize(static_cast<std::size_t>(std::min<std::uint64_t>(kBlobFrameDataMax, from.bytes - done)));
    const auto count = file_->read(at, data);
    failed = !count || *count != data.size();
    if (failed) {
      why = count ? "the file is cut" : count.error().message();
      return std::nullopt;
    }
    crc = crc32c(data, crc);
    done += data.size();
    return Bytes(data);
  };
  return to.store_blob(from.bytes, piece);
}

}  // namespace mneme
