// Store: one database directory. Commits are atomic over all tables and, once acknowledged, survive a power cut.
//
//     <db>/LOCK  <db>/CURRENT  <db>/MANIFEST-<n>  <db>/wal/<n>.log  <db>/seg/<n>.seg  <db>/seg/<n>-<seq>.del
//     <db>/blob/<n>.blob
//
// A commit validates and copies its rows, writes one log record, and only then shows them; nothing can fail after the
// log write but the sync. Commits that are to be durable join a queue: a lone one does it all on its own thread; of
// concurrent ones a leader writes the records of all who joined and syncs once, with the lock released. After a failed
// sync nobody knows what is durable: the store is read-only until it is opened again, and new snapshots show only what
// was known durable. Behind the commits, maintenance moves rows from memtables to segments (maintenance.h).
#pragma once

#include <memory>
#include <string>

#include "storage/follower.h"
#include "storage/latest_reader.h"
#include "storage/recovery.h"
#include "storage/store_check.h"
#include "storage/store_core.h"
#include "storage/write_set.h"

namespace mneme {

struct CommitResult {
  std::uint64_t sequence = 0;  // Snapshots from here on see it.
};

// Asked about a transaction under the commit lock, against all commits before it, before anything is written: what
// must hold at the moment of the commit (unique keys, parents that exist) is checked here.
class CommitValidator {
 public:
  virtual ~CommitValidator() = default;
  // An error fails the commit, which then leaves no trace. It may be asked again when the commit
  // had to wait for memory. Must not call the store.
  virtual Result<void> validate(const Snapshot& latest, const WriteSet& writes) = 0;
  // The commit is about to wait for memory: what is pinned and not needed to validate goes, or the flush that it waits
  // for frees nothing. Called under the commit lock.
  virtual void let_go() {}
};

class Store {  // Thread-safe.
 public:
  // Opens the database in `directory`, creating it when there is none. busy: another writer has it. corrupt: names file
  // and offset. The world and `indexes` (null: tables have no indexes) outlive the store.
  static Result<std::unique_ptr<Store>> open(const World& world, std::string directory, StoreOptions options,
                                             IndexFactory* indexes = nullptr);
  // Opens it to read, beside a writer in another process or where there is none (follower.h). What would change it is
  // refused with invalid_argument (25006). not_found: there is no database.
  static Result<std::unique_ptr<Store>> open_read_only(const World& world, std::string directory, StoreOptions options,
                                                       IndexFactory* indexes = nullptr);
  ~Store();

  [[nodiscard]] Result<Snapshot> snapshot() LOCK_NOT_HELD(core_.mutex);
  [[nodiscard]] std::unique_ptr<LatestReader> latest_reader() { return std::make_unique<LatestReader>(core_); }
  // Checks table changes against the latest state, and that every ended version still lives (conflict: first committer
  // wins); returns once the group is as durable as asked. Empty sets commit nothing. When memory is short it waits for
  // maintenance, or does its work; full: there is none to be had, or the disk is full.
  Result<CommitResult> commit(WriteSet writes, Durability durability, CommitValidator* validator = nullptr)
      LOCK_NOT_HELD(core_.mutex);
  // For who was refused memory outside of commit() and holds no snapshot: waits for a flush, or does one. `idle_rounds`
  // is 0 at first and counts those that moved nothing. False: it has been too many, there is none to be had.
  [[nodiscard]] Result<bool> wait_for_memory(int& idle_rounds) LOCK_NOT_HELD(core_.mutex);
  // Makes every commit so far durable.
  Result<void> sync() LOCK_NOT_HELD(core_.mutex);
  // Moves every commit so far to segments.
  Result<void> flush() LOCK_NOT_HELD(core_.mutex);
  // The same, then merges all that is worth it. full: some of it finds no room on the disk or in memory, as it says.
  Result<void> vacuum() LOCK_NOT_HELD(core_.mutex);
  // Maintenance until the deadline (monotonic) or until there is nothing to do (false). For hosts without its thread.
  Result<bool> step(std::int64_t deadline_ns) LOCK_NOT_HELD(core_.mutex);
  // Syncs and marks the end of the log. Later calls of anything fail with closed; closing again does nothing.
  Result<void> close() LOCK_NOT_HELD(core_.mutex);

