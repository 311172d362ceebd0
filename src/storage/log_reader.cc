#include "storage/log_reader.h"

#include <algorithm>

#include "base/coding.h"
#include "base/crc32c.h"

namespace mneme {

Result<std::unique_ptr<LogReader>> LogReader::open(FileSystem& files, const std::string& path, FileNumber number,
                                                   Limits limits) {
  auto file = TRY(files.open(path, FileSystem::Open::read_only));
  if (!limits.believe_cache) file->forget_cached();
  const std::uint64_t bytes = TRY(file->size());
  std::unique_ptr<LogReader> reader(new LogReader(std::move(file), bytes, path, limits));
  const Bytes header_bytes = TRY(reader->window_.view(0, kFileHeaderBytes));
  if (header_bytes.size() < kFileHeaderBytes) return std::unique_ptr<LogReader>();

  auto header = decode_header(kLogMagic, header_bytes, path);
  if (header) {
    if (header->number != number || header->origin != limits.origin) return std::unique_ptr<LogReader>();
    if (header->epoch > limits.epoch_max) return reader->too_new(header->epoch, 0);
    reader->header_ = *header;
    return reader;
  }
  if (header.error().code() != Code::corrupt) return std::move(header).error();
  const ByteBuffer damaged(header_bytes.begin(), header_bytes.end());
  if (TRY(reader->has_records(damaged, number))) return std::move(header).error();
  return std::unique_ptr<LogReader>();
}

Result<bool> LogReader::holds_later_number(FileSystem& files, const std::string& path, FileNumber number,
                                           Limits limits) {
  auto file = TRY(files.open(path, FileSystem::Open::read_only));
  if (!limits.believe_cache) file->forget_cached();
  const std::uint64_t bytes = TRY(file->size());
  LogReader reader(std::move(file), bytes, path, limits);
  const Bytes header_bytes = TRY(reader.window_.view(0, kFileHeaderBytes));
  if (header_bytes.size() < kFileHeaderBytes) return false;
  const auto header = decode_header(kLogMagic, header_bytes, path);
  if (!header || header->origin != limits.origin || header->number <= number) return false;
  reader.header_ = *header;
  return TRY(reader.at(kFileBodyOffset)).has_value();
}

// A header that was never finished has no records. One that was damaged does, and they still fit either the checksum it
// stores or the one its bytes have, whichever of the two the damage left alone; or that of the header which stood here
// before all of it went: only its epoch is not known, and that was one of the last.
Result<bool> LogReader::has_records(Bytes damaged_header, FileNumber number) {
  constexpr std::uint32_t kEpochsTried = 64;
  const auto stored = load<std::uint32_t>(&damaged_header[kFileHeaderBytes - 4]);
  const auto computed = crc32c(damaged_header.first(kFileHeaderBytes - 4));
  if (TRY(has_record_under(stored)) || TRY(has_record_under(computed))) return true;
  FileHeader lost;
  lost.number = number;
  lost.origin = limits_.origin;
  lost.bytes = window_.file_bytes();  // But for a file that has grown since; the log knows which files it has.
  for (std::uint32_t tried = 0; tried < std::min(kEpochsTried, limits_.epoch_max); ++tried) {
    lost.epoch = limits_.epoch_max - tried;
    static_cast<void>(encode_header(kLogMagic, lost));  // Sets its crc.
    if (TRY(has_record_under(lost.crc))) return true;
  }
  return false;
}

Error LogReader::too_new(std::uint32_t epoch, std::uint64_t offset) const {
  return Error(Code::corrupt, path_ + ": written in epoch " + std::to_string(epoch) + " at offset " +
                                  std::to_string(offset) +
                                  ", of which the manifest knows nothing: it has lost an edit");
}

Result<bool> LogReader::has_record_under(std::uint32_t crc) {
  header_.crc = crc;
  return TRY(at(kFileBodyOffset)).has_value();
}

bool LogReader::plausible(const LogRecordHeader& header, std::uint64_t offset) const {
  return header.lsn != Lsn{} && header.epoch >= header_.epoch && header.payload_bytes <= kLogPayloadBytesMax &&
         header.payload_bytes <= window_.file_bytes() - offset - kLogRecordHeaderBytes;
}

Result<std::optional<LogRecord>> LogReader::at(std::uint64_t offset) {
  const Bytes head = TRY(window_.view(offset, kLogRecordHeaderBytes));
  if (head.size() < kLogRecordHeaderBytes) return std::optional<LogRecord>();
  const LogRecordHeader header = decode_log_record(head);
  if (!plausible(header, offset)) return std::optional<LogRecord>();

  const std::uint64_t bytes = kLogRecordHeaderBytes + header.payload_bytes;
  const Bytes record = TRY(window_.view(offset, bytes));
  checked_bytes_ += bytes;
  if (record.size() < bytes || !log_record_intact(record, header_.crc)) return std::optional<LogRecord>();
  if (header.epoch > limits_.epoch_max) return too_new(header.epoch, offset);
  return std::optional<LogRecord>({.lsn = header.lsn,
                                   .epoch = header.epoch,
                                   .known_synced = header.known_synced,
                                   .wall_ns = header.wall_ns,
                                   .kind = header.kind,
                                   .payload = record.subspan(kLogRecordHeaderBytes)});
}

Result<std::optional<LogRecord>> LogReader::successor(std::uint64_t& offset, Lsn lsn, std::uint32_t epoch_min) {
  const std::uint64_t ended = offset;
  for (const std::uint64_t place : {ended, align_to_sector(ended)}) {
    auto record = TRY(at(place));
    if (!record || record->lsn != lsn || record->epoch < epoch_min) continue;
    if (record->kind < LogRecordKind::group || record->kind > LogRecordKind::turn) {
      return Error(Code::unsupported, path_ + ": a record of unknown kind at offset " + std::to_string(place));
    }
    offset = place;
    return record;
  }
  return std::optional<LogRecord>();
}

Result<bool> LogReader::begins_successor(std::uint64_t offset, Lsn lsn, std::uint32_t epoch_min) {
  for (const std::uint64_t place : {offset, align_to_sector(offset)}) {
    const Bytes head = TRY(window_.view(place, kLogRecordHeaderBytes));
    if (head.size() < kLogRecordHeaderBytes) continue;
    const LogRecordHeader header = decode_log_record(head);
    if (header.lsn == lsn && header.epoch >= epoch_min) return true;
  }
  return false;
}

Result<std::optional<LogRecord>> LogReader::find(std::uint64_t& offset, Lsn lsn, std::uint64_t until) {
  constexpr std::uint64_t kChecksMax = 8;  // Times the file's size; honest files need less than 2.
  until = std::min(until, window_.file_bytes());
  for (; offset < until; offset += kSectorBytes) {
    const Bytes head = TRY(window_.view(offset, kLogRecordHeaderBytes));
    if (head.size() < kLogRecordHeaderBytes) break;
    if (decode_log_record(head).lsn < lsn) continue;  // Most of a file is zeros or older.
    auto record = TRY(at(offset));
    if (record) return record;
    if (checked_bytes_ > kChecksMax * window_.file_bytes()) break;
  }
  offset = window_.file_bytes();
  return std::optional<LogRecord>();
}

}  // namespace mneme
