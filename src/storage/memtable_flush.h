// MemtableFlush: writes a frozen memtable as one part of a segment, in the table's clustering order.
//
// Rows are sorted by ordinal, not copied: only the keys and one batch at a time leave the memtable. Versions that no
// snapshot can see any more stay behind. Deletes may go on arriving while it runs: ended_after(), asked for under the
// lock that publishes the segment, tells them by ordinal of the part.
// The surprising decision: a version is left out only if the commit that ended it is covered by the flush as well
// (sequence <= covered_to). Else replay of the log from there on would meet the end of a version that is nowhere.
#pragma once

#include <memory>
#include <vector>

#include "os/clock.h"
#include "storage/delete_set.h"
#include "storage/ids.h"
#include "storage/memtable_source.h"
#include "storage/section_jobs.h"
#include "storage/segment_writer.h"

namespace mneme {

class MemtableFlush {  // One thread at a time.
 public:
  struct Options {
    Lsn first_lsn{}, last_lsn{};        // Of the commits whose rows the memtable holds.
    std::uint64_t oldest_snapshot = 0;  // Every live and future snapshot is at or above it.
    Lsn covered_to{};                   // Replay will begin after it; 0: last_lsn.
  };
  // How many rows a memtable may have, so that sorting them takes a quarter of the memory for maintenance at most.
  static std::size_t rows_max(const TableSchema& schema, const MemoryBudget& budget);
  // Sorts. full: the budget refused the order's memory. REQUIRES: nothing is appended to `memtable` any more.
  static Result<std::unique_ptr<MemtableFlush>> begin(std::shared_ptr<const Memtable> memtable, const Options& options,
                                                      MemoryBudget& budget);

  // Writes the part's rows until done (true; then the writer takes sections or end_part()) or until the deadline
  // passes; at least one batch a call. `sections` may be null. After an error the file is to be removed and the flush
  // begun anew.
  Result<bool> step(SegmentWriter& writer, Clock& clock, std::int64_t deadline_ns, SectionJobs* sections = nullptr);

  // The versions written whose end is known and above `sequence`, by ordinal of the part, in no order. For all of them
  // hold the commit lock.
  [[nodiscard]] std::vector<DeleteSet::Pair> ended_after(std::uint64_t sequence) const;
  [[nodiscard]] std::size_t rows() const noexcept { return rows_; }
  [[nodiscard]] const std::shared_ptr<const Memtable>& memtable() const noexcept { return memtable_; }

 private:
  static constexpr std::uint32_t kLeftOut = ~std::uint32_t{0};

  MemtableFlush(std::shared_ptr<const Memtable> memtable, const Options& options, Reservation memory)
      : memtable_(std::move(memtable)),
        source_(memtable_, kEnding - 1),
        options_(options),
        memory_(std::move(memory)) {}
  Result<void> sort_by_clustering(MemoryBudget& budget);
  [[nodiscard]] Result<bool> is_sorted(std::span<const std::size_t> columns) const;
  Result<void> read(const ColumnSchema& column, std::span<const std::uint32_t> ordinals, Column& out) const;
  Result<void> gather_keys(std::span<const std::size_t> columns, std::span<const std::uint32_t> ordinals,
                           Batch& keys) const;
  [[nodiscard]] SegmentPart part() const;
  [[nodiscard]] Result<Batch> batch_of(std::span<const std::uint32_t> ordinals) const;

  const std::shared_ptr<const Memtable> memtable_;
  const MemtableSource source_;  // All of it.
  const Options options_;
  Reservation memory_;
  std::vector<std::uint32_t> order_;  // Of the memtable, by ordinal of the part; empty once all are written.
  bool as_they_came_ = true;          // order_ ascends.
  std::size_t rows_ = 0;              // Of the part.
  std::vector<std::uint32_t> place_;  // Of the part, by ordinal of the memtable.
  std::size_t written_ = 0;
  bool begun_ = false;
};

}  // namespace mneme
