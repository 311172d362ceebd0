// Feeds arbitrary bytes to the log's reader as the body of two log files. In part of the inputs headers and records
// are sealed again, so that what lies behind the checksums is reached. What could be replayed must be continuable,
// and then replay as it was and one record more.
#include <cstdlib>

#include "base/coding.h"
#include "os/sim/sim_file_system.h"
#include "storage/log.h"

namespace {
using namespace mneme;

constexpr std::uint32_t kEpoch = 9;

void make_file(sim::SimFileSystem& disk, std::uint64_t number, Bytes body, bool seal, bool plausible) {
  auto file = disk.open(log_path("wal", FileNumber{number}), FileSystem::Open::create).value();
  FileHeader header;
  header.number = FileNumber{number};
  file->write(0, encode_header(kLogMagic, header)).value();
  ByteBuffer bytes(body.begin(), body.end());
  std::uint64_t lsn = 1 + (number - 1) * 3;
  for (std::size_t at = 0; seal && at + kLogRecordHeaderBytes <= bytes.size(); ++lsn) {
    if (plausible) {  // Contiguous LSNs and short payloads; the rest stays the input's.
      bytes[at + 5] = bytes[at + 6] = bytes[at + 7] = std::byte{0};
      store(&bytes[at + 8], std::uint32_t{1});
      store(&bytes[at + 12], lsn);
    }
    const LogRecordHeader record = decode_log_record(Bytes(bytes).subspan(at));
    const std::size_t payload_at = at + kLogRecordHeaderBytes;
    if (record.payload_bytes > bytes.size() - payload_at) break;
    const Bytes payload = Bytes(bytes).subspan(payload_at, record.payload_bytes);
    encode_log_record(record, std::span(&payload, 1), header.crc, &bytes[at]);
    at = payload_at + record.payload_bytes;
  }
  file->write(kFileBodyOffset, bytes).value();
}

// Whether a whole record of a life after kEpoch stands anywhere in the file. Its manifest was durable before it: a disk
// that has one has lied, and whether that is noticed at once or only when the log comes by is left open.
bool has_later_life(sim::SimFileSystem& disk, std::uint64_t number) {
  const auto file = disk.open(log_path("wal", FileNumber{number}), FileSystem::Open::read_only).value();
  ByteBuffer bytes(file->size().value());
  file->read(0, bytes).value();
  const auto crc = load<std::uint32_t>(&bytes[kFileHeaderBytes - 4]);
  for (std::size_t at = kFileBodyOffset; at + kLogRecordHeaderBytes <= bytes.size(); ++at) {
    const LogRecordHeader record = decode_log_record(Bytes(bytes).subspan(at));
    const std::size_t room = bytes.size() - at - kLogRecordHeaderBytes;
    if (record.epoch <= kEpoch || record.payload_bytes > room) continue;
    if (log_record_intact(Bytes(bytes).subspan(at, kLogRecordHeaderBytes + record.payload_bytes), crc)) return true;
  }
  return false;
}

Result<LogReplay> replay(sim::SimFileSystem& disk, std::uint32_t epoch, std::uint64_t& shown) {
  shown = 0;
  const LogReplayOptions options{
      .wal_directory = "wal", .start = {}, .from = {}, .known_synced = {}, .epoch = epoch, .origin = 0};
  return replay_log(disk, options, [&](const LogRecord& record) -> Result<void> {
    shown += 1 + record.payload.size();
    return {};
  });
}
}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const Bytes input(reinterpret_cast<const std::byte*>(data), size);
  const auto flags = static_cast<unsigned>(data[0]);
  const std::size_t split = 1 + (size - 1) * data[1] / 256;
  sim::SimFileSystem disk;
  disk.create_directory("wal").value();
  make_file(disk, 1, input.subspan(1, split - 1), (flags & 1) != 0, (flags & 2) != 0);
  make_file(disk, 2, input.subspan(split), (flags & 4) != 0, (flags & 8) != 0);
  std::uint64_t before = 0;
  const auto found = replay(disk, kEpoch, before);
  if (!found || has_later_life(disk, 1) || has_later_life(disk, 2)) return 0;
  auto log = LogWriter::open(disk, {.wal_directory = "wal", .file_bytes = 8192, .origin = 0}, kEpoch + 1, *found);
  if (!log) std::abort();
  if (!(*log)->append(as_bytes("one more"), 0)) std::abort();
  std::uint64_t after = 0;
  if (!replay(disk, kEpoch + 1, after) || after != before + 9) std::abort();
  return 0;
}
