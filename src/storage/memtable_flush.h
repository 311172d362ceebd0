// MemtableFlush: writes a frozen memtable as one part of a segment, in the table's clustering order.
//
// Rows are sorted by position, not copied: only the keys and one batch at a time leave the memtable. Versions that no
// snapshot can see any more stay behind. Deletes may go on arriving while it runs: deletes(), asked for under the lock
// that publishes the segment, tells them by ordinal.
// The surprising decision: a version is left out only if the commit that ended it is covered by the flush as well
// (sequence <= last_lsn). Else replay of the log from last_lsn on would meet the end of a version that is nowhere.
#pragma once

#include <memory>
#include <vector>

#include "os/clock.h"
#include "storage/delete_set.h"
#include "storage/ids.h"
#include "storage/memtable.h"
#include "storage/segment_writer.h"

namespace mneme {

class MemtableFlush {  // One thread at a time.
 public:
  struct Options {
    Lsn first_lsn{}, last_lsn{};        // Of the commits whose rows the memtable holds.
    std::uint64_t oldest_snapshot = 0;  // Every live and future snapshot is at or above it.
  };
  // Sorts. full: the budget refused the order's memory. REQUIRES: nothing is appended to `memtable` any more.
  static Result<std::unique_ptr<MemtableFlush>> begin(std::shared_ptr<const Memtable> memtable, const Options& options,
                                                      MemoryBudget& budget);

  // Writes the part's rows until done (true; then the writer takes sections or end_part()) or until the deadline
  // passes; at least one batch a call. After an error the file is to be removed and the flush begun anew.
  Result<bool> step(SegmentWriter& writer, Clock& clock, std::int64_t deadline_ns);

  // The deletes known now, by ordinal of the part: none may arrive in between, so hold the commit lock.
  [[nodiscard]] DeleteSet deletes() const;
  [[nodiscard]] std::size_t rows() const noexcept { return order_.size(); }

 private:
  MemtableFlush(std::shared_ptr<const Memtable> memtable, const Options& options, Reservation memory)
      : memtable_(std::move(memtable)), options_(options), memory_(std::move(memory)) {}
  void sort_by_clustering();
  [[nodiscard]] SegmentPart part() const;
  [[nodiscard]] Batch batch_of(std::span<const Memtable::Position> positions) const;

  const std::shared_ptr<const Memtable> memtable_;
  const Options options_;
  Reservation memory_;
  std::vector<Memtable::Position> order_;  // By ordinal of the part.
  std::size_t written_ = 0;
  bool begun_ = false;
};

}  // namespace mneme
