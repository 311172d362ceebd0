#include "salvage/log_remains.h"

#include <algorithm>
#include <map>
#include <tuple>

#include "salvage/file_seed.h"
#include "salvage/remains_window.h"
#include "storage/log_files.h"

namespace mneme {
namespace {

constexpr std::uint64_t kChecksMax = 8;  // Times the file's size: files may be made to be checksummed over and over.

// The whole records of one file, one after another.
class RecordScan {  // One thread at a time.
 public:
  RecordScan(File& file, std::uint64_t bytes) : window_(file, bytes) {}
  [[nodiscard]] std::uint64_t bytes() const noexcept { return window_.file_bytes(); }
  void begin_with(std::uint32_t crc) noexcept { crc_ = crc; }
  ByteBuffer header() { return window_.header(); }

  // Moves `offset` to the first record at or behind it; none: there is no more. `after` a whole record the next one
  // mostly stands there or in the next sector.
  std::optional<LogRecordHeader> next(std::uint64_t& offset) {
    if (auto found = at(offset)) return found;
    const std::uint64_t aligned = align_to_sector(offset);
    if (auto found = at(aligned)) return offset = aligned, found;
    if (auto found = behind_damage(offset)) return found;
    while (checked_ <= kChecksMax * bytes() && step(offset)) {
      if (auto found = at(offset)) return found;
      ++offset;
    }
    return std::nullopt;
  }

  std::optional<LogRecordHeader> at(std::uint64_t offset) {
    const auto head = window_.view(offset, kLogRecordHeaderBytes);
    if (!head || !plausible(*head, offset)) return std::nullopt;
    const LogRecordHeader header = decode_log_record(*head);
    const std::uint64_t size = kLogRecordHeaderBytes + std::uint64_t{header.payload_bytes};
    checked_ += size;
    return window_.is_record(offset, size, crc_) ? std::optional(header) : std::nullopt;
  }

 private:
  [[nodiscard]] bool plausible(Bytes head, std::uint64_t offset) const {
    if (head.size() < kLogRecordHeaderBytes) return false;
    const LogRecordHeader header = decode_log_record(head);
    return header.kind >= LogRecordKind::group && header.kind <= LogRecordKind::turn && header.lsn != Lsn{} &&
           header.known_synced <= header.lsn && header.payload_bytes <= kLogPayloadBytesMax &&
           header.payload_bytes <= bytes() - offset - kLogRecordHeaderBytes;
  }

  // A record whose header is whole tells where the next one is.
  std::optional<LogRecordHeader> behind_damage(std::uint64_t& offset) {
    const auto head = window_.view(offset, kLogRecordHeaderBytes);
    if (!head || !plausible(*head, offset)) return std::nullopt;
    const std::uint64_t end = offset + kLogRecordHeaderBytes + decode_log_record(*head).payload_bytes;
    for (const std::uint64_t there : {end, align_to_sector(end)}) {
      if (auto found = at(there)) return offset = there, found;
    }
    return std::nullopt;
  }

  // To the next place where a record could begin. A piece of the file that cannot be read has none.
  bool step(std::uint64_t& offset) {
    constexpr std::size_t kPiece = 64 << 10;
    while (offset + kLogRecordHeaderBytes <= bytes()) {
      const auto piece = window_.view(offset, kPiece);
      if (!piece || piece->size() < kLogRecordHeaderBytes) {
        offset = align_to_sector(offset + 1);
        continue;
      }
      for (std::size_t i = 0; i + kLogRecordHeaderBytes <= piece->size(); ++i) {
        const std::byte kind = (*piece)[i + kLogRecordHeaderBytes - 1];
        if (kind == std::byte{0} || kind > std::byte{4}) continue;
        if (!plausible(piece->subspan(i), offset + i)) continue;
        offset += i;
        return true;
      }
      offset += piece->size() - kLogRecordHeaderBytes + 1;
    }
    return false;
  }

