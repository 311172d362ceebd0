#include "salvage/manifest_remains.h"

#include <algorithm>
#include <functional>
#include <tuple>

#include "salvage/file_seed.h"
#include "salvage/remains_window.h"
#include "storage/manifest.h"
#include "storage/manifest_record.h"

namespace mneme {
namespace {

constexpr std::uint64_t kChecksMax = 8;  // Times the file's size: files may be made to be checksummed over and over.

// Every edit of one manifest file that its checksum covers.
class EditScan {  // One thread at a time.
 public:
  using Visit = std::function<void(std::uint64_t sequence, const ManifestEdit& edit)>;
  EditScan(File& file, std::uint64_t bytes, FileNumber number) : window_(file, bytes), number_(number) {}

  // In the order of their sequence.
  void run(const Visit& visit) {
    const HeaderGuess guess{.number = number_, .origin = 0, .bytes = 0, .epoch_max = 0};
    const auto seed =
        find_seed(kManifestMagic, window_.header(), guess, [this](std::uint32_t crc) { return fits(crc); });
    if (!seed) return;
    crc_ = seed->header.crc;
    std::vector<Place> places;
    for (std::uint64_t at = kFileBodyOffset; at < window_.file_bytes();) {
      const auto place = record_at(at);
      if (place) places.push_back(*place);
      at = place ? align_to_sector(at + place->bytes) : at + kSectorBytes;
    }
    std::ranges::stable_sort(places, {}, &Place::sequence);
    for (const Place& place : places) {
      const auto record = window_.view(place.at, place.bytes);
      if (!record || record->size() < place.bytes) continue;  // It was there a moment ago.
      if (const auto edit = decode_edit(record->subspan(kManifestRecordHeaderBytes))) visit(place.sequence, *edit);
    }
  }

 private:
  struct Place {  // Of a record that is whole.
    std::uint64_t sequence = 0, at = 0, bytes = 0;
  };

  bool fits(std::uint32_t crc) {
    crc_ = crc;
    for (std::uint64_t at = kFileBodyOffset; at < window_.file_bytes(); at += kSectorBytes) {
      if (record_at(at)) return true;
    }
    return false;
  }

  // A sector that cannot be read has none.
  std::optional<Place> record_at(std::uint64_t at) {
    const auto head = window_.view(at, kManifestRecordHeaderBytes);
    if (!head || head->size() < kManifestRecordHeaderBytes) return std::nullopt;
    const ManifestRecordHeader header = decode_manifest_record(*head);
    const std::uint64_t bytes = kManifestRecordHeaderBytes + std::uint64_t{header.payload_bytes};
    if (header.sequence == 0 || header.payload_bytes > kManifestPayloadBytesMax) return std::nullopt;
    if (bytes > window_.file_bytes() - at) return std::nullopt;
    checked_ += bytes;
    if (checked_ > kChecksMax * window_.file_bytes() || !window_.is_record(at, bytes, crc_)) return std::nullopt;
    return Place{header.sequence, at, bytes};
  }

  RemainsWindow window_;
  const FileNumber number_;
  std::uint32_t crc_ = 0;
  std::uint64_t checked_ = 0;
};

template <class T>
void raise(T& value, const std::optional<T>& to) {
  if (to && value < *to) value = *to;
}

void remove_segment(ManifestRemains& remains, const SegmentRemoval& removal) {
  remains.removed.insert({removal.file, removal.table});
  auto& segments = remains.state.segments;
  const auto found = segments.find(removal.file);
  if (found == segments.end()) return;
  auto& parts = found->second.parts;
  std::erase_if(parts,
                [&](const SegmentPartInfo& part) { return removal.table == TableId{} || part.table == removal.table; });
  if (parts.empty()) segments.erase(found);
}

void fold(ManifestRemains& remains, const ManifestEdit& edit) {
  ManifestState& state = remains.state;
  for (const DeleteFile& file : edit.removed_deletes) state.deletes.erase({file.segment, file.sequence});
  for (const SegmentRemoval& removal : edit.removed_segments) remove_segment(remains, removal);
  for (const SegmentInfo& segment : edit.segments) state.segments.insert_or_assign(segment.file, segment);
  for (const DeleteFile& file : edit.deletes) state.deletes.insert_or_assign({file.segment, file.sequence}, file);
  for (const TableMark& mark : edit.tables) {
    TableMark& table = state.tables[mark.table];
    if (table.next_key <= mark.next_key) table = mark;
  }
  if (edit.catalog && edit.catalog->lsn >= state.catalog.lsn) {
    state.catalog = *edit.catalog;
    // What another edit says of the next table may be younger: the catalogue of its time may be what is lost.
    remains.catalog_below = edit.next_table.value_or(TableId{});
  }
  if (edit.log_start && edit.log_start->lsn >= state.log_start.lsn) state.log_start = *edit.log_start;
  raise(state.epoch, edit.epoch);
  raise(state.known_synced, edit.known_synced);
  raise(state.next_file, edit.next_file);
  raise(state.next_row, edit.next_row);
  raise(state.next_table, edit.next_table);
  raise(state.origin, edit.origin);
  ++remains.edits;
}

void visit_edits(FileSystem& files, const std::string& path, FileNumber number, const EditScan::Visit& visit) {
  const auto file = files.open(path, FileSystem::Open::read_only);
  const auto bytes = file ? (*file)->size() : Result<std::uint64_t>(std::uint64_t{0});
  if (file && bytes) EditScan(**file, *bytes, number).run(visit);
}

std::optional<FileNumber> read_current(FileSystem& files, const std::string& directory) {
  const auto file = files.open(directory + "/CURRENT", FileSystem::Open::read_only);
  if (!file) return std::nullopt;
  std::array<std::byte, 64> bytes{};
  const auto count = (*file)->read(0, bytes);
  return count ? parse_current(as_text(Bytes(bytes).first(*count))) : std::nullopt;
}

auto how_far(const ManifestState& state) {
  return std::tuple(state.epoch, state.log_start.lsn, state.known_synced, state.next_file, state.segments.size());
}

}  // namespace

ManifestRemains read_manifest_remains(FileSystem& files, const std::string& directory) {
  ManifestRemains remains;
  auto strict = Manifest::read(files, directory);
  if (strict) {
    remains.state = *std::move(strict);
    remains.catalog_below = remains.state.next_table;
    remains.whole = true;
    return remains;
  }
  remains.why = strict.error().message();
  std::vector<FileNumber> numbers;
  if (const auto names = files.list(directory)) {
    for (const std::string& name : *names) {
      if (const auto number = manifest_number(name)) numbers.push_back(*number);
    }
  }
  std::ranges::sort(numbers);
  // One that came after CURRENT never counted. Without it the one that went furthest does.
  const auto current = read_current(files, directory);
  ManifestRemains best;
  for (const FileNumber number : numbers) {
    if (current && number > *current) break;
    visit_edits(files, directory + "/" + manifest_name(number), number,
                [&remains](std::uint64_t sequence, const ManifestEdit& edit) {
                  if (sequence == 1) remains.state = {};  // It is the whole state.
                  fold(remains, edit);
                });
    if (current || how_far(best.state) <= how_far(remains.state)) best = remains;
  }
  best.why = remains.why;
  return best;
}

}  // namespace mneme
