// Recovery: from the files of a directory to the state that commits go on from.
//
// The manifest's segments and catalogue, then the log from where the manifest says: its records go through the same
// PreparedGroup as commits. When memtables outgrow the budget they become segments on the way.
#pragma once

#include "storage/maintenance.h"
#include "storage/state_loader.h"

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
  StateLoader::Hooks hooks();
  Result<LogReplay> replay(StateLoader& loader);
  Result<void> continue_log(const LogReplay& found, const StateLoader& loader);

  StoreCore& core_;
  Maintenance& maintenance_;
};

}  // namespace mneme
