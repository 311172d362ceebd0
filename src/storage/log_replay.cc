#include "storage/log_replay.h"

#include <algorithm>

#include "base/coding.h"
#include "storage/log_files.h"
#include "storage/log_reader.h"

namespace mneme {
namespace {

class Replay {  // One thread at a time.
 public:
  Replay(FileSystem& files, const LogReplayOptions& options, const LogVisitor& visit)
      : files_(files), options_(options), visit_(visit) {}
  Result<LogReplay> run();

 private:
  Result<void> list_files();
  Result<void> read_file(LogReader& reader);
  Result<void> accept(const LogRecord& record);
  Result<void> turn(const LogReader& reader, const LogRecord& record);
  Result<std::unique_ptr<LogReader>> open_start();
  Result<std::unique_ptr<LogReader>> open_next();
  Result<std::unique_ptr<LogReader>> open_turned_to();
  Result<std::unique_ptr<LogReader>> open(FileNumber number) const;
  Result<void> judge_tail(LogReader* last);
  Result<void> search(LogReader& reader, std::uint64_t offset, std::uint64_t most);
  Result<void> sort_out();
  [[nodiscard]] LogReader::Limits limits() const noexcept {
    return {.epoch_max = options_.epoch,
            .origin = options_.origin,
            .believe_cache = options_.after_close,
            .piece_bytes = options_.piece_bytes};
  }
  [[nodiscard]] bool is_done() const noexcept {
    return found_.closed || (options_.until && found_.end.lsn > *options_.until);
  }
  [[nodiscard]] Error corrupt_at_end(const std::string& what) const;

