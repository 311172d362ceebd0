// The shared write-ahead log: one record, one LSN per commit group, for all tables and modalities.
//
// Files <db>/wal/<n>.log are preallocated, zeroed and recycled; docs/format.md has every byte. LSNs are contiguous
// across files. A sync may run with the caller's lock released (begin_sync, run, end_sync), so that a leader syncs
// for all who wait. Once a sync has failed nobody knows what is durable (the kernel may have dropped the pages), so
// the log is poisoned: every later call fails with io until the database is reopened; no sync is ever retried.
// The surprising decision: beginning a sync moves the end to the next 512-byte sector, so that no later write
// touches a sector that holds synced records.
#pragma once

#include <atomic>
#include <memory>
#include <vector>

#include "os/file.h"
#include "storage/log_files.h"
#include "storage/log_replay.h"

namespace mneme {

// One sync under way: what it must make durable. run() needs no lock.
class LogSync {  // One thread at a time. The writer that made it outlives it.
 public:
  [[nodiscard]] Lsn target() const noexcept { return target_; }
  Result<void> run();  // Once; a failed sync is never retried.

 private:
  friend class LogWriter;
  Lsn target_{};
  std::vector<File*> files_;  // Oldest first.
};

struct LogExtent {  // One file of the log that holds records.
  LogPosition first;
  Lsn last{};  // Below first.lsn: none yet.
  // Of a file that is full: all. Of the one that is written: exactly to the end of its last record, since the next one
  // may lie in the same sector by the time it is read.
  std::uint64_t bytes = 0;
};

class LogWriter {  // One thread at a time (the caller's lock), but for LogSync::run and LogPreparation::run.
 public:
  // Continues after what replay found, at `epoch` (already durable in the manifest, larger than any in the log).
  // Makes the replayed tail durable first if it is not known to be. An empty `found` makes the first file.
  // REQUIRES: `options.wal_directory` exists and is durable. Borrows `files` for its life.
  static Result<std::unique_ptr<LogWriter>> open(FileSystem& files, LogOptions options, std::uint32_t epoch,
                                                 const LogReplay& found);

  // Writes one record after the last (no sync). On an error nothing was appended: full may be tried again.
  Result<Lsn> append(std::span<const Bytes> payload, std::int64_t wall_ns);
  Result<Lsn> append(Bytes payload, std::int64_t wall_ns) { return append(std::span(&payload, 1), wall_ns); }
  // Appends a record that only carries the durable mark: after 100 ms idle, and (close) as the last before the end.
  Result<Lsn> mark(LogRecordKind kind, std::int64_t wall_ns);

  // A sync in three steps: begin_sync() under the lock, run() without it, end_sync() under it again.
  // REQUIRES: one at a time, and the writer outlives it.
  [[nodiscard]] Result<LogSync> begin_sync();
  Result<void> end_sync(const LogSync& sync, Result<void> outcome);
  Result<void> sync();  // All three.

  // A next file, prepared before it is needed: begin under the lock, run without it, adopt under it again.
  [[nodiscard]] bool wants_next() const noexcept { return !next_ && !preparing_; }
  [[nodiscard]] Result<LogPreparation> begin_prepare();  // REQUIRES: wants_next().
  Result<void> adopt(const LogPreparation& preparation, Result<PreparedLog> outcome);
  Result<void> prepare_next();  // All three; nothing when one is there.

  // Files replay no longer needs once the manifest's log_start is `start`, oldest first. After two barriers later than
  // that edit the caller gives each back: it becomes a spare for prepare, or is unlinked.
  [[nodiscard]] std::vector<FileNumber> obsolete_below(const LogPosition& start) const;
  Result<void> recycle(FileNumber number);

  [[nodiscard]] Lsn last() const noexcept { return last_; }        // Of the last record appended; 0 before the first.
  [[nodiscard]] Lsn durable() const noexcept { return durable_; }  // All up to it are known synced.
  [[nodiscard]] bool poisoned() const noexcept { return poisoned_.load(std::memory_order_acquire); }  // By any thread.
  // Where replay may begin to meet every record from `lsn` on: exact for last() + 1, else the start of lsn's file.
  [[nodiscard]] LogPosition replay_start(Lsn lsn) const;
  // Records of append() whose writing was begun, well or not: an append that did not add to it left nothing to replay.
  [[nodiscard]] std::uint64_t begun() const noexcept { return begun_; }
  // The files from `start` on, oldest first.
  [[nodiscard]] std::vector<LogExtent> extents(FileNumber start) const;
  // Bytes of the files that hold records from `lsn` on: what rotation and flushing are decided by.
  [[nodiscard]] std::uint64_t bytes_from(Lsn lsn) const;

 private:
  struct ClosedFile {  // Its last record is followed by one in a later file.
    FileNumber number{};
    LogPosition first;
    Lsn last{};
    std::uint64_t bytes = 0;
    std::unique_ptr<File> file{};  // Null once all its records are durable.
    bool turns = false;            // In this life: a turn was written at its end.
  };
  struct Turned {  // A file whose records are durable, and whose turn is once a record after `last` is.
    std::unique_ptr<File> file;
    Lsn last{};
  };

  LogWriter(FileSystem& files, LogOptions options, std::uint32_t epoch)
      : files_(files), options_(std::move(options)), epoch_(epoch) {}
  Result<void> resume(const LogReplay& found);
  Result<Lsn> append_record(LogRecordKind kind, std::span<const Bytes> payload, std::int64_t wall_ns);
  Result<void> make_room(std::uint64_t record_bytes, std::int64_t wall_ns);
  Result<void> rotate(std::int64_t wall_ns);
  Result<void> write_turn(FileNumber to, std::int64_t wall_ns);
  Result<void> write_record(const LogRecordHeader& header, std::span<const Bytes> payload);
  Result<void> erase_failed_record();
  void begin_file(PreparedLog next);
  void close_file();
  [[nodiscard]] Result<void> check_usable() const;

  FileSystem& files_;
  const LogOptions options_;
  const std::uint32_t epoch_;
  std::unique_ptr<File> file_;      // The one appended to.
  FileHeader header_;               // Of file_.
  std::uint64_t file_bytes_ = 0;    // Allocated.
  std::uint64_t end_ = 0;           // Where the next record goes.
  LogPosition file_first_;          // The first record of file_ that is known, or where it will be.
  std::vector<ClosedFile> closed_;  // Oldest first.
  std::vector<Turned> turned_;
  std::optional<PreparedLog> next_;
  std::vector<FileNumber> spares_;
  FileNumber number_max_{};  // Of every log file ever seen.
  Lsn last_{};
  Lsn durable_{};
  std::uint64_t begun_ = 0;
  bool preparing_ = false;
  bool syncing_ = false;
  std::atomic<bool> poisoned_{false};  // Who learns of it late reads as if it had come a moment earlier.
  ByteBuffer scratch_;                 // One write's worth of a record.
  std::vector<File*> to_sync_;  // Room for the next sync, made before a record is written: nothing may fail after.
};

}  // namespace mneme
