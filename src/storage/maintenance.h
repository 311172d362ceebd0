// Maintenance: what goes on behind the commits, as one resumable state machine: memtables become segments, segments are
// merged, the log is cut and prepared, what is obsolete goes. docs: ARCHITECTURE.md, "the life of one write".
//
// step() does a bounded piece of work; the maintenance thread, a host without threads, a commit that found no memory
// and the simulation all drive the same step. The commit lock is held only to look and to publish. The surprising
// decision: a flush takes all tables at one LSN, so that the log is cut by one position and the catalogue in the
// manifest is the one replay begins with.
#pragma once

#include <functional>
#include <limits>
#include <optional>
#include <set>

#include "storage/blob_garbage.h"
#include "storage/compaction_job.h"
#include "storage/flush_job.h"
#include "storage/manifest.h"
#include "storage/obsolete_files.h"

namespace mneme {

constexpr std::int64_t kNoDeadline = std::numeric_limits<std::int64_t>::max();

using PartKey = std::pair<FileNumber, TableId>;
struct SavedDeletes {  // The newest .del file of a part; sequence 0: none.
  std::uint64_t sequence = 0;
  std::uint64_t up_to = 0;
  std::uint64_t bytes = 0;
};
struct FlushRound {  // One flush of everything.
  Lsn covered_to{};
  LogPosition log_start;
  std::shared_ptr<const Version> version;
  RowId next_row{};
  TableId next_table{};
  std::unique_ptr<FlushJob> job{};
  std::vector<std::pair<PartKey, SavedDeletes>> saved{};  // .del files written.
  std::optional<ManifestEdit> named{};                    // It is in the manifest: no way back any more.
  std::int64_t begun_ns = 0;                              // Monotonic.
  bool interrupted = true;                                // By std::bad_alloc, if a step finds it set.
};

struct MergeRound {  // One merge of some segments.
  std::unique_ptr<CompactionJob> job{};
  std::optional<SavedDeletes> saved{};  // Of the new part.
  std::optional<ManifestEdit> named{};  // As above.
  bool interrupted = false;             // As above.
};

struct HeldFiles {  // What the manifest names, none of it going away.
  const ManifestState& state;
  std::map<FileNumber, std::shared_ptr<SegmentHandle>> segments;  // Null: no Version has it any more.
  const std::map<TableId, std::shared_ptr<const TableSchema>>& catalog;
  std::vector<std::shared_ptr<BlobFile>> blobs;  // All of them, as somebody held them at that moment.
};

class Maintenance {  // Thread-safe after start().
 public:
  Maintenance(StoreCore& core, std::unique_ptr<Manifest> manifest);
  ~Maintenance();

  // Begins to run: with a thread of its own if the options say so.
  void start();
  void stop() LOCK_NOT_HELD(core_.mutex);  // Ends the thread. step() may still be called.

  // Works until `deadline_ns` (monotonic) or until there is nothing to do (false).
  Result<bool> step(std::int64_t deadline_ns) LOCK_NOT_HELD(core_.mutex, step_mutex_);
  // Everything committed before the call goes to segments.
  Result<void> flush() LOCK_NOT_HELD(core_.mutex, step_mutex_);
  // And then all merging that is worth it. full: there is some, but no room for it on the disk or in memory.
  Result<void> vacuum() LOCK_NOT_HELD(core_.mutex, step_mutex_);

  // Calls `body` while no maintenance is done; handles it keeps hold their files for longer.
  Result<void> with_files_held(const std::function<Result<void>(const HeldFiles&)>& body)
      LOCK_NOT_HELD(core_.mutex, step_mutex_);

  // For recovery, before start(): makes the memtables of `version` segments that only the next flush names in the
  // manifest. `covered_to`: the last record applied.
  Result<void> flush_early(Version& version, Lsn covered_to) LOCK_NOT_HELD(step_mutex_);
  [[nodiscard]] bool has_flushed_early() const { return !unlisted_.empty(); }
  // What the .del file of a part holds: named by the manifest.
  void remember_deletes(const DeleteFile& file, TableId table, std::uint64_t up_to);
  // The catalogue in the manifest.
  void remember_catalog(const Version& version);
  void remember_file(const std::shared_ptr<SegmentHandle>& file) { handles_[FileNumber{file->number()}] = file; }
  // What a crash left in the segments' directory: unlinked later, its numbers not used again.
  void remove_strays(const std::vector<std::string>& names);
  void remove_blob_strays(const std::vector<std::string>& names);     // The same of the blob files' directory.
  [[nodiscard]] Manifest& manifest() noexcept { return *manifest_; }  // REQUIRES: not started, or stopped.

