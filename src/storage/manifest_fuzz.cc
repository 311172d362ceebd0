// Feeds arbitrary bytes to the manifest: as one edit, and as the body of a file whose records are, in part of the
// inputs, sealed again. An edit that can be read must survive being written; a manifest that opens must go on.
#include <cstdlib>

#include "base/coding.h"
#include "os/sim/sim_file_system.h"
#include "storage/manifest.h"
#include "storage/manifest_record.h"

namespace {
using namespace mneme;

void one_edit(Bytes bytes) {
  const auto edit = decode_edit(bytes);
  if (!edit) return;
  ByteBuffer again;
  encode_edit(*edit, again);
  const auto read_back = decode_edit(again);
  if (!read_back || !(*read_back == *edit)) std::abort();
  ManifestState state;
  if (!state.apply(*edit)) return;
  ManifestState copy;
  if (!copy.apply(state.as_edit()) || !(copy == state)) std::abort();
}

void write_file(sim::SimFileSystem& disk, const std::string& path, std::uint64_t offset, Bytes bytes) {
  const auto mode = disk.has(path) ? FileSystem::Open::read_write : FileSystem::Open::create;
  disk.open(path, mode).value()->write(offset, bytes).value();
}

void seal(MutableBytes body, std::uint32_t file_crc, bool plausible) {
  std::uint64_t sequence = 1;
  for (std::size_t at = 0; at + kManifestRecordHeaderBytes <= body.size(); ++sequence) {
    if (plausible) {
      body[at + 5] = body[at + 6] = body[at + 7] = std::byte{0};
      store(&body[at + 8], sequence);
    }
    const ManifestRecordHeader header = decode_manifest_record(body.subspan(at));
    const std::size_t bytes = kManifestRecordHeaderBytes + header.payload_bytes;
    if (bytes > body.size() - at) return;
    seal_manifest_record(header, file_crc, body.subspan(at, bytes));
    at = static_cast<std::size_t>(align_to_sector(at + bytes));
  }
}
}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1) return 0;
  const auto flags = static_cast<unsigned>(data[0]);
  ByteBuffer body(reinterpret_cast<const std::byte*>(data) + 1, reinterpret_cast<const std::byte*>(data) + size);
  one_edit(body);

  sim::SimFileSystem disk;
  disk.create_directory("db").value();
  FileHeader header;
  header.number = FileNumber{1};
  write_file(disk, "db/MANIFEST-1", 0, encode_header(kManifestMagic, header));
  if ((flags & 1) != 0) seal(body, header.crc, (flags & 2) != 0);
  write_file(disk, "db/MANIFEST-1", kFileBodyOffset, body);
  const std::string current = current_text(FileNumber{1});
  write_file(disk, "db/CURRENT", 0, (flags & 4) != 0 ? Bytes(body) : as_bytes(current));
  auto manifest = Manifest::open(disk, "db");
  if (!manifest) return 0;
  const ManifestState before = (*manifest)->state();
  if (!(*manifest)->append({})) std::abort();
  const auto again = Manifest::open(disk, "db");
  if (!again || !((*again)->state() == before)) std::abort();
  return 0;
}
