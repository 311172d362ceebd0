// The new database that a salvage writes: tables as they were, rows through ordinary transactions, so that every
// constraint is judged and every index built anew.
//
// Damage to what says which rows were deleted may bring back a row beside the younger one that replaced it. Where a
// unique key tells, the younger one stays, and the other is told of; so is a row that breaks another constraint.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "table/transaction.h"

namespace mneme {

// The rows' ids as they were in the source, by those they have now: runs, as rows mostly come in their order.
class RowOrigins {  // One thread at a time.
 public:
  Result<void> add(RowId first, std::span<const RowId> origins, MemoryBudget& budget);
  [[nodiscard]] RowId origin_of(RowId row) const;  // 0: not known.

 private:
  struct Run {
    std::uint64_t first = 0;
    std::uint64_t origin = 0;
    std::uint64_t rows = 0;
  };
  std::vector<Run> runs_;  // Ascending.
  Reservation memory_;
};

struct LeftOut {  // A row that cannot stand in its table.
  std::string reason;
  RowId row{};            // In the source.
  bool duplicate = true;  // Of a unique key. False: another constraint says no.
};

class Destination {  // One thread at a time.
 public:
  // `now_ns`: of its transactions. Store and kinds outlive it.
  Destination(Store& store, const IndexKinds& kinds, std::int64_t now_ns)
      : store_(store), kinds_(kinds), now_ns_(now_ns) {}
  ~Destination();

  // From now on rows may come that have a younger version.
  void expect_duplicates() noexcept { keeps_origins_ = true; }
  // Gives the schema another id, and its columns and indexes the same.
  Result<TableId> create_table(TableSchema schema);
  using LeaveOut = std::function<void(const LeftOut&)>;
  // Rows in the schema's columns; blobs refer to files of this database.
  Result<void> insert(TableId table, std::span<const RowId> ids, Batch& rows, const LeaveOut& left_out);
  // The table's next identity number is at least that.
  Result<void> raise_keys(TableId table, std::uint64_t next_key);
  // A blob that `piece` gives, part by part, until it gives nothing; none: `piece` failed, and nothing is stored. What
  // is stored stays while this does.
  using Piece = std::function<std::optional<Bytes>(bool& failed)>;
  Result<std::optional<BlobRef>> store_blob(std::uint64_t bytes, const Piece& piece);
  Result<void> finish();  // All of it is durable, in segments.

 private:
  Result<void> insert_one(TableId table, RowId id, const Batch& row, const LeaveOut& left_out);
  Result<void> insert_some(TableId table, std::span<const RowId> ids, const Batch& rows, std::size_t first,
                           std::size_t count, const LeaveOut& left_out);
  Result<void> remember(std::span<const RowId> ids);
  Result<void> end_blobs();

  Store& store_;
  const IndexKinds& kinds_;
  const std::int64_t now_ns_;
  bool keeps_origins_ = false;
  std::uint64_t next_row_ = 1;  // The store's, as we are its only writer.
  RowOrigins origins_;
  OpenBlobFile blobs_;                           // At hand.
  std::vector<std::shared_ptr<BlobFile>> held_;  // Until the rows that refer to them are in.
};

}  // namespace mneme
