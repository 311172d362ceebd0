// SegmentMerge: the rows of several segments of one table as one sorted part, without the versions nobody can see.
//
// A merge by the clustering columns, then by RowId; each input is read one batch at a time. Rows take the form of the
// given schema: columns an input is older than read their missing value. It remembers where every old ordinal went, so
// that deletes which arrive while it runs are translated under the lock that publishes the result.
#pragma once

#include <memory>
#include <vector>

#include "os/clock.h"
#include "storage/delete_set.h"
#include "storage/segment_writer.h"

namespace mneme {

class SegmentMerge {  // One thread at a time.
 public:
  static constexpr std::size_t kInputsMax = 8;
  struct Input {
    Segment segment;
    DeleteSet deletes;  // At the beginning; deletes() is given the later ones.
  };
  // Versions that ended at or below `dead_at` are left out: the lesser of the oldest live snapshot and the LSN the
  // table is flushed up to, as replay must not meet the end of a version that is nowhere.
  // REQUIRES: 1 to kInputsMax inputs, sorted as the schema says.
  static Result<std::unique_ptr<SegmentMerge>> begin(std::vector<Input> inputs,
                                                     std::shared_ptr<const TableSchema> schema, std::uint64_t dead_at,
                                                     MemoryBudget& budget);
  // Writes until done (true) or until the deadline passes; at least one batch a call. After an error: begin anew.
  Result<bool> step(SegmentWriter& writer, Clock& clock, std::int64_t deadline_ns);
  // The deletes of the inputs as they are now, by ordinal of the new part.
  [[nodiscard]] DeleteSet deletes(std::span<const DeleteSet* const> now) const;

 private:
  static constexpr std::uint32_t kLeftOut = ~std::uint32_t{0};
  struct Source {
    Segment segment;
    DeleteSet deletes;
    Batch head;                              // Decoded rows; column 0 is the RowId.
    std::uint64_t head_first = 0;            // Ordinal of the head's first row.
    std::size_t row = 0;                     // The next within the head.
    std::vector<std::uint32_t> new_ordinal;  // By old ordinal.
    [[nodiscard]] std::uint64_t ordinal() const noexcept { return head_first + row; }
    [[nodiscard]] bool at_end() const noexcept { return ordinal() >= segment.rows(); }
  };
  SegmentMerge(std::shared_ptr<const TableSchema> schema, std::uint64_t dead_at, Reservation memory);
  [[nodiscard]] SegmentPart part() const;
  Result<void> load(Source& source) const;
  Result<void> skip_dead(Source& source) const;
  Result<Column> read_column(const Source& source, const ColumnSchema& column, std::size_t count) const;
  [[nodiscard]] Source* least();
  Result<void> merge_batch(SegmentWriter& writer);

  const std::shared_ptr<const TableSchema> schema_;
  const std::uint64_t dead_at_;
  Reservation memory_;
  std::vector<std::size_t> keys_;  // Columns of a head to compare by.
  std::vector<Source> sources_;
  std::uint32_t rows_ = 0;  // Of the new part so far.
  std::size_t batch_rows_ = 0;
  bool begun_ = false;
};

}  // namespace mneme