 private:
  Result<bool> step_once(std::int64_t deadline_ns) LOCK_HELD(step_mutex_);
  [[nodiscard]] bool wants_flush() LOCK_HELD(core_.mutex);
  [[nodiscard]] bool is_turn_of_merges() LOCK_HELD(step_mutex_);
  void give_merges_a_turn(std::int64_t round_ns) LOCK_HELD(step_mutex_);
  Result<bool> step_flush(std::int64_t deadline_ns) LOCK_HELD(step_mutex_);
  Result<void> begin_round() LOCK_HELD(step_mutex_);
  Result<void> name_round() LOCK_HELD(step_mutex_);
  void finish_round() LOCK_HELD(step_mutex_);
  Result<void> save_deletes(const TableSegment& segment, TableId table, FlushRound& round) LOCK_HELD(step_mutex_);
  Result<void> save_all_deletes(FlushRound& round) LOCK_HELD(step_mutex_);
  void drop_tables(const FlushRound& round, ManifestEdit& edit) LOCK_HELD(step_mutex_);
  void fill_edit(const FlushRound& round, ManifestEdit& edit) LOCK_HELD(step_mutex_);
  Result<void> append(const ManifestEdit& edit) LOCK_HELD(step_mutex_);
  void retire(const ManifestEdit& edit) LOCK_HELD(step_mutex_);
  void publish_round() LOCK_HELD(step_mutex_);
  void age_deletes() LOCK_HELD(step_mutex_);
  void abandon_round(const Error& why) LOCK_HELD(step_mutex_);
  void end_round(std::optional<Error> error) LOCK_HELD(core_.mutex);
  // maintenance_compaction.cc
  Result<bool> step_compaction(std::int64_t deadline_ns) LOCK_HELD(step_mutex_);
  Result<bool> begin_compaction() LOCK_HELD(step_mutex_);
  [[nodiscard]] std::vector<TableSegment> choose_inputs(const Version& version, std::uint64_t dead_at,
                                                        const std::set<FileNumber>& emptied) LOCK_HELD(step_mutex_);
  [[nodiscard]] bool lacks_sections(const TableSegment& segment, const TableSchema& schema) const;
  Result<bool> try_compaction(std::int64_t deadline_ns) LOCK_HELD(step_mutex_);
  Result<void> name_merge() LOCK_HELD(step_mutex_);
  void finish_merge() LOCK_HELD(step_mutex_);
  Result<std::optional<SavedDeletes>> save_merged_deletes() LOCK_HELD(step_mutex_);
  void avoid_damaged(const std::vector<TableSegment>& inputs) LOCK_HELD(step_mutex_);
  void abandon_compaction(const Error& why) LOCK_HELD(step_mutex_);
  Result<bool> prepare_log() LOCK_HELD(step_mutex_);
  bool prepare_log_beside_flush() LOCK_HELD(step_mutex_);
  Result<bool> sync_if_due() LOCK_NOT_HELD(core_.mutex);
  Result<bool> tidy() LOCK_HELD(step_mutex_);
  void retire_blobs() LOCK_HELD(step_mutex_);
  [[nodiscard]] FileNumber next_file() const LOCK_HELD(step_mutex_);
  [[nodiscard]] bool step_in_thread(bool& failed) LOCK_NOT_HELD(core_.mutex, step_mutex_);
  void run() LOCK_NOT_HELD(core_.mutex, step_mutex_);
  [[nodiscard]] std::int64_t idle_ns() LOCK_HELD(core_.mutex);
  void mark_idle_log() LOCK_HELD(core_.mutex);

  StoreCore& core_;
  Mutex step_mutex_;  // Taken before the commit lock.
  std::unique_ptr<Manifest> manifest_;
  ObsoleteFiles obsolete_;
  FileNumber next_file_{};
  std::uint64_t next_delete_sequence_ = 1;
  std::map<PartKey, SavedDeletes> saved_;
  std::map<FileNumber, std::weak_ptr<SegmentHandle>> handles_;  // Of the files the manifest names, and the early ones.
  std::vector<SegmentInfo> unlisted_;
  std::optional<FlushRound> round_;
  std::map<TableId, std::shared_ptr<const TableSchema>> catalog_;  // As the manifest has it.
  std::optional<MergeRound> merge_;
  std::size_t merge_width_ = kMergeInputsMax;  // Fewer at a time after memory did not suffice.
  bool merges_done_ = false;                   // Nothing is worth merging until the next flush.
  std::optional<Error> merge_refused_;         // For want of room, which the last merge that was tried came to.
  BlobGarbage garbage_;
  bool log_refused_ = false;             // Since the last round of flushing the next log file could not be made.
  std::int64_t merges_until_ns_ = 0;     // Monotonic: before the next flush begins, if they are behind.
  std::set<std::uint64_t> unmergeable_;  // Segments that could not be read.
  std::set<FileNumber> unmovable_;       // Blob files that could not be read.
  bool stopping_ = false;                // Guarded by the commit lock.
  std::unique_ptr<Thread> thread_;
};

}  // namespace mneme
