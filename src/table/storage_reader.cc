// A scan of everything: what the snapshot sees, but for the rows this transaction ended, then its own.
#include "storage/table_scan.h"
#include "table/table_reader.h"

namespace mneme {
namespace {

class StorageReader final : public TableReader {
 public:
  StorageReader(ReaderBase base, std::optional<TableScan> scan) : base_(std::move(base)), scan_(std::move(scan)) {
    own_rows_ = base_.pending == nullptr ? 0 : base_.pending->rows();
  }

  Result<std::optional<Batch>> next(std::vector<RowId>& rows) override {
    while (scan_) {
      auto batch = TRY(scan_->next(rows));
      if (!batch) {
        scan_.reset();
      } else if (leave_out_ended(*batch, rows)) {
        return batch;
      }
    }
    return next_own(rows);
  }

 private:
  // False: nothing is left.
  bool leave_out_ended(Batch& batch, std::vector<RowId>& rows) const {
    if (base_.pending == nullptr || base_.pending->ended().empty()) return true;
    std::vector<std::size_t> stay;
    for (std::size_t i = 0; i < rows.size(); ++i) {
      if (!base_.pending->has_ended(rows[i])) stay.push_back(i);
    }
    if (stay.size() == rows.size()) return true;
    Batch left;
    for (const Column& column : batch.columns) {
      Column& out = left.columns.emplace_back(column.type());
      for (const std::size_t i : stay) out.append_run(column, i, 1);
    }
    for (std::size_t i = 0; i < stay.size(); ++i) rows[i] = rows[stay[i]];
    rows.resize(stay.size());
    batch = std::move(left);
    return !stay.empty();
  }

  Result<std::optional<Batch>> next_own(std::vector<RowId>& rows) {
    while (next_own_ < own_rows_) {
      const std::size_t first = next_own_;
      const std::size_t count = std::min(own_rows_ - first, kBatchRowsMax - first % kBatchRowsMax);
      next_own_ += count;
      rows.clear();
      for (std::size_t row = first; row < first + count; ++row) {
        if (!base_.pending->is_dead(row)) rows.push_back(PendingRows::id_of(row));
      }
      if (!rows.empty()) return std::optional(own_batch(first, count, rows));
    }
    return std::optional<Batch>();
  }

  [[nodiscard]] Batch own_batch(std::size_t first, std::size_t count, const std::vector<RowId>& rows) const {
    const Batch& from = base_.pending->batch(first / kBatchRowsMax);
    Batch batch;
    for (const ColumnId id : base_.columns) {
      const Column& column = from.columns[*base_.schema->ordinal_of(id)];
      Column& out = batch.columns.emplace_back(column.type());
      if (rows.size() == count) {
        out.append_run(column, first % kBatchRowsMax, count);
        continue;
      }
      for (const RowId row : rows) out.append_run(column, PendingRows::row_of(row) % kBatchRowsMax, 1);
    }
    return batch;
  }

  const ReaderBase base_;
  std::optional<TableScan> scan_;  // None at its end.
  std::size_t own_rows_ = 0;
  std::size_t next_own_ = 0;
};

}  // namespace

Result<std::unique_ptr<TableReader>> read_in_order_of_storage(ReaderBase base, const Snapshot& snapshot,
                                                              std::vector<ScanBound> bounds) {
  std::optional<TableScan> scan;
  if (snapshot.version->find(base.schema->id) != nullptr) {
    scan = TRY(TableScan::open(snapshot, *base.schema, base.columns, std::move(bounds)));
  }
  return std::unique_ptr<TableReader>(std::make_unique<StorageReader>(std::move(base), std::move(scan)));
}

}  // namespace mneme
