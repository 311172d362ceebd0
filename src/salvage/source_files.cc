#include "salvage/source_files.h"

#include <algorithm>
#include <charconv>

#include "base/coding.h"
#include "salvage/losses.h"

namespace mneme {
namespace {

constexpr std::uint64_t kDeleteBytesMax = std::uint64_t{1} << 30;
constexpr std::size_t kDeleteTableOffset = 24;  // Of the table's id in a delete file.
constexpr std::size_t kSetNodeBytes = 64;       // Of a pair in a set.

// "<n>.seg" or "<n>-<sequence>.del"; the sequence of a segment is 0.
struct Named {
  FileNumber number{};
  std::uint64_t sequence = 0;
  bool deletes = false;
};
std::optional<Named> parse(const std::string& name) {
  Named named;
  std::uint64_t number = 0;
  const char* end = name.data() + name.size();
  auto at = std::from_chars(name.data(), end, number);
  if (at.ec != std::errc() || number == 0) return std::nullopt;
  named.number = FileNumber{number};
  if (at.ptr != end && *at.ptr == '-') {
    at = std::from_chars(at.ptr + 1, end, named.sequence);
    if (at.ec != std::errc()) return std::nullopt;
    named.deletes = true;
  }
  const std::string_view rest(at.ptr, static_cast<std::size_t>(end - at.ptr));
  return rest == (named.deletes ? ".del" : ".seg") ? std::optional(named) : std::nullopt;
}

}  // namespace

std::string SourceFiles::segment_path(FileNumber segment) const {
  return directory_ + "/seg/" + std::to_string(raw(segment)) + ".seg";
}
std::string SourceFiles::delete_path(FileNumber segment, std::uint64_t sequence) const {
  return directory_ + "/seg/" + std::to_string(raw(segment)) + "-" + std::to_string(sequence) + ".del";
}

void SourceFiles::list(const ManifestRemains& manifest) {
  segments_ = manifest.state.segments;
  for (const auto& [key, file] : manifest.state.deletes) deletes_[file.segment].insert(file.sequence);
  const auto names = files_.list(directory_ + "/seg");
  if (!names) return;
  for (const std::string& name : *names) {
    const auto named = parse(name);
    if (!named) continue;
    if (named->deletes) {
      found_deletes_[named->number].insert(named->sequence);
    } else if (!manifest.whole && !removed_.contains({named->number, TableId{}})) {
      segments_.emplace(named->number,
                        SegmentInfo{.file = named->number, .bytes = 0, .lsn_first = {}, .lsn_last = {}, .parts = {}});
    }
  }
}

Result<void> SourceFiles::find(const ManifestRemains& manifest, Catalogue& catalogue) {
  whole_ = manifest.whole;
  removed_ = manifest.removed;
  list(manifest);
  std::vector<FileNumber> numbers;
  for (const auto& [number, info] : segments_) {
    bytes_ += info.bytes;
    numbers.push_back(number);
  }
  if (whole_) return {};
  superseded_memory_ = TRY(budget_.reserve(0, MemoryShare::queries, "segments that were merged"));
  for (const FileNumber number : numbers) TRY(look_into(number, manifest, catalogue));
  return {};
}

Result<void> SourceFiles::look_into(FileNumber number, const ManifestRemains& manifest, Catalogue& catalogue) {
  auto file = open(number);
  if (!file && !is_damage(file.error())) return std::move(file).error();
  if (!file) return {};
  SegmentInfo& info = segments_.at(number);
  const bool named = manifest.state.segments.contains(number);
  if (!named) bytes_ += info.bytes = (*file)->size();
  for (std::size_t i = 0; i < (*file)->parts(); ++i) {
    const Segment part = (*file)->part(i);
    const TableId table = part.info().table;
    if (removed_.contains({number, table})) continue;
    last_lsn_ = std::max(last_lsn_, Lsn{part.info().last_lsn});
    catalogue.learn(part.info().schema, table);
    TRY(superseded_memory_.grow_to((superseded_.size() + part.info().merged.size()) * kSetNodeBytes));
    for (const std::uint64_t merged : part.info().merged) superseded_.insert({FileNumber{merged}, table});
    if (named) continue;
    SegmentPartInfo known;
    known.table = table;
    known.schema_version = part.info().schema_version;
    known.rows = part.rows();
    info.parts.push_back(std::move(known));
  }
  return {};
}

bool SourceFiles::counts(FileNumber segment, TableId table) const {
  if (superseded(segment, table) || removed_.contains({segment, table})) return false;
  const auto found = segments_.find(segment);
  return found != segments_.end() &&
         std::ranges::any_of(found->second.parts, [&](const SegmentPartInfo& part) { return part.table == table; });
}

Result<std::shared_ptr<SegmentFile>> SourceFiles::open(FileNumber segment) const {
  return SegmentFile::open_damaged(files_, segment_path(segment), raw(segment), cache_, budget_);
}

Result<SourceDeletes> SourceFiles::read_deletes(FileNumber segment, std::uint64_t sequence) const {
  const std::string path = delete_path(segment, sequence);
  const auto file = TRY(files_.open(path, FileSystem::Open::read_only));
  const std::uint64_t size = TRY(file->size());
  if (size > kDeleteBytesMax || size < kDeleteTableOffset + sizeof(TableId)) {
    return Error(Code::corrupt, "'" + path + "' is not as long as it was");
  }
  Reservation memory = TRY(budget_.reserve(static_cast<std::size_t>(size) * 2, MemoryShare::queries, "deletes"));
  ByteBuffer bytes(static_cast<std::size_t>(size));
  if (TRY(file->read(0, bytes)) != bytes.size()) return Error(Code::corrupt, "'" + path + "' is cut");
  const auto table = load<TableId>(bytes.data() + kDeleteTableOffset);
  auto deletes = TRY(DeleteSet::decode(bytes, path, raw(segment), table));
  return SourceDeletes{table, std::move(deletes), std::move(memory)};
}

// The files that must be there, or else all that are: an older one has some of the deletes.
Result<std::vector<SourceDeletes>> SourceFiles::deletes_of(FileNumber segment,
                                                           std::vector<DamagedFile>& damaged) const {
  std::vector<SourceDeletes> all;
  bool any_damaged = false;
  const auto wanted = deletes_.find(segment);
  const auto there = found_deletes_.find(segment);
  const auto read = [&](std::uint64_t sequence, bool must) -> Result<void> {
    auto deletes = read_deletes(segment, sequence);
    if (deletes) {
      all.push_back(*std::move(deletes));
      return {};
    }
    if (!is_damage(deletes.error())) return std::move(deletes).error();
    any_damaged = true;
    if (must) damaged.push_back({delete_path(segment, sequence), deletes.error().message()});
    return {};
  };
  if (wanted != deletes_.end()) {
    for (const std::uint64_t sequence : wanted->second) TRY(read(sequence, true));
  }
  if ((whole_ && !any_damaged) || there == found_deletes_.end()) return all;
  const bool newest_read = !any_damaged;
  for (const std::uint64_t sequence : there->second) {
    if (wanted != deletes_.end() && wanted->second.contains(sequence)) continue;
    // Of those that nobody names the newest is the one that counted last.
    TRY(read(sequence, !whole_ && newest_read && sequence == *there->second.rbegin()));
  }
  return all;
}

Result<bool> SourceFiles::lacks_deletes() const {
  std::vector<DamagedFile> damaged;
  for (const auto& [segment, info] : segments_) {
    TRY(deletes_of(segment, damaged));
    if (!damaged.empty()) return true;
  }
  return false;
}

}  // namespace mneme
