// Recovery: from the files of a directory to the state that commits go on from.
//
// The manifest's segments and catalogue, then the log from where the manifest says: its records go through the same
// PreparedGroup as commits. When memtables outgrow the budget they become segments on the way.
#pragma once

#include "storage/maintenance.h"
#include "storage/prepared_group.h"
#include "storage/write_set.h"

namespace mneme {

// What recovery found; for the user's log and for tests.
struct RecoveryReport {
  std::uint64_t groups = 0;        // Commit groups replayed.
  std::uint64_t log_tail_cut = 0;  // Bytes of records that were never known synced, cut.
  std::uint64_t manifest_tail_cut = 0;
};

class Recovery {  // One thread at a time.
 public:
  Recovery(StoreCore& core, Maintenance& maintenance) : core_(core), maintenance_(maintenance) {}

  static Result<void> create_directories(const StoreCore& core);
  // Opens the manifest, or makes a new database's.
  static Result<std::unique_ptr<Manifest>> open_manifest(StoreCore& core);
  Result<RecoveryReport> run() LOCK_NOT_HELD(core_.mutex);

 private:
  static Result<void> refuse_foreign(const StoreCore& core);
  Result<void> load_version();
  Result<void> load_segment(const SegmentInfo& info, Version& version);
  Result<void> load_deletes(Version& version);
  Result<LogReplay> replay();
  Result<void> replay_record(const LogRecord& record);
  Result<void> apply(const WriteSet& writes, Lsn lsn);
  void note_numbers(const WriteSet& writes);
  Result<void> resolve_deferred();
  Result<void> continue_log(const LogReplay& found);

  StoreCore& core_;
  Maintenance& maintenance_;
  // Only this thread knows the store yet.
  std::shared_ptr<const Version> version_;
  std::uint64_t next_row_ = 1;
  std::uint64_t next_table_ = 1;
  std::vector<DeferredEnd> deferred_;
  Lsn applied_{};
  Reservation record_memory_;
};

}  // namespace mneme
