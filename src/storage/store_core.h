// StoreCore: what commits, maintenance and recovery share of one open database, and the lock that guards it.
//
// A commit, or the leader of a group of them, holds the lock from validation to publication; maintenance holds it only
// to look and to publish. Its files are written without it.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "os/world.h"
#include "storage/blob_files.h"
#include "storage/commit_queue.h"
#include "storage/log.h"
#include "storage/readers_board.h"
#include "storage/snapshot_registry.h"
#include "storage/store_options.h"
#include "storage/table_index.h"
#include "storage/version.h"

namespace mneme {

struct ReplacedVersion {  // And the commit of table changes that replaced it.
  std::uint64_t at = 0;
  std::shared_ptr<const Version> version;
};

// What one thread wants of the leader of a group of commits: its part under the lock, then a sync. On its stack.
class GroupRequest : public CommitQueue::Place {
 public:
  explicit GroupRequest(Scheduler& scheduler) : Place(scheduler) {}
  GroupRequest(const GroupRequest&) = delete;
  GroupRequest& operator=(const GroupRequest&) = delete;
  virtual ~GroupRequest() = default;
  // By the leader's thread, with the store's mutex held: writes what is to be written, and gives the LSN up to which
  // the log must be durable (0: none).
  virtual Lsn begin() noexcept = 0;

 private:
  friend struct StoreCore;
  GroupRequest* after_ = nullptr;  // In its group.
  Lsn wanted_{};
  bool failed_ = false;  // What it wanted is not durable.
};

struct StoreCore {  // Thread-safe as its fields say.
  StoreCore(const World& the_world, std::string the_directory, const StoreOptions& the_options, IndexFactory* factory);

  [[nodiscard]] Result<void> check_usable() const LOCK_HELD(mutex);  // closed: the database was.
  // The applied state, or the durable one once the log is poisoned.
  [[nodiscard]] Snapshot latest() const LOCK_HELD(mutex);
  [[nodiscard]] Snapshot latest_durable() const LOCK_HELD(mutex);
  // Makes `next` the version of snapshots from now on.
  void show(std::shared_ptr<const Version> next) LOCK_HELD(mutex) {
    version = std::move(next);
    version_number.fetch_add(1);
    snapshots->show(applied, version);
  }
  void show_applied(std::uint64_t sequence) LOCK_HELD(mutex) {
    applied = sequence;
    snapshots->show(sequence);
  }
  void forget_replaced() LOCK_HELD(mutex);  // Versions before commits that are durable now.
  // Returns once all records up to `lsn` are durable.
  Result<void> make_durable(Lsn lsn) LOCK_HELD(mutex);
  // Has a leader begin the request and make the log durable as it wants. The first who asks while nobody leads is the
  // leader, on its own thread; one sync is for all who asked before it began.
  Result<void> run_in_group(GroupRequest& request) LOCK_NOT_HELD(mutex);
  // Snapshots from now on are at or above it.
  [[nodiscard]] std::uint64_t oldest_snapshot() const LOCK_HELD(mutex);
  Result<void> lead_group(GroupRequest& own) LOCK_NOT_HELD(mutex);
  struct Group {  // Of a leader, in the order they joined. At its end all but the leader are told.
    Group(GroupRequest& leader, Scheduler& scheduler) : own(leader), turn(scheduler) {}
    Group(const Group&) = delete;
    Group& operator=(const Group&) = delete;
    ~Group() { tell(); }
    void tell();
    void judge(const LogWriter& synced);  // Which of them are durable.
    void take_over(Group& waiting);       // Its requests; its leader is told with them. REQUIRES: tell() was called.
    GroupRequest& own;
    GroupRequest* first = nullptr;
    GroupRequest* last = nullptr;
    Lsn wanted{};
    Signal turn;              // While it waits for the sync under way: how that wait ended.
    Group* next = nullptr;    // Waits for the end of this one's sync.
    Group* served = nullptr;  // Of another leader, whose requests these are.
  };
  enum class Turn : std::uint32_t { syncs = 1, served = 2 };  // Its leader syncs; or the one before it has done so.
  void begin_joined(Group& group) LOCK_HELD(mutex);
  Result<void> sync_and_leave(Group& group) LOCK_HELD(mutex);
  void serve_next(Group& group) LOCK_HELD(mutex);
  Result<void> finish_group(Group& group) LOCK_HELD(mutex);
  [[nodiscard]] Result<void> end_of(const GroupRequest& request) const;
  [[nodiscard]] int wait_yields() const noexcept;
  void wake_maintenance() LOCK_HELD(mutex);
  [[nodiscard]] std::string wal_directory() const { return directory + "/wal"; }
  [[nodiscard]] std::string segment_directory() const { return directory + "/seg"; }
  [[nodiscard]] std::string blob_directory() const { return directory + "/blob"; }
  [[nodiscard]] Error failed_sync() const;

