#include "storage/blob_file.h"

#include <algorithm>
#include <array>

#include "base/assert.h"
#include "base/coding.h"
#include "base/crc32c.h"

namespace mneme {
namespace {

constexpr std::uint64_t kAllocateStepBytes = 1 << 20;  // Where the length of a value is not known ahead.

// `frame` is its bytes from the count on: what the crc in front of them covers.
std::uint32_t frame_crc(std::uint32_t header_crc, std::uint64_t offset, Bytes frame) noexcept {
  std::array<std::byte, sizeof offset> place{};
  store(place.data(), offset);
  return crc32c(frame, crc32c(place, header_crc));
}

}  // namespace

BlobFileWriter::BlobFileWriter(std::unique_ptr<File> file, const FileHeader& header, std::uint64_t bytes_max)
    : file_(std::move(file)), header_(header), bytes_max_(std::min(bytes_max, kBlobBytesMax)) {
  frame_.reserve(kBlobFrameBytes);
}

Result<std::unique_ptr<BlobFileWriter>> BlobFileWriter::create(FileSystem& files, const std::string& path,
                                                               FileHeader header, std::uint64_t bytes_max) {
  auto file = TRY(files.open(path, FileSystem::Open::create));
  const auto bytes = encode_header(kBlobMagic, header);
  TRY(file->allocate(kFileBodyOffset));
  TRY(file->write(0, bytes));
  return std::unique_ptr<BlobFileWriter>(new BlobFileWriter(std::move(file), header, bytes_max));
}

Result<void> BlobFileWriter::allocate(std::uint64_t bytes) {
  if (bytes <= allocated_) return {};
  TRY(file_->allocate(bytes));
  allocated_ = bytes;
  return {};
}

Result<void> BlobFileWriter::begin(std::uint64_t expected_bytes) {
  ASSERT(!failed_ && frame_.empty());
  end_ = align_blob(end_);
  if (expected_bytes != 0) TRY(allocate(end_ + blob_stored_bytes(expected_bytes)));
  value_ = BlobRef{raw(header_.number), end_, 0, 0};
  frame_.resize(kBlobFrameHeaderBytes);
  return {};
}

Result<void> BlobFileWriter::append(Bytes bytes) {
  if (bytes.size() > bytes_max_ - value_.bytes) {
    return Error(Code::full, "a blob is at most " + std::to_string(bytes_max_) + " bytes long");
  }
  while (!bytes.empty()) {
    if (frame_.size() == kBlobFrameBytes) TRY(put_frame());
    const Bytes part = bytes.first(std::min(bytes.size(), kBlobFrameBytes - frame_.size()));
    frame_.insert(frame_.end(), part.begin(), part.end());
    value_.bytes += static_cast<std::uint32_t>(part.size());
    value_.crc = crc32c(part, value_.crc);
    bytes = bytes.subspan(part.size());
  }
  return {};
}

Result<void> BlobFileWriter::put_frame() {
  if (end_ + frame_.size() > allocated_) {
    TRY(allocate((end_ + frame_.size() + kAllocateStepBytes - 1) / kAllocateStepBytes * kAllocateStepBytes));
  }
  store(frame_.data() + 4, static_cast<std::uint32_t>(frame_.size() - kBlobFrameHeaderBytes));
  store(frame_.data(), frame_crc(header_.crc, end_, Bytes(frame_).subspan(4)));
  TRY(file_->write(end_, frame_));
  end_ += frame_.size();
  frame_.resize(kBlobFrameHeaderBytes);
  return {};
}

Result<BlobRef> BlobFileWriter::end() {
  TRY(put_frame());
  frame_.clear();
  if (end_ == allocated_) return value_;
  TRY(file_->truncate(end_));  // So that the file's size says what was ever in it.
  allocated_ = end_;
  return value_;
}

Result<void> BlobFileWriter::abandon() {
  if (frame_.empty()) return {};
  frame_.clear();
  end_ = value_.offset;
  TRY(file_->truncate(end_));
  allocated_ = end_;
  return {};
}

Result<void> BlobFileWriter::sync() {
  ASSERT(!failed_);
  auto synced = file_->sync(SyncSite::blob_data);
  failed_ = !synced;  // A second try would hide the loss.
  return synced;
}

// ---- Reading ---------------------------------------------------------------------------------------------------

Error BlobFileReader::corrupt(std::uint64_t offset, const std::string& what) const {
  return Error(Code::corrupt, "'" + path_ + "': " + what + " at offset " + std::to_string(offset));
}

Result<std::unique_ptr<BlobFileReader>> BlobFileReader::open(FileSystem& files, const std::string& path,
                                                             FileNumber number) {
  auto opened = files.open(path, FileSystem::Open::read_only);
  if (!opened && opened.error().code() == Code::not_found) {
    return Error(Code::corrupt, "'" + path + "' is missing, but rows refer to it");
  }
  auto file = TRY(std::move(opened));
  std::array<std::byte, kFileHeaderBytes> bytes{};
  const std::size_t count = TRY(file->read(0, bytes));
  const FileHeader header = TRY(decode_header(kBlobMagic, Bytes(bytes).first(count), path));
  if (header.number != number) {
    return Error(Code::corrupt, "'" + path + "': is file " + std::to_string(raw(header.number)) + " by its header");
  }
  return std::unique_ptr<BlobFileReader>(new BlobFileReader(std::move(file), path, header));
}

Result<void> BlobFileReader::check_extent(const BlobRef& value) const {
  const std::uint64_t size = TRY(file_->size());
  const std::uint64_t wanted = blob_stored_bytes(value.bytes);
  if (value.offset < kFileBodyOffset || value.offset > size || wanted > size - value.offset) {
    return corrupt(value.offset, "the file ends at " + std::to_string(size) + ", before the end of a value");
  }
  return {};
}

// The data of frame number `frame` of the value, checked.
Result<Bytes> BlobFileReader::read_frame(const BlobRef& value, std::uint64_t frame, ByteBuffer& scratch) const {
  const std::uint64_t offset = value.offset + frame * kBlobFrameBytes;
  const auto data =
      static_cast<std::size_t>(std::min<std::uint64_t>(kBlobFrameDataMax, value.bytes - frame * kBlobFrameDataMax));
  scratch.resize(kBlobFrameHeaderBytes + data);
  if (TRY(file_->read(offset, scratch)) != scratch.size()) return corrupt(offset, "a frame is cut");
  const bool fits = load<std::uint32_t>(scratch.data()) == frame_crc(header_.crc, offset, Bytes(scratch).subspan(4)) &&
                    load<std::uint32_t>(scratch.data() + 4) == data;
  if (!fits) return corrupt(offset, "the checksum of a frame does not fit");
  return Bytes(scratch).subspan(kBlobFrameHeaderBytes);
}

Result<void> BlobFileReader::read(const BlobRef& value, std::uint64_t from, MutableBytes out) const {
  ASSERT(from <= value.bytes && out.size() <= value.bytes - from);
  ByteBuffer scratch;
  while (!out.empty()) {
    const Bytes data = TRY(read_frame(value, from / kBlobFrameDataMax, scratch));
    const Bytes part = data.subspan(static_cast<std::size_t>(from % kBlobFrameDataMax));
    const std::size_t count = std::min(part.size(), out.size());
    std::memcpy(out.data(), part.data(), count);
    out = out.subspan(count);
    from += count;
  }
  return {};
}

Result<void> BlobFileReader::verify(const BlobRef& value) const {
  TRY(check_extent(value));
  ByteBuffer scratch;
  std::uint32_t crc = 0;
  for (std::uint64_t frame = 0; frame * kBlobFrameDataMax < value.bytes; ++frame) {
    crc = crc32c(TRY(read_frame(value, frame, scratch)), crc);
  }
  if (crc != value.crc) return corrupt(value.offset, "the checksum of a value does not fit the row that refers to it");
  return {};
}

}  // namespace mneme
