#include "storage/log_record.h"

#include "base/assert.h"
#include "base/coding.h"
#include "base/crc32c.h"

namespace mneme {

void encode_log_record(const LogRecordHeader& header, std::span<const Bytes> payload, std::uint32_t file_crc,
                       std::byte* to) {
  store(to + 4, header.payload_bytes);
  store(to + 8, header.epoch);
  store(to + 12, raw(header.lsn));
  store(to + 20, raw(header.known_synced));
  store(to + 28, header.wall_ns);
  store(to + 36, header.kind);
  std::uint32_t crc = crc32c(Bytes(to + 4, kLogRecordHeaderBytes - 4), file_crc);
  for (const Bytes part : payload) crc = crc32c(part, crc);
  store(to, crc);
}

LogRecordHeader decode_log_record(Bytes header) {
  ASSERT(header.size() >= kLogRecordHeaderBytes);
  LogRecordHeader decoded;
  decoded.crc = load<std::uint32_t>(&header[0]);
  decoded.payload_bytes = load<std::uint32_t>(&header[4]);
  decoded.epoch = load<std::uint32_t>(&header[8]);
  decoded.lsn = Lsn{load<std::uint64_t>(&header[12])};
  decoded.known_synced = Lsn{load<std::uint64_t>(&header[20])};
  decoded.wall_ns = load<std::int64_t>(&header[28]);
  decoded.kind = load<LogRecordKind>(&header[36]);
  return decoded;
}

bool log_record_intact(Bytes record, std::uint32_t file_crc) {
  return load<std::uint32_t>(record.data()) == crc32c(record.subspan(4), file_crc);
}

}  // namespace mneme
