#include "storage/readers_board.h"

#include <algorithm>

namespace mneme {
namespace {

constexpr std::size_t kSlotsWithRoom = 32;  // A page: so many readers may come when the disk is full.
constexpr int kMarkTries = 100;             // A mark is written in less time than it takes to read it again.

Result<std::unique_ptr<File>> open_or_create(FileSystem& files, const std::string& path) {
  auto file = files.open(path, FileSystem::Open::read_write);
  if (file || file.error().code() != Code::not_found) return file;
  file = files.open(path, FileSystem::Open::create);
  if (file || file.error().code() != Code::already_exists) return file;
  return files.open(path, FileSystem::Open::read_write);  // Somebody was faster.
}

}  // namespace

Result<std::vector<ReaderPin>> list_readers(File& readers) {
  std::vector<ReaderPin> pins;
  const std::uint64_t end = reader_slot_offset(kReaderSlotsMax);
  if (!TRY(readers.is_locked(reader_slot_offset(0), end - reader_slot_offset(0)))) return pins;
  for (std::size_t slot = 0; slot < kReaderSlotsMax; ++slot) {
    const std::uint64_t at = reader_slot_offset(slot);
    if (!TRY(readers.is_locked(at, end - at))) break;
    if (!TRY(readers.is_locked(at, 1))) continue;
    std::array<std::byte, kReaderSlotBytes> bytes{};
    const std::size_t count = TRY(readers.read(at, bytes));
    pins.push_back(decode_reader_pin(Bytes(bytes).first(count)).value_or(ReaderPin{}));
  }
  return pins;
}

PinnedFiles pinned_by(const std::vector<ReaderPin>& pins) {
  PinnedFiles all;
  for (const ReaderPin& pin : pins) {
    all.point = std::min(all.point, pin.point);
    all.log_from = std::min(all.log_from, pin.log_from);
  }
  return all;
}

// ---- The writer ------------------------------------------------------------------------------------------------

Result<void> WriterBoard::open() {
  if (!file_) file_ = TRY(open_or_create(files_, path_));
  return {};
}

void WriterBoard::begin(const ReadersMark& first) {
  Lock lock(mutex_);
  mark_ = first;
  if (auto opened = open(); !opened) {
    // Without it there are no readers, or they go by the log's records: pinned() tries again before anything goes.
  }
  if (file_) {
    if (auto room = file_->allocate(reader_slot_offset(kSlotsWithRoom)); !room) {
      // On a full disk a reader may be refused.
    }
  }
  post();
}

void WriterBoard::post_durable(Lsn lsn) {
  Lock lock(mutex_);
  if (lsn <= mark_.durable) return;
  mark_.durable = lsn;
  post();
}

void WriterBoard::post_edit(const ManifestPoint& point, std::uint32_t epoch) {
  Lock lock(mutex_);
  mark_.point = point;
  mark_.epoch = epoch;
  post();
}

void WriterBoard::post() {
  if (!file_) return;
  if (auto written = file_->write(0, encode_readers_mark(mark_)); !written) {
    // Readers see less than they could until the next one.
  }
}

Result<std::vector<ReaderPin>> WriterBoard::readers() {
  Lock lock(mutex_);
  if (!file_ && !TRY(files_.exists(path_))) return std::vector<ReaderPin>();  // Nobody could pin anything.
  TRY(open());
  return list_readers(*file_);
}

Result<PinnedFiles> WriterBoard::pinned() { return pinned_by(TRY(readers())); }

// ---- A reader --------------------------------------------------------------------------------------------------

Result<std::unique_ptr<ReaderSlot>> ReaderSlot::take(const World& world, const std::string& directory) {
  auto file = TRY(open_or_create(world.files, directory + "/READERS"));
  for (std::size_t slot = 0; slot < kReaderSlotsMax; ++slot) {
    if (!TRY(file->try_lock(reader_slot_offset(slot)))) continue;
    std::unique_ptr<ReaderSlot> taken(new ReaderSlot(std::move(file), slot));
    taken->pin_.process = this_process();
    taken->pin_.since_ns = world.clock.wall_ns();
    TRY(taken->write());
    return taken;
  }
  return Error(Code::full, directory + ": " + std::to_string(kReaderSlotsMax) + " readers have it open already");
}

Result<void> ReaderSlot::write() { return file_->write(reader_slot_offset(slot_), encode_reader_pin(pin_)); }

Result<void> ReaderSlot::pin(const ManifestPoint& point, FileNumber log_from) {
  if (pin_.point == point && pin_.log_from == log_from) return {};
  pin_.point = point;
  pin_.log_from = log_from;
  return write();
}

Result<std::optional<ReadersMark>> ReaderSlot::mark() {
  for (int tries = 0; tries < kMarkTries; ++tries) {
    std::array<std::byte, kReadersMarkBytes> bytes{};
    const std::size_t count = TRY(file_->read(0, bytes));
    if (count == 0 || bytes[0] == std::byte{0}) break;  // A slot was written behind it, and no mark yet.
    auto mark = decode_readers_mark(Bytes(bytes).first(count));
    if (!mark) continue;  // Read while it was written, or damaged.
    if (mark->boot != pin_.process.boot) break;
    return mark;
  }
  return std::optional<ReadersMark>();
}

Result<std::vector<ReaderPin>> ReaderSlot::readers() { return list_readers(*file_); }

}  // namespace mneme
