// SegmentMerge: the rows of several segments of one table as one sorted part, without the versions nobody can see.
//
// A merge by the clustering columns, then by RowId; each input is read one batch at a time, and rows move in runs, as
// inputs seldom interleave row by row. Rows take the form of the given schema: columns an input is older than read
// their missing value. It remembers where every old ordinal went, so that deletes which arrive while it runs are
// translated under the lock that publishes the result.
#pragma once

#include <memory>
#include <vector>

#include "os/clock.h"
#include "storage/blob_mover.h"
#include "storage/compaction_plan.h"
#include "storage/delete_set.h"
#include "storage/ordinal_map.h"
#include "storage/section_jobs.h"
#include "storage/segment_writer.h"

namespace mneme {

class SegmentMerge {  // One thread at a time.
 public:
  static constexpr std::size_t kInputsMax = kMergeInputsMax;
  struct Input {
    Segment segment;
    DeleteSet dead;  // Rows to leave out: no snapshot sees them, and replay will not meet their ends.
  };
  // full: the budget refused. REQUIRES: 1 to kInputsMax inputs, sorted as the schema says.
  static Result<std::unique_ptr<SegmentMerge>> begin(std::vector<Input> inputs,
                                                     std::shared_ptr<const TableSchema> schema, MemoryBudget& budget);
  // Writes the rows until done (true) or until the deadline passes; at least one batch a call. `sections` and `mover`
  // may be null.
  // After an error: begin anew.
  Result<bool> step(SegmentWriter& writer, Clock& clock, std::int64_t deadline_ns, SectionJobs* sections = nullptr,
                    BlobMover* mover = nullptr);
  // Where a row is now, by ordinal of the new part; none: it was left out.
  [[nodiscard]] std::optional<std::uint32_t> place(std::size_t input, std::uint32_t ordinal) const noexcept {
    return map_.find(input, ordinal);
  }
  [[nodiscard]] std::uint64_t rows() const noexcept { return map_.rows(); }  // Written so far.

 private:
  struct Source {
    Segment segment;
    DeleteSet dead;
    Batch head;                    // Decoded rows; column 0 is the RowId.
    std::uint64_t head_first = 0;  // Ordinal of the head's first row.
    std::size_t row = 0;           // The next within the head.
    [[nodiscard]] std::uint64_t ordinal() const noexcept { return head_first + row; }
    [[nodiscard]] bool at_end() const noexcept { return ordinal() >= segment.rows(); }
  };
  SegmentMerge(std::shared_ptr<const TableSchema> schema, std::span<const std::uint64_t> input_rows,
               std::size_t batch_bytes, Reservation memory);
  [[nodiscard]] SegmentPart part() const;
  Result<void> load(Source& source) const;
  [[nodiscard]] Result<std::size_t> head_rows(const Source& source) const;
  Result<void> skip_dead(Source& source) const;
  Result<Column> read_column(const Source& source, const ColumnSchema& column, std::size_t count) const;
  [[nodiscard]] bool comes_before(const Source& a, std::size_t row, const Source& b) const;
  [[nodiscard]] std::size_t run_length(const Source& source, const Source* next, std::size_t most) const;
  Result<void> move_run(Source& source, const Source* next, Batch& out);
  [[nodiscard]] Batch empty_batch() const;
  [[nodiscard]] bool is_full(const Batch& out) const;
  Result<void> merge_batch(SegmentWriter& writer, SectionJobs* sections, BlobMover* mover);

  const std::shared_ptr<const TableSchema> schema_;
  Reservation memory_;
  const std::size_t batch_bytes_;
  std::size_t batch_rows_ = 0;
  std::vector<std::size_t> keys_;  // Columns of a head to compare by.
  std::vector<Source> sources_;
  std::vector<Source*> order_;  // Those not at their end, by their next rows.
  OrdinalMap map_;
  bool begun_ = false;
};

}  // namespace mneme