  RemainsWindow window_;
  std::uint32_t crc_ = 0;
  std::uint64_t checked_ = 0;
};

std::optional<FileSeed> seed_of(RecordScan& scan, const HeaderGuess& guess) {
  return find_seed(kLogMagic, scan.header(), guess, [&](std::uint32_t crc) {
    scan.begin_with(crc);
    return scan.at(kFileBodyOffset).has_value();
  });
}

}  // namespace

Result<LogRemains> LogRemains::scan(FileSystem& files, const std::string& wal_directory, std::uint64_t origin,
                                    std::uint32_t epoch_max, MemoryBudget& budget) {
  LogRemains remains;
  remains.world_ = &files;
  remains.origin_ = origin;
  remains.memory_ = TRY(budget.reserve(0, MemoryShare::queries, "records of a log to salvage"));
  const auto names = files.list(wal_directory);
  if (!names) {
    remains.notes_.push_back(names.error().message());
    return remains;
  }
  std::vector<FileNumber> numbers;
  for (const std::string& name : *names) {
    if (const auto number = log_number(name)) numbers.push_back(*number);
  }
  std::ranges::sort(numbers);
  for (const FileNumber number : numbers) {
    TRY(remains.scan_file(log_path(wal_directory, number), number, epoch_max, remains.memory_));
  }
  remains.drop_void();
  return remains;
}

Result<void> LogRemains::scan_file(const std::string& path, FileNumber number, std::uint32_t epoch_max,
                                   Reservation& memory) {
  auto file = world_->open(path, FileSystem::Open::read_only);
  const auto bytes = file ? (*file)->size() : Result<std::uint64_t>(std::uint64_t{0});
  if (!file || !bytes) {
    notes_.push_back(file ? bytes.error().message() : file.error().message());
    return {};
  }
  RecordScan scan(**file, *bytes);
  const auto seed = seed_of(scan, {.number = number, .origin = origin_, .bytes = *bytes, .epoch_max = epoch_max});
  // A spare, or one that was being made.
  if (!seed || seed->header.number != number || (origin_ != 0 && seed->header.origin != origin_ && !seed->damaged)) {
    return {};
  }
  if (seed->damaged) notes_.push_back("'" + path + "': its header is damaged");
  if (!seed->damaged && origin_ == 0) origin_ = seed->header.origin;
  scan.begin_with(seed->header.crc);
  files_.push_back({path, *std::move(file), *bytes, seed->header.crc});
  bytes_ += *bytes;
  std::uint64_t offset = kFileBodyOffset;
  while (const auto record = scan.next(offset)) {
    if (places_.size() == places_.capacity()) {
      TRY(memory.grow_to(std::max<std::size_t>(256, places_.capacity() * 3) * sizeof(LogPlace)));
      places_.reserve(std::max<std::size_t>(256, places_.capacity() * 2));
    }
    places_.push_back({record->lsn, record->epoch, static_cast<std::uint32_t>(files_.size() - 1), offset,
                       record->payload_bytes, record->kind, record->known_synced});
    offset += kLogRecordHeaderBytes + record->payload_bytes;
  }
  return {};
}

// Of several records with one LSN the last life's counts; one of a life before that of a lower LSN lay behind a cut.
void LogRemains::drop_void() {
  std::ranges::stable_sort(places_, [](const LogPlace& a, const LogPlace& b) {
    return std::tuple(a.lsn, b.epoch, a.kind == LogRecordKind::turn) <
           std::tuple(b.lsn, a.epoch, b.kind == LogRecordKind::turn);
  });
  std::uint32_t epoch = 0;
  std::map<std::uint32_t, Lsn> marks;
  std::size_t kept = 0;
  for (const LogPlace& place : places_) {
    if (place.epoch < epoch) continue;
    epoch = place.epoch;
    Lsn& mark = marks[place.epoch];
    mark = std::max(mark, place.known_synced);
    if (place.kind == LogRecordKind::turn) continue;  // It has the LSN of the record that follows.
    if (kept > 0 && places_[kept - 1].lsn == place.lsn) continue;
    places_[kept++] = place;
  }
  places_.resize(kept);
  marks_.assign(marks.begin(), marks.end());
}

Lsn LogRemains::mark_of(std::uint32_t epoch) const {
  const auto found = std::ranges::lower_bound(marks_, epoch, {}, [](const auto& mark) { return mark.first; });
  return found != marks_.end() && found->first == epoch ? found->second : Lsn{};
}

LogHole LogRemains::hole(Lsn first, Lsn last, const LogPlace* before) const {
  LogHole hole{first, last, "wal", 0};
  if (before == nullptr) return hole;
  hole.file = files_[before->file].path;
  hole.offset = before->offset + kLogRecordHeaderBytes + before->payload_bytes;
  return hole;
}

void LogRemains::judge(const LogBounds& bounds) {
  Lsn synced = bounds.known_synced;
  std::uint32_t last_epoch = bounds.epoch;
  for (const auto& [epoch, mark] : marks_) {
    synced = std::max(synced, mark);
    if (bounds.epoch == 0) last_epoch = std::max(last_epoch, epoch);
  }
  std::erase_if(places_, [&](const LogPlace& place) { return place.lsn < bounds.from; });
  Lsn expected = std::max(bounds.from, Lsn{1});
  std::size_t taken = 0;
  for (; taken < places_.size(); ++taken) {
    const LogPlace& place = places_[taken];
    if (place.lsn != expected) {
      const bool proven = mark_of(place.epoch) >= place.lsn || (place.epoch == last_epoch && synced >= expected);
      if (!proven) break;
      holes_.push_back(hole(expected, Lsn{raw(place.lsn) - 1}, taken == 0 ? nullptr : &places_[taken - 1]));
    }
    expected = mneme::next(place.lsn);
  }
  tail_cut_ = places_.size() - taken;
  places_.resize(taken);
  if (synced >= expected) holes_.push_back(hole(expected, synced, taken == 0 ? nullptr : &places_.back()));
}

Result<Bytes> LogRemains::payload(const LogPlace& place, ByteBuffer& buffer) const {
  buffer.resize(place.payload_bytes);
  const std::uint64_t at = place.offset + kLogRecordHeaderBytes;
  if (TRY(files_[place.file].file->read(at, buffer)) != buffer.size()) {
    return Error(Code::corrupt, "'" + files_[place.file].path + "': a record is cut");
  }
  return Bytes(buffer);
}

}  // namespace mneme
