// One record of the shared log, as bytes and as values. Pure: no I/O.
//
//     crc u32 | payload bytes u32 | epoch u32 | LSN u64 | known-synced LSN u64 | wall_ns i64 | kind u8 | payload
//
// crc = crc32c of all that follows it, begun with the crc of the file's header. A record is one commit group. The
// known-synced LSN is what the writer knew to be durable when it wrote: it tells a torn tail from corruption.
#pragma once

#include <optional>

#include "base/bytes.h"
#include "storage/ids.h"

namespace mneme {

constexpr std::string_view kLogMagic = "mnemelog";
constexpr std::size_t kLogRecordHeaderBytes = 37;
constexpr std::size_t kLogTurnBytes = kLogRecordHeaderBytes + 8;
constexpr std::uint64_t kLogPayloadBytesMax = std::uint64_t{256} << 20;

enum class LogRecordKind : std::uint8_t {
  group = 1,  // A commit group; the payload is the storage core's.
  mark = 2,   // No payload: only carries a fresh known-synced LSN, written when the log falls idle.
  close = 3,  // A mark after which this epoch writes nothing more.
  // The last of its file: the payload is the number of the file that the log goes on in, which was durable before. It
  // has no LSN of its own but that of the record that follows.
  turn = 4,
};

struct LogRecordHeader {
  std::uint32_t crc = 0;
  std::uint32_t payload_bytes = 0;
  std::uint32_t epoch = 0;
  Lsn lsn{};
  Lsn known_synced{};
  std::int64_t wall_ns = 0;
  LogRecordKind kind = LogRecordKind::group;
};

struct LogRecord {
  Lsn lsn{};
  std::uint32_t epoch = 0;
  Lsn known_synced{};
  std::int64_t wall_ns = 0;
  LogRecordKind kind = LogRecordKind::group;
  Bytes payload;  // Valid until the reader is used again.
};

// Where a record stands. A position after the last record of a file also means: or the first of a later file.
struct LogPosition {
  FileNumber file{};
  std::uint64_t offset = 0;
  Lsn lsn{};  // Of the record that begins here.
  bool operator==(const LogPosition&) const = default;
};

// Writes `header` (its crc is ignored and computed) to the kLogRecordHeaderBytes at `to`. `payload` may come in parts.
void encode_log_record(const LogRecordHeader& header, std::span<const Bytes> payload, std::uint32_t file_crc,
                       std::byte* to);
// REQUIRES: kLogRecordHeaderBytes bytes. Believes nothing: the caller checks fields and crc.
LogRecordHeader decode_log_record(Bytes header);
// Whether the crc stored in `record` (header and payload) is that of its bytes.
bool log_record_intact(Bytes record, std::uint32_t file_crc);

}  // namespace mneme
