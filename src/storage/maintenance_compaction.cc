// Maintenance: merging segments, from the choice of inputs to the Version that reads their merge.
#include <algorithm>

#include "storage/maintenance.h"
#include "storage/segment_source.h"

namespace mneme {
namespace {

bool refers_to(const TableSegment& segment, const std::set<FileNumber>& files) {
  return segment.blobs != nullptr &&
         std::ranges::any_of(*segment.blobs, [&](const BlobUse& use) { return files.contains(use.file->number()); });
}

}  // namespace

Result<bool> Maintenance::step_compaction(std::int64_t deadline_ns) {
  if (merge_ && merge_->interrupted && !merge_->named) {
    abandon_compaction(Error(Code::full, "out of memory in the midst of a merge"));
  }
  auto stepped = try_compaction(deadline_ns);
  if (stepped) return stepped;
  abandon_compaction(stepped.error());
  if (manifest_->poisoned()) return stepped;  // Nothing can be named any more; another try would say no more than that.
  // No memory, no room on the disk, or the table was dropped: what is there can be read as it is.
  if (stepped.error().code() == Code::full || stepped.error().code() == Code::conflict) return !merges_done_;
  return stepped;
}

Result<bool> Maintenance::try_compaction(std::int64_t deadline_ns) {
  if (!merge_ && !TRY(begin_compaction())) return false;
  if (!merge_) return true;
  merge_->interrupted = true;
  bool written = true;
  if (!merge_->named) {
    written = TRY(merge_->job->step(deadline_ns));
    if (written) TRY(name_merge());
  }
  if (written) finish_merge();
  if (merge_) merge_->interrupted = false;
  return true;
}

// True with no merge begun: what is worth one is still being found out.
Result<bool> Maintenance::begin_compaction() {
  if (merges_done_) return false;
  std::shared_ptr<const Version> version;
  CompactionJob::Options options{.dead_at = 0, .origin = manifest_->state().origin};
  {
    Lock lock(core_.mutex);
    version = core_.version;
    options.dead_at = std::min(core_.oldest_snapshot(), raw(core_.flushed_to));
  }
  if (TRY(garbage_.look(*version, options.dead_at, unmovable_))) return true;
  options.emptied_blobs = TRY(garbage_.worth_emptying(*version, unmovable_));
  auto inputs = choose_inputs(*version, options.dead_at, options.emptied_blobs);
  merges_done_ = inputs.empty();
  if (merges_done_) {
    merge_refused_.reset();
    return false;
  }
  inputs.resize(std::min(inputs.size(), merge_width_));
  const TableId table = inputs[0].part.table;
  auto job = CompactionJob::begin(core_, inputs, catalog_.at(table), options, next_file_);
  if (!job && job.error().code() == Code::corrupt) avoid_damaged(inputs);
  merge_.emplace().job = TRY(std::move(job));
  return true;
}

// Of all tables that have something to merge, the one with the most of it.
std::vector<TableSegment> Maintenance::choose_inputs(const Version& version, std::uint64_t dead_at,
                                                     const std::set<FileNumber>& emptied) {
  std::vector<TableSegment> best;
  for (const auto& [id, table] : version.tables) {
    const auto schema = catalog_.find(id);
    if (schema == catalog_.end()) continue;
    std::vector<TableSegment> segments;
    std::vector<MergeCandidate> candidates;
    for (const TableSegment& segment : table.segments) {
      if (unmergeable_.contains(segment.file->number())) continue;
      MergeCandidate candidate{.rows = segment.part.rows, .time = segment.part.time};
      if (segment.deletes->count() * 2 >= candidate.rows)
        candidate.dead = segment.deletes->up_to(dead_at, dead_at).count();
      candidate.is_stale = refers_to(segment, emptied) || lacks_sections(segment, *schema->second);
      candidates.push_back(candidate);
      segments.push_back(segment);
    }
    const auto chosen = choose_merge(candidates);
    if (chosen.size() <= best.size()) continue;
    best.clear();
    for (const std::size_t i : chosen) best.push_back(segments[i]);
  }
  return best;
}

bool Maintenance::lacks_sections(const TableSegment& segment, const TableSchema& schema) const {
  if (core_.indexes == nullptr || schema.indexes.empty() || segment.part.schema_version == schema.version) return false;
  const auto opened = open_segment(segment, schema.id);
  if (!opened) return false;  // Whoever reads it will hear.
  return std::ranges::any_of(schema.indexes, [&](const IndexSchema& index) { return !opened->find_section(index.id); });
}

// The new part's deletes that replay will not bring again.
Result<std::optional<SavedDeletes>> Maintenance::save_merged_deletes() {
  if (!merge_->job->written()) return std::optional<SavedDeletes>();
  std::uint64_t flushed_to = 0;
  {
    Lock lock(core_.mutex);
    flushed_to = raw(core_.flushed_to);
  }
  const SegmentInfo& info = merge_->job->written()->info;
  const DeleteSet deletes = merge_->job->written()->parts[0].segment.deletes->up_to(flushed_to, flushed_to);
  if (deletes.empty()) return std::optional<SavedDeletes>();
  const DeleteFile file = TRY(write_deletes(core_, info.file, next_delete_sequence_++, merge_->job->table(), deletes));
  return std::optional(SavedDeletes{file.sequence, flushed_to, file.bytes});
}

// As with a flush: data is durable, then named, then seen; only then may what it replaces go.
Result<void> Maintenance::name_merge() {
  const CompactionJob& job = *merge_->job;
  TRY(merge_->job->collect_deletes());
  merge_->saved = TRY(save_merged_deletes());
  ManifestEdit edit;
  for (const TableSegment& input : job.inputs()) {
    const FileNumber number{input.file->number()};
    edit.removed_segments.push_back({number, job.table()});
    const auto before = saved_.find({number, job.table()});
    if (before != saved_.end()) edit.removed_deletes.push_back({number, before->second.sequence, before->second.bytes});
  }
  if (job.written()) {
    TRY(core_.world.files.sync_directory(core_.segment_directory(), SyncSite::segment_directory));
    const FileNumber number = job.written()->info.file;
    edit.segments.push_back(job.written()->info);
    if (merge_->saved) edit.deletes.push_back({number, merge_->saved->sequence, merge_->saved->bytes});
  }
  edit.next_file = next_file();
  {
    Lock lock(core_.mutex);
    if (!job.fits(*core_.version)) return Error(Code::conflict, "the table was dropped while its segments were merged");
    edit.known_synced = core_.log->durable();
  }
  TRY(append(edit));
  merge_->named = std::move(edit);
  return {};
}

// Nothing but memory can fail here, and then it is done again.
void Maintenance::finish_merge() {
  const CompactionJob& job = *merge_->job;
  unmovable_.insert(job.damaged_blobs().begin(), job.damaged_blobs().end());
  if (job.written()) {
    remember_file(job.written()->parts[0].segment.file);
    if (merge_->saved) saved_[{job.written()->info.file, job.table()}] = *merge_->saved;
  }
  {
    Lock lock(core_.mutex);
    auto version = std::make_shared<Version>(*core_.version);
    // Only a drop of the table may have come between: the flush that covers it drops this segment, too.
    if (job.fits(*version)) {
      job.install(*version);
      core_.show(std::move(version));
    }
  }
  const MergeRound merge = *std::exchange(merge_, std::nullopt);
  retire(*merge.named);
  merge_refused_.reset();
}

// Rare enough to read them all: the others may still be merged.
void Maintenance::avoid_damaged(const std::vector<TableSegment>& inputs) {
  for (const TableSegment& input : inputs) {
    const auto file = input.file->open();
    if (!file || !(*file)->verify()) unmergeable_.insert(input.file->number());
  }
}

void Maintenance::abandon_compaction(const Error& why) {
  merges_done_ = why.code() != Code::full || merge_width_ <= 2;
  if (!merges_done_) merge_width_ /= 2;
  if (merges_done_ && why.code() == Code::full) merge_refused_ = why;
  if (!merge_ || merge_->named) return;
  if (why.code() == Code::corrupt) avoid_damaged(merge_->job->inputs());
  if (merge_->job->written() && !manifest_->poisoned()) {
    const FileNumber number = merge_->job->written()->info.file;
    obsolete_.add_file(segment_path(core_, number));
    obsolete_.add_file(delete_path(core_, number, next_delete_sequence_ - 1));  // If it came so far.
  }
  merge_.reset();
}

}  // namespace mneme
