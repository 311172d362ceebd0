#include "storage/state_loader.h"

#include <algorithm>

#include "storage/catalog_bytes.h"
#include "storage/row_finder.h"
#include "storage/segment_format.h"
#include "storage/segment_output.h"

namespace mneme {
namespace {

constexpr std::size_t kGreatShare = 8;         // A record is great that takes more than the budget's eighth.
constexpr std::size_t kDeferredMax = 100'000;  // Ends of rows in segments, before they are looked for.

std::size_t ended_rows(const WriteSet& writes) {
  std::size_t rows = 0;
  for (const Change& change : writes.changes) {
    if (const auto* ended = std::get_if<EndRows>(&change)) rows += ended->rows.size();
  }
  return rows;
}

}  // namespace

Error record_error(Lsn lsn, const Error& error) {
  return Error(Code::corrupt, "log record " + std::to_string(raw(lsn)) + ": " + error.message());
}

Result<WriteSet> decode_record(const LogRecord& record, const Version& version) {
  const auto schema_of = [&version](TableId table) -> const TableSchema* {
    const TableVersion* found = version.find(table);
    return found == nullptr ? nullptr : found->schema.get();
  };
  return decode_write_set(record.payload, schema_of);
}

StateLoader::StateLoader(StoreCore& core, const ManifestState& state, Hooks hooks)
    : core_(core), state_(state), hooks_(std::move(hooks)) {}

Result<void> StateLoader::load() {
  record_memory_ = TRY(core_.budget.reserve(0, MemoryShare::queries, "replay of the log"));
  next_row_ = static_cast<std::uint64_t>(state_.next_row);
  next_table_ = static_cast<std::uint64_t>(state_.next_table);
  auto version = std::make_shared<Version>(TRY(decode_catalog(state_.catalog.bytes)));
  for (const auto& [table, mark] : state_.tables) {
    if (const auto found = version->tables.find(table); found != version->tables.end()) {
      found->second.keys->raise_to(mark.next_key);
    }
  }
  for (const auto& [number, info] : state_.segments) TRY(load_segment(info, *version));
  TRY(load_deletes(*version));
  version_ = std::move(version);
  return {};
}

Result<void> StateLoader::load_segment(const SegmentInfo& info, Version& version) {
  const auto handle = hooks_.segment(info);
  for (const SegmentPartInfo& part : info.parts) {
    if (part.rows > kSegmentRowsMax) return Error(Code::corrupt, "the manifest names a segment of too many rows");
    const auto table = version.tables.find(part.table);
    if (table == version.tables.end()) continue;  // Dropped: the next flush lets go of it.
    table->second.add({handle, part, std::make_shared<SegmentDeletes>(core_.world.scheduler, core_.budget, part.rows),
                       info.bytes, hold_blobs(core_, part)});
  }
  return {};
}

Result<void> StateLoader::load_deletes(Version& version) {
  const std::uint64_t flushed_to = raw(state_.log_start.lsn) == 0 ? 0 : raw(state_.log_start.lsn) - 1;
  for (const auto& [key, file] : state_.deletes) {
    const ReadDeletes read = TRY(read_deletes(core_, file));
    if (hooks_.deletes) hooks_.deletes(file, read.table, flushed_to);
    const auto table = version.tables.find(read.table);
    if (table == version.tables.end()) continue;
    for (const TableSegment& segment : table->second.segments) {
      if (FileNumber{segment.file->number()} != file.segment) continue;
      auto adopted = segment.deletes->adopt(read.deletes);
      if (!adopted) {
        return std::move(adopted).error().during("read '" + delete_path(core_, file.segment, file.sequence) + "'");
      }
    }
  }
  return {};
}

Result<void> StateLoader::replay(const LogRecord& record) {
  if (record.kind != LogRecordKind::group) return {};
  // The record's bytes, the rows decoded from them (their texts stay where they are), the same rows in memtables.
  TRY(hold(record.payload.size()));
  const WriteSet writes = TRY(decode_record(record, *version_));
  TRY(hold(record.payload.size() + memory_bytes(writes)));
  auto applied = apply(writes, record.lsn);
  if (!applied && applied.error().code() == Code::full && hooks_.make_room) {
    TRY(make_room());
    applied = apply(writes, record.lsn);
  }
  // What was valid when it was written and is not now has been damaged; a budget too small is the caller's matter.
  if (!applied && applied.error().code() == Code::full) return applied;
  if (!applied) return record_error(record.lsn, applied.error());
  note_numbers(writes);
  applied_ = record.lsn;
  return deferred_.size() < kDeferredMax ? Result<void>{} : resolve_deferred();
}

// The rows in memory go to segments before a great record comes: beside it there may be no room to write them.
Result<void> StateLoader::hold(std::size_t bytes) {
  if (bytes <= record_memory_.bytes()) return {};
  const std::size_t great = core_.budget.bytes() / kGreatShare;
  const bool comes_great = bytes > great && core_.budget.used(MemoryShare::memtables) > great;
  if (comes_great && hooks_.make_room) {
    record_memory_.release();
    TRY(make_room());
  }
  return record_memory_.grow_to(bytes);
}

Result<void> StateLoader::make_room() {
  auto version = std::make_shared<Version>(*version_);
  TRY(hooks_.make_room(*version, applied_));
  version_ = std::move(version);
  return {};
}

Result<void> StateLoader::apply(const WriteSet& writes, Lsn lsn) {
  const std::size_t deferred = deferred_.size();
  const bool defers = ended_rows(writes) <= kDeferredMax;
  PreparedGroup prepared(*version_, {core_.world.scheduler, core_.budget, core_.indexes, defers ? &deferred_ : nullptr,
                                     &core_.blobs, true});
  for (const Change& change : writes.changes) {
    auto added = prepared.add(change);
    if (added) continue;
    deferred_.resize(deferred);
    return added;
  }
  for (std::size_t i = deferred; i < deferred_.size(); ++i) deferred_[i].sequence = raw(lsn);
  if (auto next = prepared.publish(raw(lsn))) version_ = std::move(next);
  return {};
}

void StateLoader::note_numbers(const WriteSet& writes) {
  for (const Change& change : writes.changes) {
    if (const auto* rows = std::get_if<InsertRows>(&change)) {
      next_row_ = std::max(next_row_, static_cast<std::uint64_t>(rows->first_row) + rows->batch.rows());
    }
    if (const auto* create = std::get_if<CreateTable>(&change)) {
      next_table_ = std::max(next_table_, static_cast<std::uint64_t>(create->schema.id) + 1);
    }
  }
}

// One pass over the segments for all ends met so far.
Result<void> StateLoader::resolve_deferred() {
  const auto by_row = [](const DeferredEnd& a, const DeferredEnd& b) {
    return a.table != b.table ? a.table < b.table : a.row < b.row;
  };
  std::ranges::sort(deferred_, by_row);
  for (auto first = deferred_.begin(); first != deferred_.end();) {
    const auto last =
        std::find_if(first, deferred_.end(), [&](const DeferredEnd& e) { return e.table != first->table; });
    const TableVersion* table = version_->find(first->table);  // Null: dropped after the rows ended.
    std::vector<RowId> rows;
    for (auto end = first; end != last; ++end) rows.push_back(end->row);
    const auto found = table == nullptr ? std::vector<FoundRow>() : TRY(find_rows(*table, rows));
    if (table != nullptr && found.size() != rows.size()) {
      return record_error(Lsn{first->sequence}, Error(Code::corrupt, "a row that ends is nowhere"));
    }
    for (const FoundRow& row : found) {
      SegmentDeletes& deletes = *table->segments[row.segment].deletes;
      const auto end =
          std::lower_bound(first, last, row.row, [](const DeferredEnd& e, RowId id) { return e.row < id; });
      if (!TRY(deletes.adopt(row.ordinal, end->sequence))) {
        return record_error(Lsn{end->sequence}, Error(Code::corrupt, "a row ends twice"));
      }
    }
    first = last;
  }
  deferred_.clear();
  return {};
}

}  // namespace mneme
