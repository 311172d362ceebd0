#include "storage/recovery.h"

#include <algorithm>

#include "storage/catalog_bytes.h"
#include "storage/row_finder.h"
#include "storage/segment_format.h"

namespace mneme {
namespace {

constexpr std::size_t kDeferredMax = 100'000;  // Ends of rows in segments, before they are looked for.

std::size_t ended_rows(const WriteSet& writes) {
  std::size_t rows = 0;
  for (const Change& change : writes.changes) {
    if (const auto* ended = std::get_if<EndRows>(&change)) rows += ended->rows.size();
  }
  return rows;
}

Error record_error(Lsn lsn, const Error& error) {
  return Error(Code::corrupt, "log record " + std::to_string(raw(lsn)) + ": " + error.message());
}

}  // namespace

// A database is begun in an empty directory, or where a beginning was cut short: never among files of somebody else.
Result<void> Recovery::refuse_foreign(const StoreCore& core) {
  constexpr std::string_view kOurs[] = {"LOCK", "READERS", "wal", "seg", "blob"};
  for (const std::string& name : TRY(core.world.files.list(core.directory))) {
    if (name.starts_with("MANIFEST-") || name.starts_with("CURRENT") ||
        std::ranges::find(kOurs, name) != std::end(kOurs))
      continue;
    return Error(Code::already_exists, core.directory + ": holds '" + name + "', and no database");
  }
  return {};
}

Result<void> Recovery::create_directories(const StoreCore& core) {
  FileSystem& files = core.world.files;
  TRY(files.create_directory(core.directory));
  const bool begun = TRY(files.exists(core.directory + "/CURRENT"));
  if (begun && TRY(files.exists(core.blob_directory()))) return {};
  if (!begun) TRY(refuse_foreign(core));
  TRY(files.create_directory(core.wal_directory()));
  TRY(files.create_directory(core.segment_directory()));
  TRY(files.create_directory(core.blob_directory()));
  TRY(files.sync_directory(core.directory, SyncSite::database_directory));
  const auto slash = core.directory.rfind('/');
  return files.sync_directory(slash == std::string::npos ? "." : core.directory.substr(0, slash),
                              SyncSite::database_directory);
}

Result<std::unique_ptr<Manifest>> Recovery::open_manifest(StoreCore& core) {
  auto found = Manifest::open(core.world.files, core.directory);
  if (found || found.error().code() != Code::not_found) return found;
  // A log file is only ever made after CURRENT was durable: without it this is a damaged database, not a new one.
  if (!TRY(core.world.files.list(core.wal_directory())).empty()) {
    return Error(Code::corrupt,
                 core.directory + "/CURRENT: is missing, but " + core.wal_directory() + " holds log files");
  }
  ManifestEdit first;
  first.origin = core.world.random.next() | 1;  // 0 means none.
  first.epoch = 1;
  return Manifest::create(core.world.files, core.directory, first);
}

Result<RecoveryReport> Recovery::run() {
  RecoveryReport report;
  report.manifest_tail_cut = maintenance_.manifest().tail_cut();
  record_memory_ = TRY(core_.budget.reserve(0, MemoryShare::queries, "replay of the log"));
  TRY(load_version());
  const LogReplay found = TRY(replay());
  TRY(resolve_deferred());
  record_memory_.release();
  report.groups = found.records;
  report.log_tail_cut = found.tail_cut;
  TRY(continue_log(found));
  maintenance_.remove_strays(TRY(core_.world.files.list(core_.segment_directory())));
  maintenance_.remove_blob_strays(TRY(core_.world.files.list(core_.blob_directory())));
  return report;
}

Result<void> Recovery::load_version() {
  const ManifestState& state = maintenance_.manifest().state();
  next_row_ = static_cast<std::uint64_t>(state.next_row);
  next_table_ = static_cast<std::uint64_t>(state.next_table);
  auto version = std::make_shared<Version>(TRY(decode_catalog(state.catalog.bytes)));
  for (const auto& [table, mark] : state.tables) {
    if (const auto found = version->tables.find(table); found != version->tables.end()) {
      found->second.keys->raise_to(mark.next_key);
    }
  }
  for (const auto& [number, info] : state.segments) TRY(load_segment(info, *version));
  TRY(load_deletes(*version));
  maintenance_.remember_catalog(*version);
  version_ = std::move(version);
  return {};
}

Result<void> Recovery::load_segment(const SegmentInfo& info, Version& version) {
  const auto handle =
      std::make_shared<SegmentHandle>(core_.world.files, core_.world.scheduler, segment_path(core_, info.file),
                                      raw(info.file), core_.cache, core_.budget);
  maintenance_.remember_file(handle);
  for (const SegmentPartInfo& part : info.parts) {
    if (part.rows > kSegmentRowsMax) return Error(Code::corrupt, "the manifest names a segment of too many rows");
    const auto table = version.tables.find(part.table);
    if (table == version.tables.end()) continue;  // Dropped: the next flush lets go of it.
    table->second.add({handle, part, std::make_shared<SegmentDeletes>(core_.world.scheduler, core_.budget, part.rows),
                       info.bytes, hold_blobs(core_, part)});
  }
  return {};
}

Result<void> Recovery::load_deletes(Version& version) {
  const ManifestState& state = maintenance_.manifest().state();
  const std::uint64_t flushed_to = raw(state.log_start.lsn) == 0 ? 0 : raw(state.log_start.lsn) - 1;
  for (const auto& [key, file] : state.deletes) {
    const ReadDeletes read = TRY(read_deletes(core_, file));
    maintenance_.remember_deletes(file, read.table, flushed_to);
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

Result<LogReplay> Recovery::replay() {
  const ManifestState& state = maintenance_.manifest().state();
  const LogReplayOptions from{.wal_directory = core_.wal_directory(),
                              .start = state.log_start,
                              .from = state.log_start.lsn,
                              .known_synced = state.known_synced,
                              .epoch = state.epoch,
                              .origin = state.origin,
                              .after_close = maintenance_.manifest().closed()};
  return replay_log(core_.world.files, from, [this](const LogRecord& record) { return replay_record(record); });
}

Result<void> Recovery::replay_record(const LogRecord& record) {
  if (record.kind != LogRecordKind::group) return {};
  // The record's bytes and the rows decoded from them.
  TRY(record_memory_.grow_to(2 * record.payload.size()));
  const auto schema_of = [&latest = *version_](TableId table) -> const TableSchema* {
    const TableVersion* found = latest.find(table);
    return found == nullptr ? nullptr : found->schema.get();
  };
  const WriteSet writes = TRY(decode_write_set(record.payload, schema_of));
  auto applied = apply(writes, record.lsn);
  if (!applied && applied.error().code() == Code::full) {
    auto version = std::make_shared<Version>(*version_);
    TRY(maintenance_.flush_early(*version, applied_));
    version_ = std::move(version);
    applied = apply(writes, record.lsn);
  }
  // What was valid when it was written and is not now has been damaged; a budget too small is the caller's matter.
  if (!applied && applied.error().code() == Code::full) return applied;
  if (!applied) return record_error(record.lsn, applied.error());
  note_numbers(writes);
  applied_ = record.lsn;
  return deferred_.size() < kDeferredMax ? Result<void>{} : resolve_deferred();
}

Result<void> Recovery::apply(const WriteSet& writes, Lsn lsn) {
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

void Recovery::note_numbers(const WriteSet& writes) {
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
Result<void> Recovery::resolve_deferred() {
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

// A larger epoch, durable before its first record: what was cut can never be taken for ours again.
Result<void> Recovery::continue_log(const LogReplay& found) {
  Manifest& manifest = maintenance_.manifest();
  ManifestEdit edit;
  edit.epoch = manifest.state().epoch + 1;
  edit.known_synced = found.known_synced;
  TRY(manifest.append(edit));
  const LogOptions options{.wal_directory = core_.wal_directory(),
                           .file_bytes = core_.options.log_file_bytes,
                           .origin = manifest.state().origin};
  auto log = TRY(LogWriter::open(core_.world.files, options, manifest.state().epoch, found));
  if (manifest.state().log_start.file == FileNumber{}) {  // Before its first record: without it the loss of the file
    ManifestEdit begins;                                  // would look like a database that was never written to.
    begins.log_start = log->replay_start(Lsn{1});
    TRY(manifest.append(begins));
  }
  core_.blobs.start(manifest.state().next_file, manifest.state().origin, manifest.state().epoch);
  Lock lock(core_.mutex);
  core_.log = std::move(log);
  core_.show(version_);
  core_.applied = raw(core_.log->last());
  const std::uint64_t start = raw(manifest.state().log_start.lsn);
  core_.flushed_to = Lsn{start == 0 ? 0 : start - 1};
  core_.next_row = next_row_;
  core_.next_table = next_table_;
  return {};
}

}  // namespace mneme
