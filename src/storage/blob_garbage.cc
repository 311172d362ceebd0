#include "storage/blob_garbage.h"

#include <algorithm>
#include <array>

#include "storage/blob_tally.h"
#include "storage/segment_source.h"

namespace mneme {
namespace {

// Read together: the same column has values that lie in their rows, up to 64 KiB each.
constexpr std::size_t kRowsAtOnce = 16;

bool may_be_emptied(const BlobUse& use, const std::set<FileNumber>& except) {
  return use.file->is_complete() && !except.contains(use.file->number());
}

// Calls `visit` with the ordinals of the dead rows, ascending, a few at a time.
template <class Visit>
Result<void> for_dead_rows(const DeleteSet& dead, std::uint64_t rows, Visit visit) {
  std::array<std::uint64_t, kBatchRowsMax / 64> live{};
  std::vector<std::uint32_t> some;
  for (std::uint64_t first = 0; first < rows; first += kBatchRowsMax) {
    const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(kBatchRowsMax, rows - first));
    if (dead.live_mask(first, count, kSequenceMax - 1, live.data()) == count) continue;
    for (std::size_t i = 0; i < count; ++i) {
      if ((live[i / 64] >> (i % 64) & 1) == 0) some.push_back(static_cast<std::uint32_t>(first + i));
      if (some.size() < kRowsAtOnce) continue;
      TRY(visit(some));
      some.clear();
    }
  }
  return some.empty() ? Result<void>() : visit(some);
}

Result<std::map<FileNumber, std::uint64_t>> referred_to_by(const DeleteSet& dead, const TableSegment& segment,
                                                           TableId table) {
  const Segment part = TRY(open_segment(segment, table));
  std::set<ColumnId> columns;
  for (const BlobUse& use : *segment.blobs) columns.insert(use.column);
  BlobTally tally;
  const auto add = [&](std::span<const std::uint32_t> ordinals) -> Result<void> {
    for (const ColumnId column : columns) {
      const auto position = part.position_of(column);
      if (!position) continue;
      Column values(part.columns()[*position].type);
      TRY(part.gather(*position, ordinals, values));
      tally.add(column, values, 0, values.rows());
    }
    return {};
  };
  TRY(for_dead_rows(dead, part.rows(), add));
  std::map<FileNumber, std::uint64_t> bytes;
  for (const auto& [key, used] : tally.bytes()) bytes[key.first] += used;
  return bytes;
}

}  // namespace

Result<bool> BlobGarbage::look(const Version& version, std::uint64_t dead_at, const std::set<FileNumber>& except) {
  for (const auto& [id, table] : version.tables) {
    for (const TableSegment& segment : table.segments) {
      if (!segment.blobs || segment.deletes->count() == 0) continue;
      if (std::ranges::none_of(*segment.blobs, [&](const BlobUse& use) { return may_be_emptied(use, except); })) {
        continue;
      }
      Seen& seen = seen_[{segment.file->number(), id}];
      if (segment.deletes->count() == seen.ended) continue;
      const DeleteSet dead = segment.deletes->up_to(dead_at, dead_at);
      if (dead.count() == seen.ended) continue;
      auto bytes = referred_to_by(dead, segment, id);
      if (!bytes && bytes.error().code() != Code::corrupt) return bytes.error();
      seen = {dead.count(), bytes ? *std::move(bytes) : FileBytes()};
      return true;
    }
  }
  forget_gone(version);
  return false;
}

void BlobGarbage::forget_gone(const Version& version) {
  std::map<PartKey, Seen> kept;
  for (const auto& [id, table] : version.tables) {
    for (const TableSegment& segment : table.segments) {
      if (auto found = seen_.extract({segment.file->number(), id})) kept.insert(std::move(found));
    }
  }
  seen_ = std::move(kept);
}

Result<std::set<FileNumber>> BlobGarbage::worth_emptying(const Version& version,
                                                         const std::set<FileNumber>& except) const {
  std::map<std::shared_ptr<BlobFile>, std::uint64_t> used;
  FileBytes dead;
  const auto add = [&used](const BlobUses& uses) {
    for (const BlobUse& use : uses) used[use.file] += use.bytes;
  };
  for (const auto& [id, table] : version.tables) {
    for (const TableSegment& segment : table.segments) {
      if (segment.blobs) add(*segment.blobs);
      const auto seen = seen_.find({segment.file->number(), id});
      if (seen == seen_.end()) continue;
      for (const auto& [file, bytes] : seen->second.bytes) dead[file] += bytes;
    }
    for (const auto& memtable : table.memtables) add(memtable->blobs());
  }
  std::set<FileNumber> found;
  for (const auto& [file, bytes] : used) {
    if (!file->is_complete() || except.contains(file->number())) continue;
    const auto size = file->size();
    if (!size && size.error().code() == Code::not_found) continue;  // Whoever reads it will hear.
    if (!size) return size.error();
    const std::uint64_t live = bytes - std::min(bytes, dead[file->number()]);
    if (live * 2 < *size - std::min(*size, kFileBodyOffset)) found.insert(file->number());
  }
  return found;
}

}  // namespace mneme