  // Constant after open.
  const World world;
  const std::string directory;
  const StoreOptions options;
  IndexFactory* const indexes;  // May be null.

  // Thread-safe. Memtables and segments borrow the budget and the cache: both outlive every Version.
  MemoryBudget budget;
  BlockCache cache;
  BlobFiles blobs;
  WriterBoard board;
  const std::shared_ptr<SnapshotRegistry> snapshots;
  // Successful syncs of log and manifest, for files that wait for later ones. Relaxed: only compared with itself.
  std::atomic<std::uint64_t> barriers{0};
  // What syncs of the log took lately. Relaxed: a guess by which waiters choose how to wait.
  std::atomic<std::int64_t> sync_ns{0};
  // Written under the mutex, read without it by LatestReader, which says why sequentially consistent is enough.
  std::atomic<std::uint64_t> version_number{1};  // Another one for each `version`, and once closed.
  std::atomic<std::uint64_t> applied{0};         // Sequence of the last group shown. A group's sequence is its LSN.

  Mutex mutex;
  CommitQueue commits;
  CondVar sync_ended;
  CondVar work;                                      // For the maintenance thread.
  CondVar room;                                      // A round of maintenance ended: memory may be free.
  std::unique_ptr<LogWriter> log GUARDED_BY(mutex);  // Null in a reader.
  std::shared_ptr<const Version> version GUARDED_BY(mutex);
  std::vector<ReplacedVersion> replaced GUARDED_BY(mutex);  // By commits that are not known durable; ascending.
  Lsn flushed_to GUARDED_BY(mutex){};  // All records up to it are in segments, and in the manifest.
  std::uint64_t next_row GUARDED_BY(mutex) = 1;
  std::uint64_t next_table GUARDED_BY(mutex) = 1;
  std::int64_t sync_due_ns GUARDED_BY(mutex) = 0;            // Monotonic; 0: nothing waits for an interval's end.
  std::uint64_t flush_rounds GUARDED_BY(mutex) = 0;          // Ended, well or not.
  std::optional<Error> maintenance_error GUARDED_BY(mutex);  // Of the last round, if it failed.
  // Of commits whose log record may or may not have been written: kept until the next open finds out.
  std::vector<BlobUses> doubtful_blobs GUARDED_BY(mutex);
  bool flushing GUARDED_BY(mutex) = false;      // A round is under way.
  bool flush_wanted GUARDED_BY(mutex) = false;  // Whatever the thresholds say.
  bool log_marked GUARDED_BY(mutex) = true;     // Nothing was committed after the last mark.
  bool work_wanted GUARDED_BY(mutex) = false;
  Group* next_group GUARDED_BY(mutex) = nullptr;  // Is written, and waits for the end of the sync under way.
  bool syncing GUARDED_BY(mutex) = false;
  bool closed GUARDED_BY(mutex) = true;  // Until all of it is open: nobody writes to what could not be opened.
};

}  // namespace mneme
