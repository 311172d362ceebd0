// The rows of one table's part of a segment that can still be read, and those that cannot.
//
// A block stands or falls as one; a row is whole only if all its columns are. So the part is walked in runs of rows
// that lie within one block of every column: each run comes as a batch, or as a loss that names the block. Rows of
// vectors lie in pages of their own: there each row is tried for itself.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "storage/delete_set.h"
#include "storage/memory_budget.h"
#include "storage/segment.h"
#include "types/row_set.h"

namespace mneme {

// Rows [first, first + count) of a part that could not be read.
struct LostRun {
  std::uint64_t first = 0;
  std::uint64_t count = 0;
  std::uint64_t offset = 0;  // Of what is damaged.
  std::string reason;
  std::size_t rows = 0;  // That were not deleted, as far as the part's delete file says.
  bool ids_known = false;
  std::vector<RowId> ids;                           // Of those, if known.
  Column times{Type{.kind = TypeKind::timestamp}};  // Of those, in the time column; empty: not known, or there is none.
};

class SegmentRemains {  // One thread at a time.
 public:
  // `schema`: what the rows are read as. `dead`: a row that one of them has is not looked at. `budget` pays for a
  // batch.
  SegmentRemains(const Segment& segment, const TableSchema& schema, std::span<const DeleteSet* const> dead,
                 MemoryBudget& budget)
      : segment_(segment), schema_(schema), dead_(dead), budget_(budget) {}

  struct Visitor {
    std::function<Result<void>(std::vector<RowId>& ids, Batch& rows)> rows;
    std::function<Result<void>(LostRun& run)> lost;
  };
  // full: the budget has not the memory for one row, which is no loss. Other errors are the visitor's own.
  Result<void> walk(const Visitor& visitor);

 private:
  struct Failure {
    std::uint64_t offset = 0;
    std::string reason;
  };
  [[nodiscard]] std::size_t run_from(std::uint64_t first) const;
  [[nodiscard]] std::vector<std::uint32_t> live_in(std::uint64_t first, std::size_t count) const;
  Result<void> read(std::span<const std::uint32_t> live, std::vector<RowId>& ids, Batch& rows, Reservation& memory,
                    std::size_t& column) const;
  Result<void> read_column(const ColumnSchema& column, std::span<const std::uint32_t> live, Column& out) const;
  Result<void> lose(std::uint64_t first, std::size_t count, std::span<const std::uint32_t> live, Failure failure,
                    const Visitor& visitor) const;
  Result<void> walk_run(std::uint64_t first, std::size_t count, const Visitor& visitor) const;
  [[nodiscard]] bool has_pages() const;

  const Segment& segment_;
  const TableSchema& schema_;
  const std::span<const DeleteSet* const> dead_;
  MemoryBudget& budget_;
};

}  // namespace mneme
