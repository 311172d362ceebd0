// PendingRows: what a transaction did to one table and has not committed: rows added, versions ended.
//
// Copying is cheap: batches are shared, and a copy goes back to its own length before it grows again.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "table/row_trail.h"
#include "types/row_set.h"

namespace mneme {

constexpr std::uint64_t kProvisionalRow = std::uint64_t{1} << 63;
constexpr bool is_provisional(RowId row) noexcept { return (static_cast<std::uint64_t>(row) & kProvisionalRow) != 0; }

class PendingRows {  // One thread at a time.
 public:
  struct Mark {
    std::size_t rows = 0;
    std::size_t dead = 0;
    std::size_t ended = 0;
  };
  explicit PendingRows(std::shared_ptr<const TableSchema> schema) : schema_(std::move(schema)) {}

  [[nodiscard]] const TableSchema& schema() const noexcept { return *schema_; }
  // Both tell by how many bytes this has grown, at most append_bytes_max().
  std::size_t append(const Batch& batch);
  std::size_t append_lent(const Batch& batch);  // Text stays the lender's until the rows are taken, or this is gone.
  [[nodiscard]] static std::size_t append_bytes_max(const Batch& batch, bool lent);
  // Ends a committed version, or takes back a row of this transaction. False: it was gone already.
  bool remove(RowId row);

  [[nodiscard]] std::size_t rows() const noexcept { return rows_; }  // Ever appended; some may be dead.
  [[nodiscard]] bool is_dead(std::size_t row) const noexcept { return row < dead_.size() && dead_[row]; }
  [[nodiscard]] bool has_ended(RowId row) const noexcept { return ended_.contains(row); }
  [[nodiscard]] bool empty() const noexcept { return rows_ == dead_order_.size() && ended_.empty(); }
  [[nodiscard]] const RowSet& ended() const noexcept { return ended_; }
  [[nodiscard]] std::size_t ended_bytes() const noexcept { return ended_.memory_bytes() + ended_order_.memory_bytes(); }
  [[nodiscard]] static RowId id_of(std::size_t row) noexcept { return RowId{kProvisionalRow | row}; }
  [[nodiscard]] static std::size_t row_of(RowId id) noexcept {
    return static_cast<std::size_t>(static_cast<std::uint64_t>(id) & ~kProvisionalRow);
  }
  // Row r lies in batch r / kBatchRowsMax, at r % kBatchRowsMax. A batch may be longer than rows() says.
  [[nodiscard]] const Batch& batch(std::size_t index) const noexcept { return *batches_[index]; }
  // The live rows; a batch without dead ones is handed over as it is. Afterwards there
  // are none; what has ended stays known.
  [[nodiscard]] std::vector<Batch> take_live_batches();
  // The same rows as a later schema has them: columns by id, new ones as their missing value.
  [[nodiscard]] Result<PendingRows> as(std::shared_ptr<const TableSchema> schema) const;

  [[nodiscard]] Mark mark() const noexcept { return {rows_, dead_order_.size(), ended_.size()}; }
  void rollback(const Mark& mark);

 private:
  void cut_to(std::size_t rows);
  using Append = void (Column::*)(const Column&, std::size_t, std::size_t);
  std::size_t append_by(Append copy, const Batch& batch);
  [[nodiscard]] std::size_t bytes_from(std::size_t batch) const noexcept;

  std::shared_ptr<const TableSchema> schema_;
  std::vector<std::shared_ptr<Batch>> batches_;
  std::size_t rows_ = 0;
  std::vector<bool> dead_;  // Up to the last one that was.
  std::vector<std::size_t> dead_order_;
  RowSet ended_;
  RowTrail ended_order_;
};

}  // namespace mneme
