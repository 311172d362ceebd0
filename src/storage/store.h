// Store: one database directory. Commits are atomic over all tables and, once acknowledged, survive a power cut.
//
//     <db>/LOCK  <db>/CURRENT  <db>/MANIFEST-<n>  <db>/wal/<n>.log
//
// A commit validates and copies its rows, writes one log record, and only then shows them; nothing can fail after the
// log write but the sync. A lone committer syncs on its own thread; of concurrent ones the first to need a sync leads
// it with the lock released, and it covers all whose record was written before it began. After a failed sync nobody
// knows what is durable: the store is read-only until it is opened again, and new snapshots show only what was
// known durable.
#pragma once

#include <memory>
#include <string>

#include "os/world.h"
#include "storage/log.h"
#include "storage/manifest.h"
#include "storage/snapshot_registry.h"
#include "storage/table_index.h"
#include "storage/version.h"
#include "storage/write_set.h"

namespace mneme {

struct StoreOptions {
  std::size_t memory_budget = 64 << 20;
  std::uint64_t log_file_bytes = 16 << 20;
};

// What recovery found; for the user's log and for tests.
struct RecoveryReport {
  std::uint64_t groups = 0;        // Commit groups replayed.
  std::uint64_t log_tail_cut = 0;  // Bytes of records that were never known synced, cut.
  std::uint64_t manifest_tail_cut = 0;
};

struct CommitResult {
  std::uint64_t sequence = 0;  // Snapshots from here on see it.
};

// Asked about a transaction under the commit lock, against all commits before it, before anything is written: what
// must hold at the moment of the commit (unique keys, parents that exist) is checked here.
class CommitValidator {
 public:
  virtual ~CommitValidator() = default;
  // May change `writes`. An error fails the commit, which then leaves no trace. It may be asked again when the commit
  // had to wait for memory. Must not call the store.
  virtual Result<void> validate(const Snapshot& latest, WriteSet& writes) = 0;
};

class Store {  // Thread-safe.
 public:
  // Opens the database in `directory`, creating it when there is none. busy: another writer has it. corrupt: names file
  // and offset. The world and `indexes` (null: tables have no indexes) outlive the store.
  static Result<std::unique_ptr<Store>> open(const World& world, std::string directory, StoreOptions options,
                                             IndexFactory* indexes = nullptr);
  ~Store();

  [[nodiscard]] Result<Snapshot> snapshot() LOCK_NOT_HELD(mutex_);
  // Checks table changes against the latest state, and that every ended version still lives (conflict: first committer
  // wins); returns once the group is as durable as asked. Empty sets commit nothing.
  Result<CommitResult> commit(WriteSet writes, Durability durability, CommitValidator* validator = nullptr)
      LOCK_NOT_HELD(mutex_);
  // Makes every commit so far durable.
  Result<void> sync() LOCK_NOT_HELD(mutex_);
  // Syncs and marks the end of the log. Later calls of anything fail with closed; closing again does nothing.
  Result<void> close() LOCK_NOT_HELD(mutex_);

  [[nodiscard]] Result<TableId> next_table_id() LOCK_NOT_HELD(mutex_);  // Never handed out before.
  // `count` new numbers for the identity column (or hidden _id) of a table; the first of them. not_found: no such
  // table.
  [[nodiscard]] Result<std::uint64_t> reserve_keys(TableId table, std::uint64_t count) LOCK_NOT_HELD(mutex_);
  [[nodiscard]] MemoryBudget& budget() noexcept { return budget_; }
  [[nodiscard]] const RecoveryReport& recovery() const noexcept { return recovery_; }

 private:
  Store(const World& world, std::string directory, StoreOptions options, IndexFactory* indexes);
  // Opening.
  Result<void> create_directories();
  Result<void> open_manifest() LOCK_HELD(mutex_);
  Result<void> recover() LOCK_HELD(mutex_);
  Result<void> replay_group(const LogRecord& record) LOCK_HELD(mutex_);
  // Reading.
  struct Replaced {  // A Version, and the commit of table changes that replaced it.
    std::uint64_t at = 0;
    std::shared_ptr<const Version> version;
  };
  [[nodiscard]] Snapshot latest() const LOCK_HELD(mutex_);
  [[nodiscard]] Snapshot latest_durable() const LOCK_HELD(mutex_);
  // Committing.
  Result<void> check_usable() const LOCK_HELD(mutex_);
  Result<void> check_writable() const LOCK_HELD(mutex_);
  Result<void> prepare(WriteSet& writes, class PreparedGroup& prepared) LOCK_HELD(mutex_);
  Result<void> make_durable(Lsn lsn) LOCK_HELD(mutex_);
  Result<void> mark_closed() LOCK_HELD(mutex_);

  // Constant after open.
  const World world_;
  const std::string directory_;
  const StoreOptions options_;
  IndexFactory* const indexes_;
  RecoveryReport recovery_;
  MemoryBudget budget_;  // Thread-safe. Memtables and segments borrow it and the cache: both outlive every Version.
  BlockCache cache_;     // Thread-safe.
  const std::shared_ptr<SnapshotRegistry> snapshots_;  // Thread-safe.
  std::unique_ptr<FileLock> owner_;

  Mutex mutex_;
  CondVar sync_ended_;
  std::unique_ptr<Manifest> manifest_ GUARDED_BY(mutex_);
  std::unique_ptr<LogWriter> log_ GUARDED_BY(mutex_);
  std::shared_ptr<const Version> version_ GUARDED_BY(mutex_);
  std::vector<Replaced> replaced_ GUARDED_BY(mutex_);  // By commits that are not known durable; ascending.
  std::uint64_t applied_ GUARDED_BY(mutex_) = 0;  // Sequence of the last group shown. A group's sequence is its LSN.
  std::uint64_t next_row_ GUARDED_BY(mutex_) = 1;
  std::uint64_t next_table_ GUARDED_BY(mutex_) = 1;
  bool syncing_ GUARDED_BY(mutex_) = false;
  bool closed_ GUARDED_BY(mutex_) = false;
};

}  // namespace mneme