  FileSystem& files_;
  const LogReplayOptions& options_;
  const LogVisitor& visit_;
  std::vector<FileNumber> numbers_;      // Of all log files, ascending.
  std::uint32_t epoch_ = 0;              // Of the last record: the next cannot have an older one.
  std::optional<FileNumber> turned_to_;  // By the record that ended the file just read.
  LogReplay found_;
};

Result<LogReplay> Replay::run() {
  found_.known_synced = options_.known_synced;
  found_.end = options_.start;
  TRY(list_files());
  auto reader = TRY(open_start());
  while (reader) {
    TRY(read_file(*reader));
    if (is_done()) break;
    auto following = TRY(turned_to_ ? open_turned_to() : open_next());
    if (!following) break;
    reader = std::move(following);
    found_.end = {reader->header().number, kFileBodyOffset, found_.end.lsn};
  }
  if (options_.until) {
    if (found_.end.lsn <= *options_.until)
      return corrupt_at_end("a record is missing that the writer has made durable");
    return std::move(found_);
  }
  TRY(judge_tail(reader.get()));
  TRY(sort_out());
  return std::move(found_);
}

Result<void> Replay::list_files() {
  for (const std::string& name : TRY(files_.list(options_.wal_directory))) {
    if (const auto number = log_number(name)) numbers_.push_back(*number);
  }
  std::ranges::sort(numbers_);
  return {};
}

Result<std::unique_ptr<LogReader>> Replay::open(FileNumber number) const {
  return LogReader::open(files_, log_path(options_.wal_directory, number), number, limits());
}

// A manifest that names a start was written after that file was durable: its absence is a loss.
Result<std::unique_ptr<LogReader>> Replay::open_start() {
  if (options_.start.file == FileNumber{}) {
    found_.end = {FileNumber{}, 0, Lsn{1}};
    return open_next();
  }
  if (!std::ranges::binary_search(numbers_, options_.start.file)) return corrupt_at_end("the file is missing");
  auto reader = TRY(open(options_.start.file));
  if (!reader) return corrupt_at_end("the file's header does not fit its name");
  return reader;
}

// Of the later files, the one that begins with the record expected next. Where a cut tail left a file behind, a newer
// epoch's record wins over what lay beyond the cut.
Result<std::unique_ptr<LogReader>> Replay::open_next() {
  std::unique_ptr<LogReader> best;
  std::uint32_t best_epoch = 0;
  for (const FileNumber number : numbers_) {
    if (number <= found_.end.file) continue;
    auto reader = TRY(open(number));
    if (!reader) continue;
    const auto first = TRY(reader->at(kFileBodyOffset));
    if (!first || first->lsn != found_.end.lsn || first->epoch < epoch_) continue;
    if (best && first->epoch <= best_epoch) continue;
    best_epoch = first->epoch;
    best = std::move(reader);
  }
  if (best && found_.end.file == FileNumber{}) found_.end = {best->header().number, kFileBodyOffset, found_.end.lsn};
  return best;
}

// It was durable before the record that names it was written.
Result<std::unique_ptr<LogReader>> Replay::open_turned_to() {
  const FileNumber number = *turned_to_;
  const std::string path = log_path(options_.wal_directory, number);
  if (!std::ranges::binary_search(numbers_, number)) {
    return Error(Code::corrupt, path + ": is missing, but the log goes on in it");
  }
  auto reader = TRY(open(number));
  if (!reader) return Error(Code::corrupt, path + ": the log goes on in it, but its header does not fit its name");
  return reader;
}

Result<void> Replay::read_file(LogReader& reader) {
  if (reader.file_bytes() < reader.header().bytes) {
    return Error(Code::corrupt, reader.path() + ": is shorter than it was made, by " +
                                    std::to_string(reader.header().bytes - reader.file_bytes()) + " bytes");
  }
  turned_to_.reset();
  LogFileFound file{.first = found_.end, .last = {}};
  while (!is_done()) {
    std::uint64_t offset = found_.end.offset;
    const auto record = TRY(reader.successor(offset, found_.end.lsn, epoch_));
    if (!record) break;
    if (record->kind == LogRecordKind::turn) {
      TRY(turn(reader, *record));
      break;
    }
    TRY(accept(*record));
    file.last = record->lsn;
    found_.end = {file.first.file, offset + LogReader::bytes(*record), next(record->lsn)};
  }
  found_.chain.push_back(file);
  return {};
}

Result<void> Replay::turn(const LogReader& reader, const LogRecord& record) {
  const FileNumber to{record.payload.size() == 8 ? load<std::uint64_t>(record.payload.data()) : 0};
  if (to <= reader.header().number) return Error(Code::corrupt, reader.path() + ": goes on in a file before it");
  epoch_ = record.epoch;
  found_.known_synced = std::max(found_.known_synced, record.known_synced);
  turned_to_ = to;
  return {};
}

Result<void> Replay::accept(const LogRecord& record) {
  epoch_ = record.epoch;
  found_.known_synced = std::max(found_.known_synced, record.known_synced);
  // An older epoch's close mark proves nothing: a later life went on after it.
  found_.closed = record.kind == LogRecordKind::close && record.epoch == options_.epoch;
  if (record.kind != LogRecordKind::group || record.lsn < options_.from) return {};
  ++found_.records;
  return visit_(record);
}

// After a clean close nothing follows, and no more than the next few sectors are searched, as opening must not read
// whole files: for records of a later life, whose edit of the manifest a lying disk has lost.
Result<void> Replay::judge_tail(LogReader* last) {
  constexpr std::uint64_t kSearchedBytes = 64 << 10;
  const std::uint64_t most = found_.closed ? kSearchedBytes : ~std::uint64_t{0};
  if (last != nullptr) {
    found_.torn = !found_.closed && TRY(last->begins_successor(found_.end.offset, found_.end.lsn, epoch_));
    TRY(search(*last, align_to_sector(found_.end.offset), most));
  }
  for (const FileNumber number : numbers_) {
    if (number <= found_.end.file) continue;
    auto reader = TRY(open(number));
    if (reader) TRY(search(*reader, kFileBodyOffset, most));
  }
  if (found_.known_synced >= found_.end.lsn) {
    return corrupt_at_end("a record known to be synced is damaged or missing (LSN " +
                          std::to_string(raw(found_.end.lsn)) + " of " + std::to_string(raw(found_.known_synced)) +
                          ")");
  }
  return {};
}

// A sync moves the next record to a sector's begin, so that whatever a known-synced mark could be in is reached from
// a sector, by following records from there.
Result<void> Replay::search(LogReader& reader, std::uint64_t offset, std::uint64_t most) {
  const std::uint64_t until = most > reader.file_bytes() ? reader.file_bytes() : offset + most;
  auto record = TRY(reader.find(offset, found_.end.lsn, until));
  while (record) {
    found_.known_synced = std::max(found_.known_synced, record->known_synced);
    if (!found_.closed) found_.tail_cut += LogReader::bytes(*record);  // Else it was cut, and counted, lives ago.
    offset += LogReader::bytes(*record);
    record = TRY(reader.at(offset));
    if (record && record->lsn >= found_.end.lsn) continue;
    offset = align_to_sector(offset);
    record = TRY(reader.find(offset, found_.end.lsn, until));
  }
  return {};
}

Result<void> Replay::sort_out() {
  for (const FileNumber number : numbers_) {
    const auto same = [number](const LogFileFound& file) { return file.first.file == number; };
    if (std::ranges::any_of(found_.chain, same)) continue;
    const std::string path = log_path(options_.wal_directory, number);
    if (TRY(LogReader::holds_later_number(files_, path, number, limits()))) {
      return Error(Code::corrupt, path + ": holds records of a later log file: the disk has lost a rename");
    }
    (number < options_.start.file ? found_.obsolete : found_.spare).push_back(number);
  }
  return {};
}

Error Replay::corrupt_at_end(const std::string& what) const {
  return Error(Code::corrupt, log_path(options_.wal_directory, found_.end.file) + ": " + what + " at offset " +
                                  std::to_string(found_.end.offset));
}

}  // namespace

Result<LogReplay> replay_log(FileSystem& files, const LogReplayOptions& options, const LogVisitor& visit) {
  return Replay(files, options, visit).run();
}

}  // namespace mneme
