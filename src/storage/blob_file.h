// Blob file: long values one after another, each in frames with their own checksums. <db>/blob/<n>.blob
//
//     header, alone in the first 4 KiB | value | value ...          each from a multiple of 4,096 on
//     value: frames of 64 KiB, the last one shorter: crc u32 | data bytes u32 | data
//
// A frame's crc begins with the header's and covers its place in the file, so that no frame is taken for another.
// Frames but the last hold kBlobFrameDataMax bytes of data: byte i of a value is found by division, and reading a range
// checks the frames it lies in and no others. The file has no directory: rows hold where a value lies
// (types/blob_ref.h), and what no row refers to is debris. The surprising decision: a file is never appended to in
// another life of the database, so that what a power cut left behind its last value can never be taken for one.
#pragma once

#include <memory>
#include <string>

#include "os/file.h"
#include "storage/file_header.h"
#include "types/blob_ref.h"

namespace mneme {

constexpr std::string_view kBlobMagic = "mnemeblb";
constexpr std::size_t kBlobFrameBytes = 64 << 10;
constexpr std::size_t kBlobFrameHeaderBytes = 8;
constexpr std::size_t kBlobFrameDataMax = kBlobFrameBytes - kBlobFrameHeaderBytes;
constexpr std::uint64_t kBlobAlignment = 4096;          // No value shares a page with one that is durable already.
constexpr std::uint64_t kBlobBytesMax = 2'147'483'647;  // Of one value.

// What a value of so many bytes takes in a file.
constexpr std::uint64_t blob_stored_bytes(std::uint64_t bytes) noexcept {
  const std::uint64_t frames = bytes == 0 ? 1 : (bytes + kBlobFrameDataMax - 1) / kBlobFrameDataMax;
  return bytes + frames * kBlobFrameHeaderBytes;
}

constexpr std::uint64_t align_blob(std::uint64_t bytes) noexcept {
  return (bytes + kBlobAlignment - 1) / kBlobAlignment * kBlobAlignment;
}

class BlobFileWriter {  // One thread at a time.
 public:
  // Creates the file, which must not exist. Nothing is durable before sync(), nor the name before its directory's sync.
  static Result<std::unique_ptr<BlobFileWriter>> create(FileSystem& files, const std::string& path, FileHeader header,
                                                        std::uint64_t bytes_max = kBlobBytesMax);

  // A value: begin, any number of appends, end. `expected_bytes` (0: not known) are allocated at once; what becomes of
  // a value that is begun and not ended is debris.
  Result<void> begin(std::uint64_t expected_bytes);
  Result<void> append(Bytes bytes);  // full: the disk is, or the value would be longer than `bytes_max`.
  Result<BlobRef> end();
  // Gives back what a value took that was begun and not ended. Its errors leave debris.
  Result<void> abandon();
  // Makes every value durable that has ended. io: it is not, and the file takes no more.
  Result<void> sync();

  [[nodiscard]] FileNumber number() const noexcept { return header_.number; }
  [[nodiscard]] std::uint64_t end_bytes() const noexcept { return end_; }  // Where the next frame goes.
  [[nodiscard]] bool failed() const noexcept { return failed_; }

 private:
  BlobFileWriter(std::unique_ptr<File> file, const FileHeader& header, std::uint64_t bytes_max);
  Result<void> put_frame();
  Result<void> allocate(std::uint64_t bytes);

  const std::unique_ptr<File> file_;
  const FileHeader header_;
  const std::uint64_t bytes_max_;  // Of a value.
  std::uint64_t end_ = kFileBodyOffset;
  std::uint64_t allocated_ = kFileBodyOffset;
  ByteBuffer frame_;  // Being filled: its header, then data.
  BlobRef value_;     // At hand.
  bool failed_ = false;
};

class BlobFileReader {  // Thread-safe.
 public:
  // Checks the header.
  static Result<std::unique_ptr<BlobFileReader>> open(FileSystem& files, const std::string& path, FileNumber number);

  // Bytes [from, from + out.size()) of the value. corrupt: a frame they lie in is damaged, or the file is too short.
  // REQUIRES: they are inside the value.
  Result<void> read(const BlobRef& value, std::uint64_t from, MutableBytes out) const;
  // Reads all of it, a frame at a time, and checks the value's own crc as well.
  Result<void> verify(const BlobRef& value) const;
  // Whether the file has so much in it: before memory for the value is asked for.
  Result<void> check_extent(const BlobRef& value) const;

 private:
  BlobFileReader(std::unique_ptr<File> file, std::string path, const FileHeader& header)
      : file_(std::move(file)), path_(std::move(path)), header_(header) {}
  Result<Bytes> read_frame(const BlobRef& value, std::uint64_t frame, ByteBuffer& scratch) const;
  [[nodiscard]] Error corrupt(std::uint64_t offset, const std::string& what) const;

  const std::unique_ptr<File> file_;
  const std::string path_;
  const FileHeader header_;
};

}  // namespace mneme
