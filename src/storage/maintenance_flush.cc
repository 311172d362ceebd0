// Maintenance: one round of flushing everything, from the LSN it is taken at to the Version that reads it.
#include <algorithm>

#include "storage/catalog_bytes.h"
#include "storage/maintenance.h"

namespace mneme {
namespace {

std::vector<std::shared_ptr<const Memtable>> all_memtables(const Version& version) {
  std::vector<std::shared_ptr<const Memtable>> memtables;
  for (const auto& [id, table] : version.tables) {
    for (const auto& memtable : table.memtables) {
      memtable->freeze();
      memtables.push_back(memtable);
    }
  }
  return memtables;
}

}  // namespace

Result<bool> Maintenance::step_flush(std::int64_t deadline_ns) {
  if (round_ && round_->interrupted && !round_->named) {
    abandon_round(Error(Code::full, "out of memory in the midst of a flush"));
  }
  if (!round_) TRY(begin_round());
  round_->interrupted = true;
  bool written = true;
  if (!round_->named) {
    written = TRY(round_->job->step(deadline_ns, next_file_));
    if (written) TRY(name_round());
  }
  if (written) finish_round();
  if (round_) round_->interrupted = false;
  return true;
}

// Everything up to one LSN is frozen, and that LSN made durable: what a segment or the manifest says must never be
// younger than the log.
Result<void> Maintenance::begin_round() {
  Lock lock(core_.mutex);
  core_.flushing = true;
  FlushRound& round = round_.emplace();
  round.begun_ns = core_.world.clock.monotonic_ns();
  round.covered_to = core_.log->last();
  round.log_start = core_.log->replay_start(next(round.covered_to));
  round.version = core_.version;
  round.next_row = RowId{core_.next_row};
  round.next_table = TableId{core_.next_table};
  auto memtables = all_memtables(*core_.version);
  TRY(core_.make_durable(round.covered_to));
  const FlushJob::Options options{
      .covered_to = round.covered_to, .oldest_snapshot = core_.oldest_snapshot(), .origin = manifest_->state().origin};
  round.job = std::make_unique<FlushJob>(core_, std::move(memtables), options);
  return {};
}

// The order is the law here: data is durable, then named, then seen; only then may what it replaces go.
Result<void> Maintenance::name_round() {
  FlushRound& round = *round_;
  TRY(round.job->collect_deletes());
  TRY(save_all_deletes(round));
  const bool segments = !round.job->written().empty() || !unlisted_.empty();
  if (segments || !round.saved.empty()) {
    const SyncSite site = segments ? SyncSite::segment_directory : SyncSite::delete_directory;
    TRY(core_.world.files.sync_directory(core_.segment_directory(), site));
  }
  ManifestEdit edit;
  fill_edit(round, edit);
  TRY(append(edit));
  round.named = std::move(edit);
  return {};
}

// Nothing but memory can fail here, and then it is done again.
void Maintenance::finish_round() {
  for (const auto& [key, saved] : round_->saved) saved_[key] = saved;
  for (const WrittenSegment& file : round_->job->written()) remember_file(file.parts[0].segment.file);
  unlisted_.clear();
  remember_catalog(*round_->version);
  merges_done_ = false;
  merge_width_ = std::min(merge_width_ * 2, kMergeInputsMax);
  publish_round();
  // A file that memory does not suffice to retire is a stray for the next opening.
  const ManifestEdit named = *std::move(round_->named);
  const std::int64_t begun_ns = round_->begun_ns;
  round_.reset();  // Before a commit that waits for the memory hears of it.
  {
    Lock lock(core_.mutex);
    end_round({});
  }
  give_merges_a_turn(core_.world.clock.monotonic_ns() - begun_ns);
  log_refused_ = false;
  // By now two syncs have passed since the round before: its log files are of use again. Later ones are for a quiet
  // time.
  if (auto released = obsolete_.release(*manifest_); !released) {
    // What cannot go now stays in the list.
  }
  retire(named);
  age_deletes();
}

Result<void> Maintenance::save_deletes(const TableSegment& segment, TableId table, FlushRound& round) {
  const PartKey key{FileNumber{segment.file->number()}, table};
  const auto saved = saved_.find(key);
  if (segment.deletes->newest() <= (saved == saved_.end() ? 0 : saved->second.up_to)) return {};
  // Without their sequences: whoever reads the file has no snapshot from before what the manifest covers.
  const DeleteSet deletes = segment.deletes->up_to(raw(round.covered_to), raw(round.covered_to));
  if (deletes.empty()) return {};
  const DeleteFile file = TRY(write_deletes(core_, key.first, next_delete_sequence_++, table, deletes));
  round.saved.push_back({key, {file.sequence, raw(round.covered_to), file.bytes}});
  return {};
}

Result<void> Maintenance::save_all_deletes(FlushRound& round) {
  for (const auto& [id, table] : round.version->tables) {
    for (const TableSegment& segment : table.segments) TRY(save_deletes(segment, id, round));
  }
  for (const WrittenSegment& file : round.job->written()) {
    for (const WrittenPart& part : file.parts) TRY(save_deletes(part.segment, part.table, round));
  }
  return {};
}

void Maintenance::fill_edit(const FlushRound& round, ManifestEdit& edit) {
  const ManifestState& state = manifest_->state();
  for (const WrittenSegment& file : round.job->written()) edit.segments.push_back(file.info);
  for (const SegmentInfo& file : unlisted_) edit.segments.push_back(file);
  drop_tables(round, edit);
  for (const auto& [key, saved] : round.saved) {
    const auto before = saved_.find(key);
    if (before != saved_.end())
      edit.removed_deletes.push_back({key.first, before->second.sequence, before->second.bytes});
    edit.deletes.push_back({key.first, saved.sequence, saved.bytes});
  }
  for (const auto& [id, table] : round.version->tables) {
    const auto mark = state.tables.find(id);
    const std::uint64_t next_key = table.keys->next();
    if (next_key > (mark == state.tables.end() ? 1 : mark->second.next_key)) {
      edit.tables.push_back({id, round.covered_to, next_key});
    }
  }
  CatalogCheckpoint catalog{round.covered_to, {}};
  encode_catalog(*round.version, catalog.bytes);
  if (catalog.bytes != state.catalog.bytes) edit.catalog = std::move(catalog);
  edit.log_start = round.log_start;
  edit.next_file = next_file();
  edit.next_row = round.next_row;
  edit.next_table = round.next_table;
  Lock lock(core_.mutex);
  edit.known_synced = core_.log->durable();
}

// Of tables that the catalogue of this round no longer has: no record that replay will meet can name their rows.
void Maintenance::drop_tables(const FlushRound& round, ManifestEdit& edit) {
  const auto gone = [&](TableId table) { return !round.version->tables.contains(table); };
  const ManifestState& state = manifest_->state();
  for (const auto& [number, segment] : state.segments) {
    for (const SegmentPartInfo& part : segment.parts) {
      if (!gone(part.table)) continue;
      edit.removed_segments.push_back({number, part.table});
      const auto saved = saved_.find({number, part.table});
      if (saved != saved_.end()) edit.removed_deletes.push_back({number, saved->second.sequence, saved->second.bytes});
    }
  }
  for (const auto& [table, mark] : state.tables) {
    if (gone(table)) edit.removed_tables.push_back(table);
  }
  for (SegmentInfo& segment : edit.segments) {
    std::erase_if(segment.parts, [&](const SegmentPartInfo& part) { return gone(part.table); });
  }
  for (const SegmentInfo& segment : edit.segments) {
    if (segment.parts.empty()) obsolete_.add_file(segment_path(core_, segment.file));
  }
  std::erase_if(edit.segments, [](const SegmentInfo& segment) { return segment.parts.empty(); });
}

void Maintenance::publish_round() {
  Lock lock(core_.mutex);
  round_->job->settle();
  auto version = std::make_shared<Version>(*core_.version);
  round_->job->install(*version);
  core_.show(std::move(version));
  core_.flushed_to = round_->covered_to;
  core_.forget_replaced();
}

void Maintenance::retire(const ManifestEdit& edit) {
  for (const SegmentRemoval& removal : edit.removed_segments) {
    saved_.erase({removal.file, removal.table});
    const auto handle = handles_.find(removal.file);
    if (manifest_->state().segments.contains(removal.file) || handle == handles_.end()) continue;
    obsolete_.add_segment(segment_path(core_, removal.file), raw(removal.file), handle->second);
    handles_.erase(handle);
  }
  for (const DeleteFile& file : edit.removed_deletes) {
    obsolete_.add_file(delete_path(core_, file.segment, file.sequence));
  }
  if (edit.log_start) obsolete_.add_logs_below(*edit.log_start);
}

void Maintenance::age_deletes() {
  std::shared_ptr<const Version> version;
  std::uint64_t oldest = 0;
  {
    Lock lock(core_.mutex);
    version = core_.version;
    oldest = std::min(core_.oldest_snapshot(), raw(core_.flushed_to));
  }
  for (const auto& [id, table] : version->tables) {
    for (const TableSegment& segment : table.segments) {
      // A merge under way must still learn when the rows it kept have ended.
      if (!merge_ || !merge_->job->has_input(*segment.deletes)) segment.deletes->age(oldest);
    }
  }
}

// Its memtables stay frozen and go into the next round. Once the manifest's fate is unknown no file may be touched.
void Maintenance::abandon_round(const Error& why) {
  if (!round_ || round_->named) return;
  if (!manifest_->poisoned()) {
    for (const auto& [key, saved] : round_->saved) {
      obsolete_.add_file(delete_path(core_, key.first, saved.sequence));
    }
    if (round_->job) {
      for (const WrittenSegment& file : round_->job->written()) {
        obsolete_.add_file(segment_path(core_, file.info.file));
      }
    }
  }
  round_.reset();
  Lock lock(core_.mutex);
  end_round(why);
}

Result<void> Maintenance::flush_early(Version& version, Lsn covered_to) {
  Lock step(step_mutex_);
  FlushJob job(core_, all_memtables(version),
               {.covered_to = covered_to, .oldest_snapshot = raw(covered_to), .origin = manifest_->state().origin});
  TRY(job.step(kNoDeadline, next_file_));
  TRY(job.collect_deletes());
  job.settle();
  job.install(version);
  for (const WrittenSegment& file : job.written()) {
    unlisted_.push_back(file.info);
    remember_file(file.parts[0].segment.file);
  }
  return {};
}

}  // namespace mneme
