#include "storage/blob_file.h"

#include <doctest/doctest.h>

#include <random>

#include "base/crc32c.h"
#include "os/sim/sim_file_system.h"

namespace mneme {
namespace {

const std::string kPath = "db/7.blob";

struct BlobDisk {
  sim::SimFileSystem disk;
  std::unique_ptr<BlobFileWriter> writer;
  std::mt19937_64 random{7};

  BlobDisk() {
    disk.create_directory("db").value();
    FileHeader header;
    header.number = FileNumber{7};
    header.origin = 99;
    writer = BlobFileWriter::create(disk, kPath, header).value();
  }
  ByteBuffer bytes(std::size_t count) {
    ByteBuffer out(count);
    for (std::byte& byte : out) byte = static_cast<std::byte>(random());
    return out;
  }
  BlobRef put(Bytes value) {
    writer->begin(value.size()).value();
    writer->append(value).value();
    return writer->end().value();
  }
  std::unique_ptr<BlobFileReader> reader() { return BlobFileReader::open(disk, kPath, FileNumber{7}).value(); }
  void flip(std::uint64_t at) {
    auto file = disk.open(kPath, FileSystem::Open::read_write).value();
    std::byte byte{};
    REQUIRE(file->read(at, {&byte, 1}).value() == 1);
    byte ^= std::byte{4};
    file->write(at, {&byte, 1}).value();
  }
};

ByteBuffer read_all(const BlobFileReader& reader, const BlobRef& ref) {
  ByteBuffer out(ref.bytes);
  reader.read(ref, 0, out).value();
  return out;
}

TEST_CASE_FIXTURE(BlobDisk, "blob file: values of every length around a frame's come back, whole and in any range") {
  std::vector<std::pair<ByteBuffer, BlobRef>> values;
  for (const std::size_t length : {std::size_t{1}, kBlobFrameDataMax - 1, kBlobFrameDataMax, kBlobFrameDataMax + 1,
                                   3 * kBlobFrameDataMax, 3 * kBlobFrameDataMax + 17}) {
    ByteBuffer value = bytes(length);
    const BlobRef ref = put(value);
    CHECK(ref.bytes == length);
    CHECK(ref.crc == crc32c(value));
    CHECK(ref.offset % 4096 == 0);
    values.emplace_back(std::move(value), ref);
  }
  const auto file = reader();
  for (const auto& [value, ref] : values) {
    CHECK(read_all(*file, ref) == value);
    file->verify(ref).value();
    for (int i = 0; i < 20; ++i) {
      const std::size_t from = random() % value.size();
      ByteBuffer part(random() % (value.size() - from) + 1);
      file->read(ref, from, part).value();
      CHECK(std::equal(part.begin(), part.end(), value.begin() + static_cast<std::ptrdiff_t>(from)));
    }
  }
}

TEST_CASE_FIXTURE(BlobDisk, "blob file: it makes no difference in what pieces a value was appended") {
  const ByteBuffer value = bytes(300'000);
  writer->begin(0).value();
  for (std::size_t at = 0; at < value.size();) {
    const std::size_t count = std::min<std::size_t>(random() % 40'000, value.size() - at);
    writer->append(Bytes(value).subspan(at, count)).value();
    at += count;
  }
  const BlobRef streamed = writer->end().value();
  const BlobRef whole = put(value);
  CHECK(streamed.crc == whole.crc);
  CHECK(read_all(*reader(), streamed) == value);
}

TEST_CASE_FIXTURE(BlobDisk, "blob file: a range reads and checks no more than the frames it lies in") {
  const ByteBuffer value = bytes(4 * kBlobFrameDataMax);
  const BlobRef ref = put(value);
  flip(ref.offset + 2 * kBlobFrameBytes + 1000);  // In the third of four frames.
  const auto file = reader();
  ByteBuffer part(2 * kBlobFrameDataMax);
  file->read(ref, 0, part).value();
  part.resize(kBlobFrameDataMax);
  file->read(ref, 3 * kBlobFrameDataMax, part).value();
  part.resize(1);
  const auto damaged = file->read(ref, 2 * kBlobFrameDataMax, part);
  REQUIRE_FALSE(damaged.has_value());
  CHECK(damaged.error().code() == Code::corrupt);
  CHECK(damaged.error().message().find("7.blob") != std::string::npos);
  CHECK(damaged.error().message().find(std::to_string(ref.offset + 2 * kBlobFrameBytes)) != std::string::npos);
}

TEST_CASE_FIXTURE(BlobDisk, "blob file: no flipped bit of a value or of the header goes unnoticed") {
  const ByteBuffer value = bytes(70'000);
  const BlobRef ref = put(value);
  std::vector<std::uint64_t> places{0, 9, 30, 41, 59, 62, ref.offset + 65'535, ref.offset + 65'536};
  for (int i = 0; i < 200; ++i) places.push_back(ref.offset + random() % blob_stored_bytes(ref.bytes));
  for (const std::uint64_t at : places) {
    flip(at);
    const auto opened = BlobFileReader::open(disk, kPath, FileNumber{7});
    CHECK_FALSE((opened && (*opened)->verify(ref)));
    flip(at);
  }
  reader()->verify(ref).value();
}

TEST_CASE_FIXTURE(BlobDisk, "blob file: a frame in another's place, or of another file, does not pass for it") {
  const BlobRef first = put(bytes(1000)), second = put(bytes(1000));
  auto file = disk.open(kPath, FileSystem::Open::read_write).value();
  ByteBuffer frame(blob_stored_bytes(1000));
  REQUIRE(file->read(first.offset, frame).value() == frame.size());
  file->write(second.offset, frame).value();
  CHECK(reader()->verify(second).error().code() == Code::corrupt);
  reader()->verify(first).value();
  CHECK(BlobFileReader::open(disk, kPath, FileNumber{8}).error().code() == Code::corrupt);
}

TEST_CASE_FIXTURE(BlobDisk, "blob file: room is taken before it is written to, also where nobody said how much") {
  for (const std::size_t expected : {std::size_t{0}, std::size_t{2'500'000}}) {
    writer->begin(expected).value();
    for (int piece = 0; piece < 5; ++piece) writer->append(bytes(500'000)).value();
    CHECK(writer->end().value().bytes == 2'500'000);
    CHECK(disk.growing_writes() == 0);
  }
}

TEST_CASE_FIXTURE(BlobDisk,
                  "blob file: cut anywhere, a value that is not whole is refused before memory is asked for") {
  const BlobRef ref = put(bytes(150'000));
  const std::uint64_t end = ref.offset + blob_stored_bytes(ref.bytes);
  auto file = disk.open(kPath, FileSystem::Open::read_write).value();
  for (std::uint64_t size = end; size > 0; size = size > 997 ? size - 997 : 0) {
    file->truncate(size).value();
    const auto opened = BlobFileReader::open(disk, kPath, FileNumber{7});
    const bool whole = opened && (*opened)->check_extent(ref) && (*opened)->verify(ref);
    CHECK(whole == (size == end));
  }
  BlobRef far = ref;
  far.offset = ~std::uint64_t{0} - 4095;
  file->truncate(0).value();
  BlobDisk other;
  CHECK(other.reader()->check_extent(far).error().code() == Code::corrupt);
}

TEST_CASE_FIXTURE(BlobDisk, "blob file: a value no longer than the limit is taken, a longer one is not") {
  static_assert(kBlobBytesMax == 0x7fff'ffff);
  FileHeader header;
  header.number = FileNumber{8};
  const auto small = BlobFileWriter::create(disk, "db/8.blob", header, 100'000).value();
  small->begin(0).value();
  small->append(bytes(99'999)).value();
  small->append(bytes(1)).value();
  CHECK(small->append(bytes(1)).error().code() == Code::full);
  CHECK(small->end().value().bytes == 100'000);
  CHECK(blob_stored_bytes(0) == 8);
  CHECK(blob_stored_bytes(65'528) == 65'536);
  CHECK(blob_stored_bytes(65'529) == 65'545);
}

TEST_CASE_FIXTURE(BlobDisk, "blob file: after a failed sync it takes no more, and the sync is not tried again") {
  put(bytes(10));
  writer->sync().value();
  disk.fail_after(0);
  CHECK(writer->sync().error().code() == Code::io);
  CHECK(writer->failed());
  CHECK(disk.retried_syncs() == 0);
}

}  // namespace
}  // namespace mneme
