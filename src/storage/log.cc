#include "storage/log.h"

#include <algorithm>

#include "base/assert.h"
#include "base/coding.h"

namespace mneme {
namespace {
constexpr std::size_t kWriteBytes = std::size_t{256} << 10;  // A large record is written in pieces of this.
}

Result<void> LogSync::run() {
  for (File* file : files_) TRY(file->sync(SyncSite::log_data));
  return {};
}

Result<std::unique_ptr<LogWriter>> LogWriter::open(FileSystem& files, LogOptions options, std::uint32_t epoch,
                                                   const LogReplay& found) {
  ASSERT(options.file_bytes > kFileBodyOffset);
  std::unique_ptr<LogWriter> log(new LogWriter(files, std::move(options), epoch));
  TRY(log->resume(found));
  return log;
}

Result<void> LogWriter::resume(const LogReplay& found) {
  spares_ = found.spare;
  for (const FileNumber number : spares_) number_max_ = std::max(number_max_, number);
  for (const FileNumber number : found.obsolete) closed_.push_back({.number = number, .first = {}, .last = {}});
  if (found.chain.empty()) {
    TRY(prepare_next());
    begin_file(*std::exchange(next_, std::nullopt));
    return {};
  }
  for (const LogFileFound& part : found.chain) {
    const std::string path = log_path(options_.wal_directory, part.first.file);
    auto file = TRY(files_.open(path, FileSystem::Open::read_write));
    const std::uint64_t bytes = TRY(file->size());
    closed_.push_back({part.first.file, part.first, part.last, bytes, std::move(file)});
    number_max_ = std::max(number_max_, part.first.file);
  }
  ClosedFile tail = std::move(closed_.back());  // Not closed after all: the next record goes there.
  closed_.pop_back();
  std::array<std::byte, kFileHeaderBytes> header{};
  TRY(tail.file->read(0, header));
  header_ = TRY(decode_header(kLogMagic, header, log_path(options_.wal_directory, tail.number)));
  if (header_.read_only_compatible != 0) {
    return Error(Code::unsupported, "the log uses features this build can read but not write");
  }
  file_ = std::move(tail.file);
  file_first_ = tail.first;
  file_bytes_ = tail.bytes;
  end_ = align_to_sector(found.end.offset);
  last_ = Lsn{raw(found.end.lsn) - 1};
  durable_ = found.known_synced;
  // Replayed from the page cache of a killed process, or one whose closing sync failed, records may still be lost at a
  // power cut; what is acknowledged from now on stands on them.
  if (durable_ >= last_) return {};
  return sync();
}

Result<void> LogWriter::check_usable() const {
  if (poisoned_) {
    return Error(Code::io, options_.wal_directory + " is closed: an earlier sync failed; open the database again");
  }
  return {};
}

Result<Lsn> LogWriter::append(std::span<const Bytes> payload, std::int64_t wall_ns) {
  return append_record(LogRecordKind::group, payload, wall_ns);
}

Result<Lsn> LogWriter::mark(LogRecordKind kind, std::int64_t wall_ns) {
  ASSERT(kind != LogRecordKind::group);
  return append_record(kind, {}, wall_ns);
}

Result<Lsn> LogWriter::append_record(LogRecordKind kind, std::span<const Bytes> payload, std::int64_t wall_ns) {
  TRY(check_usable());
  std::uint64_t payload_bytes = 0;
  for (const Bytes part : payload) payload_bytes += part.size();
  if (payload_bytes > kLogPayloadBytesMax) {
    return Error(Code::invalid_argument, "a log record of " + std::to_string(payload_bytes) + " bytes; the limit is " +
                                             std::to_string(kLogPayloadBytesMax));
  }
  const std::uint64_t record_bytes = kLogRecordHeaderBytes + payload_bytes;
  TRY(make_room(record_bytes, wall_ns));
  to_sync_.reserve(closed_.size() + turned_.size() + 1);
  ++begun_;
  TRY(write_record({.payload_bytes = static_cast<std::uint32_t>(payload_bytes),
                    .epoch = epoch_,
                    .lsn = next(last_),
                    .known_synced = durable_,
                    .wall_ns = wall_ns,
                    .kind = kind},
                   payload));
  end_ += record_bytes;
  last_ = next(last_);
  return last_;
}

Result<void> LogWriter::make_room(std::uint64_t record_bytes, std::int64_t wall_ns) {
  if (end_ + record_bytes <= file_bytes_) return {};
  if (end_ > kFileBodyOffset) TRY(rotate(wall_ns));
  if (end_ + record_bytes <= file_bytes_) return {};
  TRY(file_->allocate(end_ + record_bytes));
  file_bytes_ = end_ + record_bytes;
  return {};
}

Result<void> LogWriter::rotate(std::int64_t wall_ns) {
  if (!next_) {
    // Maintenance did not keep up, or is at it right now: its file, of a lower number, then becomes a spare.
    LogPreparation preparation = TRY(begin_prepare());
    auto outcome = preparation.run();
    TRY(adopt(preparation, std::move(outcome)));
  }
  closed_.reserve(closed_.size() + 1);  // Nothing may fail once the turn is written.
  turned_.reserve(closed_.capacity() + turned_.size());
  TRY(write_turn(next_->header.number, wall_ns));
  close_file();
  begin_file(*std::exchange(next_, std::nullopt));
  return {};
}

// Without it nobody could tell that the next file, with all that was acknowledged in it, had been there.
Result<void> LogWriter::write_turn(FileNumber to, std::int64_t wall_ns) {
  // Beyond what records may take: a full file grows by this sector, once in its lives.
  if (end_ + kLogTurnBytes > file_bytes_) TRY(file_->allocate(align_to_sector(end_ + kLogTurnBytes)));
  std::array<std::byte, 8> payload{};
  store(payload.data(), raw(to));
  const Bytes part = payload;
  return write_record({.payload_bytes = payload.size(),
                       .epoch = epoch_,
                       .lsn = next(last_),
                       .known_synced = durable_,
                       .wall_ns = wall_ns,
                       .kind = LogRecordKind::turn},
                      std::span(&part, 1));
}

void LogWriter::close_file() {
  closed_.push_back({header_.number, file_first_, last_, file_bytes_, nullptr, true});
  closed_.back().file = std::move(file_);  // After the vector grew: nothing is lost if it cannot.
}

void LogWriter::begin_file(PreparedLog prepared) {
  file_ = std::move(prepared.file);
  header_ = prepared.header;
  file_bytes_ = prepared.bytes;
  end_ = kFileBodyOffset;
  file_first_ = {header_.number, end_, next(last_)};
}

Result<void> LogWriter::write_record(const LogRecordHeader& header, std::span<const Bytes> payload) {
  scratch_.resize(kLogRecordHeaderBytes);
  encode_log_record(header, payload, header_.crc, scratch_.data());
  std::uint64_t at = end_;
  Result<void> written;
  for (Bytes part : payload) {
    while (written && !part.empty()) {
      const std::size_t taken = std::min(part.size(), kWriteBytes - scratch_.size());
      scratch_.insert(scratch_.end(), part.begin(), part.begin() + static_cast<std::ptrdiff_t>(taken));
      part = part.subspan(taken);
      if (scratch_.size() < kWriteBytes) continue;
      written = file_->write(at, scratch_);
      at += scratch_.size();
      scratch_.clear();
    }
  }
  if (written && !scratch_.empty()) written = file_->write(at, scratch_);
  if (written) return {};
  TRY(erase_failed_record());
  return std::move(written).error().during("append to the log");
}

// A write that failed may have reached the file in whole, and the next record need not begin at the same place.
Result<void> LogWriter::erase_failed_record() {
  const std::array<std::byte, kLogRecordHeaderBytes> zeros{};
  auto erased = file_->write(end_, zeros);
  if (!erased) poisoned_ = true;
  return erased;
}

Result<LogSync> LogWriter::begin_sync() {
  TRY(check_usable());
  ASSERT(!syncing_);
  LogSync sync;
  to_sync_.clear();
  for (const ClosedFile& closed : closed_) {
    if (closed.file) to_sync_.push_back(closed.file.get());
  }
  for (const Turned& turned : turned_) to_sync_.push_back(turned.file.get());
  to_sync_.push_back(file_.get());
  sync.files_ = std::exchange(to_sync_, {});
  sync.target_ = last_;
  end_ = align_to_sector(end_);
  syncing_ = true;
  return sync;
}

Result<void> LogWriter::end_sync(const LogSync& sync, Result<void> outcome) {
  ASSERT(syncing_);
  syncing_ = false;
  if (!outcome) {
    poisoned_ = true;
    return std::move(outcome).error().during("sync the log");
  }
  durable_ = std::max(durable_, sync.target());
  std::erase_if(turned_, [this](const Turned& turned) { return turned.last < durable_; });
  for (ClosedFile& closed : closed_) {
    if (closed.last > durable_) continue;
    // The turn may have come while the sync was under way.
    if (closed.file && closed.turns && closed.last == durable_) turned_.push_back({std::move(closed.file), durable_});
    closed.file.reset();
  }
  return {};
}

Result<void> LogWriter::sync() {
  LogSync sync = TRY(begin_sync());
  return end_sync(sync, sync.run());
}

Result<LogPreparation> LogWriter::begin_prepare() {
  TRY(check_usable());
  std::optional<FileNumber> spare;
  if (!spares_.empty()) {
    spare = spares_.back();
    spares_.pop_back();
  }
  preparing_ = true;
  number_max_ = next(number_max_);
  FileHeader header;
  header.epoch = epoch_;
  header.origin = options_.origin;
  header.number = number_max_;
  return LogPreparation(files_, options_, header, spare);
}

Result<void> LogWriter::adopt(const LogPreparation& preparation, Result<PreparedLog> outcome) {
  preparing_ = false;
  if (!outcome) {
    if (preparation.sync_failed()) poisoned_ = true;
    return std::move(outcome).error().during("prepare a log file");
  }
  if (outcome->header.number < header_.number || next_) {
    spares_.push_back(outcome->header.number);
  } else {
    next_ = *std::move(outcome);
  }
  return {};
}

Result<void> LogWriter::prepare_next() {
  if (!wants_next()) return {};
  LogPreparation preparation = TRY(begin_prepare());
  auto outcome = preparation.run();
  return adopt(preparation, std::move(outcome));
}

std::vector<FileNumber> LogWriter::obsolete_below(const LogPosition& start) const {
  std::vector<FileNumber> numbers;
  for (const ClosedFile& closed : closed_) {
    if (closed.number < start.file && !closed.file) numbers.push_back(closed.number);
  }
  return numbers;
}

Result<void> LogWriter::recycle(FileNumber number) {
  const auto found = std::ranges::find(closed_, number, &ClosedFile::number);
  ASSERT(found != closed_.end() && !found->file);
  if (spares_.size() < options_.spares_max && found->bytes <= options_.file_bytes) {
    spares_.push_back(number);
  } else {
    auto gone = files_.unlink(log_path(options_.wal_directory, number));
    if (!gone && gone.error().code() != Code::not_found) return gone;
  }
  closed_.erase(found);
  return {};
}

LogPosition LogWriter::replay_start(Lsn lsn) const {
  if (lsn > last_) return {header_.number, end_, next(last_)};
  if (lsn >= file_first_.lsn) return file_first_;
  for (const ClosedFile& closed : closed_) {
    if (closed.first.file != FileNumber{} && lsn <= closed.last) return closed.first;
  }
  return file_first_;
}

std::vector<LogExtent> LogWriter::extents(FileNumber start) const {
  std::vector<LogExtent> found;
  for (const ClosedFile& closed : closed_) {
    const bool known = closed.first.file != FileNumber{};
    if (known && closed.number >= start) found.push_back({closed.first, closed.last, closed.bytes});
  }
  found.push_back({file_first_, last_, end_});
  return found;
}

std::uint64_t LogWriter::bytes_from(Lsn lsn) const {
  std::uint64_t bytes = end_ - kFileBodyOffset;
  for (const ClosedFile& closed : closed_) {
    if (closed.last >= lsn) bytes += closed.bytes;
  }
  return bytes;
}

}  // namespace mneme
