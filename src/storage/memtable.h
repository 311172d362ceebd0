// Memtable: the recent rows of one table at one schema version, in memory, append-only.
//
// Rows lie in chunks whose capacity grows 16, 32 ... 2,048, so that a table of ten rows costs little and one of a
// million is scanned in whole batches. A chunk's arrays never move: readers hold pointers into them while rows are
// appended behind what they may see. A row is seen by a snapshot whose sequence is at least its commit's and below its
// end sequence.
// The surprising decision: append() copies the values before the log is written, behind the visible rows, so that
// publish() after the log write only moves a count and cannot fail; discard() forgets what was not published.
#pragma once

#include <atomic>
#include <memory>
#include <vector>

#include "os/thread.h"
#include "storage/blob_files.h"
#include "storage/memory_budget.h"
#include "types/schema.h"

namespace mneme {

// Live while no commit has ended the version.
constexpr std::uint64_t kNeverEnds = ~std::uint64_t{0};
constexpr std::uint64_t kEnding = kNeverEnds - 1;  // A commit is about to end it: live for every snapshot.

class IndexFactory;
class MemoryIndex;

class Memtable : public std::enable_shared_from_this<Memtable> {
  // append, publish, discard and end: one thread at a time (the commit lock). Everything else: thread-safe.
 public:
  Memtable(Scheduler& scheduler, MemoryBudget& budget, std::shared_ptr<const TableSchema> schema);
  ~Memtable();

  [[nodiscard]] const TableSchema& schema() const noexcept { return *schema_; }

  // Copies the rows of `batch` (one column per schema column, in order) behind those appended before. Row i becomes
  // version first + i. full: the budget refused, and nothing was appended.
  Result<void> append(const Batch& batch, RowId first) { return append(batch, 0, batch.rows(), first); }
  Result<void> append(const Batch& batch, std::size_t from, std::size_t count, RowId first) LOCK_NOT_HELD(mutex_);
  // Notes the crc of the canonical bytes of all rows appended since the last stamp, for check_memtable(). Never fails.
  void stamp_rows(std::uint32_t crc) noexcept LOCK_NOT_HELD(mutex_);
  // Shows all appended rows to snapshots at or above `sequence`.
  void publish(std::uint64_t sequence) noexcept LOCK_NOT_HELD(mutex_);
  void discard() noexcept LOCK_NOT_HELD(mutex_);

  struct Stamp {
    std::uint32_t rows = 0;  // Of the memtable up to its end.
    std::uint32_t crc = 0;
  };
  [[nodiscard]] std::optional<Stamp> stamp(std::size_t at) const LOCK_NOT_HELD(mutex_);  // None: there are not so many.

  struct Position {
    std::size_t chunk = 0;
    std::size_t row = 0;
    friend auto operator<=>(const Position&, const Position&) = default;
  };
  // Where a published version lies, live or ended.
  [[nodiscard]] std::optional<Position> find(RowId row) const LOCK_NOT_HELD(mutex_);
  // Ends versions in two steps: the first is told by no snapshot from a live row. False, and nothing changes, when it
  // has ended or is being ended.
  bool prepare_end(Position at) noexcept LOCK_NOT_HELD(mutex_);
  // Ends, or takes back, all that was prepared since the last call of either: nobody need keep a list of it.
  void end_prepared(std::uint64_t sequence) noexcept LOCK_NOT_HELD(mutex_);
  void cancel_prepared() noexcept LOCK_NOT_HELD(mutex_) { end_prepared(kNeverEnds); }
  // Ends a version, prepared or not. False, and nothing changes, when it was ended before.
  bool end(Position at, std::uint64_t sequence) noexcept LOCK_NOT_HELD(mutex_);

  // Takes no more rows from now on. REQUIRES: the commit lock.
  void freeze() noexcept { frozen_ = true; }
  [[nodiscard]] bool frozen() const noexcept { return frozen_; }