  [[nodiscard]] Result<TableId> next_table_id() LOCK_NOT_HELD(core_.mutex);  // Never handed out before.
  // `count` new numbers for the identity column (or hidden _id) of a table; the first of them. not_found: no such
  // table.
  [[nodiscard]] Result<std::uint64_t> reserve_keys(TableId table, std::uint64_t count) LOCK_NOT_HELD(core_.mutex);
  // Reads everything again that counts. Beside running writers.
  Result<StoreCheck> check() LOCK_NOT_HELD(core_.mutex);
  // A copy that opens as a database, made beside running writers. already_exists: `destination` is not empty.
  Result<void> backup(const std::string& destination) LOCK_NOT_HELD(core_.mutex);
  // Of the log files that replay would read if the process ended now.
  [[nodiscard]] std::uint64_t log_bytes() LOCK_NOT_HELD(core_.mutex);
  // The file that a reference names, held. corrupt: nobody holds it, so no snapshot can refer to it.
  [[nodiscard]] Result<std::shared_ptr<BlobFile>> blob_file(FileNumber number);
  [[nodiscard]] BlobFiles& blobs() noexcept { return core_.blobs; }
  [[nodiscard]] std::size_t blob_inline_max() const noexcept { return core_.options.blob_inline_max; }
  Result<void> check_open() LOCK_NOT_HELD(core_.mutex);       // closed: it is not any more.
  Result<void> check_may_write() LOCK_NOT_HELD(core_.mutex);  // Nor is it read-only since a sync failed, or as opened.
  [[nodiscard]] bool is_read_only() const noexcept { return follower_ != nullptr; }  // As opened.
  [[nodiscard]] Error refuse_write() const;                                          // Because of that.
  // Who reads it in other processes, and what they keep from going.
  [[nodiscard]] Result<std::vector<ReaderPin>> readers();
  [[nodiscard]] const RecoveryReport& recovery() const noexcept { return recovery_; }
  [[nodiscard]] const StoreOptions& options() const noexcept { return core_.options; }
  [[nodiscard]] MemoryBudget& budget() noexcept { return core_.budget; }

 private:
  struct Commit {  // One under way.
    WriteSet& writes;
    CommitValidator* validator;
    ByteBuffer encoded{};       // But for the ids of its rows; empty: too large to be encoded ahead.
    BlobUses blobs{};           // Of the values that it moved.
    bool memory_short = false;  // What the last try failed for.
    bool log_tried = false;     // It may or may not be in the log.
  };
  class CommitRequest;

  Store(const World& world, std::string directory, const StoreOptions& options, IndexFactory* indexes)
      : core_(world, std::move(directory), options, indexes) {}
  static Result<std::unique_ptr<Store>> make(const World& world, std::string directory, const StoreOptions& options,
                                             IndexFactory* indexes);
  Result<void> open_files();
  Result<void> follow() LOCK_NOT_HELD(core_.mutex);
  Result<void> look_usable() LOCK_NOT_HELD(core_.mutex);
  Result<void> check_writable() const LOCK_HELD(core_.mutex);
  Result<Reservation> number_and_encode(Commit& commit) LOCK_HELD(core_.mutex);
  static Result<void> prepare(const WriteSet& writes, PreparedGroup& prepared);
  Result<BlobUses> move_blobs(WriteSet& writes) LOCK_NOT_HELD(core_.mutex);
  Result<Lsn> try_commit(Commit& commit) LOCK_HELD(core_.mutex);
  Result<void> await_room(int& idle_rounds) LOCK_HELD(core_.mutex);
  Result<void> make_room() LOCK_HELD(core_.mutex);
  void pause_for_room(int idle_rounds) LOCK_HELD(core_.mutex);
  void honour(Durability durability, const WriteSet& writes) LOCK_HELD(core_.mutex);
  Result<CommitResult> commit_alone(Commit& commit, Durability durability) LOCK_NOT_HELD(core_.mutex);
  Result<CommitResult> commit_in_group(Commit& commit) LOCK_NOT_HELD(core_.mutex);
  Result<Lsn> write(Commit& commit) LOCK_HELD(core_.mutex);
  Result<void> mark_end() LOCK_HELD(core_.mutex);
  void notice_work() LOCK_HELD(core_.mutex);

  StoreCore core_;
  std::unique_ptr<FileLock> owner_;
  // Constant after open, one of them null: both if it failed early.
  std::unique_ptr<Maintenance> maintenance_;
  std::unique_ptr<Follower> follower_;
  RecoveryReport recovery_;         // Constant after open.
  const LogWriter* log_ = nullptr;  // The core's; constant after open. Null in a reader.
};

}  // namespace mneme
