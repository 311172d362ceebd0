// Feeds arbitrary bytes to the reader of blob files: as a whole file, and as frames behind a good header, in part of
// the inputs sealed again; references are arbitrary, too. A value that verifies must read the same in any range, and
// nothing is read that the file has no room for.
#include <algorithm>
#include <cstdlib>

#include "base/coding.h"
#include "base/crc32c.h"
#include "os/sim/sim_file_system.h"
#include "storage/blob_file.h"

namespace {
using namespace mneme;

const std::string kPath = "db/1.blob";

void put(sim::SimFileSystem& disk, std::uint64_t offset, Bytes bytes) {
  const auto mode = disk.has(kPath) ? FileSystem::Open::read_write : FileSystem::Open::create;
  disk.open(kPath, mode).value()->write(offset, bytes).value();
}

// Makes the checksums right of a value whose frames are the whole body.
void seal(MutableBytes body, std::uint32_t header_crc) {
  for (std::size_t at = 0; at + kBlobFrameHeaderBytes <= body.size(); at += kBlobFrameBytes) {
    const auto frame = body.subspan(at, std::min(kBlobFrameBytes, body.size() - at));
    ByteBuffer place;
    Writer(place).put(std::uint64_t{kFileBodyOffset + at});
    store(frame.data() + 4, static_cast<std::uint32_t>(frame.size() - kBlobFrameHeaderBytes));
    store(frame.data(), crc32c(frame.subspan(4), crc32c(place, header_crc)));
  }
}

void look(const BlobFileReader& reader, const BlobRef& ref, std::uint64_t file_bytes) {
  if (!reader.check_extent(ref)) return;
  if (ref.bytes > file_bytes) std::abort();
  const bool whole = reader.verify(ref).has_value();
  ByteBuffer all(ref.bytes);
  const bool read = reader.read(ref, 0, all).has_value();
  if (whole && (!read || crc32c(all) != ref.crc)) std::abort();
  ByteBuffer part(ref.bytes / 3);
  if (!reader.read(ref, ref.bytes / 2, part)) return;
  if (read && !std::equal(part.begin(), part.end(), all.begin() + ref.bytes / 2)) std::abort();
}
}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::size_t kLead = 1 + sizeof(BlobRef);
  if (size < kLead) return 0;
  const auto flags = static_cast<unsigned>(data[0]);
  const auto ref = load<BlobRef>(reinterpret_cast<const std::byte*>(data) + 1);
  const auto* begin = reinterpret_cast<const std::byte*>(data) + kLead;
  ByteBuffer body(begin, begin + (size - kLead));
  sim::SimFileSystem disk;
  disk.create_directory("db").value();
  if ((flags & 1) != 0) {
    put(disk, 0, body);
  } else {
    FileHeader header;
    header.number = FileNumber{1};
    put(disk, 0, encode_header(kBlobMagic, header));
    if ((flags & 2) != 0) body.resize(body.size() + (flags >> 2) * 1024);  // Long enough for several frames.
    seal(body, header.crc);
    put(disk, kFileBodyOffset, body);
  }
  const auto reader = BlobFileReader::open(disk, kPath, FileNumber{1});
  if (!reader) return 0;
  look(**reader, ref, kFileBodyOffset + body.size());
  if (body.size() <= kBlobFrameHeaderBytes) return 0;
  const std::size_t frames = (body.size() + kBlobFrameBytes - 1) / kBlobFrameBytes;
  BlobRef sealed{1, kFileBodyOffset, 0, 0};
  if (body.size() > frames * kBlobFrameHeaderBytes) {
    sealed.bytes = static_cast<std::uint32_t>(body.size() - frames * kBlobFrameHeaderBytes);
    look(**reader, sealed, kFileBodyOffset + body.size());
  }
  return 0;
}