  // One MemoryIndex for each index of the schema that keeps one, filled by append(). REQUIRES: no rows yet.
  Result<void> add_indexes(IndexFactory& factory, Scheduler& scheduler);
  // Null when the index is younger than the memtable, or its kind keeps nothing in memory.
  [[nodiscard]] const MemoryIndex* memory_index(IndexId id) const noexcept;

  // Its rows refer to values of the file, in the column.
  void hold_blobs(BlobUse use) LOCK_NOT_HELD(mutex_);
  [[nodiscard]] bool holds_blobs() const LOCK_NOT_HELD(mutex_);
  [[nodiscard]] BlobUses blobs() const LOCK_NOT_HELD(mutex_);  // Each file and column once.

  [[nodiscard]] std::size_t rows() const LOCK_NOT_HELD(mutex_);  // Appended, published or not.
  [[nodiscard]] std::size_t visible_rows(std::uint64_t sequence) const LOCK_NOT_HELD(mutex_);  // Ended ones too.
  struct VisibleRows {
    std::size_t count = 0;                            // As visible_rows().
    std::vector<const struct MemtableChunk*> chunks;  // That hold them; a row's ordinal counts from the first of all.
  };
  [[nodiscard]] VisibleRows visible_chunks(std::uint64_t sequence) const LOCK_NOT_HELD(mutex_);
  [[nodiscard]] std::uint64_t first_sequence() const LOCK_NOT_HELD(mutex_);  // Of the oldest commit; 0: none.
  [[nodiscard]] std::uint64_t last_sequence() const LOCK_NOT_HELD(mutex_);   // Of the newest commit; 0: none.
  [[nodiscard]] std::size_t memory_bytes() const LOCK_NOT_HELD(mutex_);

 private:
  struct Commit {
    std::uint64_t sequence = 0;
    std::size_t rows = 0;  // Visible from it on.
  };
  struct Index {
    IndexId id{};
    std::vector<std::size_t> columns;  // Ordinals in the schema.
    std::unique_ptr<MemoryIndex> entries;
  };
  // Of the first row copied its ordinal.
  Result<void> copy_rows(const Batch& batch, std::size_t from, std::size_t rows, RowId first, std::size_t& ordinal)
      LOCK_NOT_HELD(mutex_);
  Result<void> feed_indexes(std::size_t first, std::size_t count) LOCK_NOT_HELD(mutex_);
  Result<void> make_room_for_commit() LOCK_HELD(mutex_);
  Result<MemtableChunk*> chunk_with_room() LOCK_HELD(mutex_);
  void forget_unpublished() noexcept LOCK_HELD(mutex_);
  [[nodiscard]] std::size_t visible(std::uint64_t sequence) const LOCK_HELD(mutex_);

  // Constant after construction.
  const std::shared_ptr<const TableSchema> schema_;
  MemoryBudget& budget_;
  std::vector<Index> indexes_;  // Each does its own locking.
  bool frozen_ = false;         // The commit lock's.
  // Guarded. Chunks themselves are written only by the one appending thread, behind what readers may see.
  mutable Mutex mutex_;
  std::vector<std::unique_ptr<MemtableChunk>> chunks_ GUARDED_BY(mutex_);
  std::vector<Commit> commits_ GUARDED_BY(mutex_);
  std::vector<Stamp> stamps_ GUARDED_BY(mutex_);
  BlobUses blobs_ GUARDED_BY(mutex_);
  Reservation memory_ GUARDED_BY(mutex_);  // Of commits and stamps.
  std::size_t appended_ GUARDED_BY(mutex_) = 0;
  std::size_t published_ GUARDED_BY(mutex_) = 0;
  bool has_prepared_ GUARDED_BY(mutex_) = false;
  Position prepared_first_ GUARDED_BY(mutex_);  // All rows being ended lie from here
  Position prepared_last_ GUARDED_BY(mutex_);   // to here.
};

}  // namespace mneme
