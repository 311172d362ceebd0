// A scan of everything: what the snapshot sees, but for the rows this transaction ended, then its own.
#include <algorithm>
#include <array>
#include <numeric>

#include "storage/table_scan.h"
#include "table/table_reader.h"

namespace mneme {
namespace {

constexpr std::uint32_t kOwnRows = ~std::uint32_t{0};  // The source that is the transaction's own rows.

class StorageReader final : public PlacedReader {
 public:
  StorageReader(ReaderBase base, std::optional<TableScan> scan) : base_(std::move(base)), scan_(std::move(scan)) {
    own_rows_ = base_.pending == nullptr ? 0 : base_.pending->rows();
    some_ended_ = base_.pending != nullptr && !base_.pending->ended().empty();
    scan_ended_ = !scan_;
  }

  Result<std::optional<Batch>> next(std::vector<RowId>& rows) override {
    while (!scan_ended_) {
      auto batch = TRY(next_stored(rows));
      if (!batch) {
        scan_ended_ = true;
      } else if (!some_ended_ || leave_out_ended(*batch, rows)) {
        return batch;
      }
    }
    return next_own(rows);
  }

  void places(std::vector<Place>& out) const override {
    const std::span<const std::uint32_t> ordinals = scan_ended_ || some_ended_ ? ordinals_ : scan_->ordinals();
    const auto source = scan_ended_ ? kOwnRows : static_cast<std::uint32_t>(scan_->source_number());
    out.resize(ordinals.size());
    for (std::size_t i = 0; i < out.size(); ++i) out[i] = {source, ordinals[i]};
  }

  Result<std::optional<ValueRun>> next_run() override {
    const ColumnSchema& column = *base_.schema->find(base_.columns.front());
    for (; scan_ && run_source_ < scan_->sources().size(); ++run_source_, run_row_ = 0) {
      if (run_row_ >= scan_->sources()[run_source_]->rows()) continue;
      ValueRun run = TRY(stored_run({static_cast<std::uint32_t>(run_source_), run_row_}, column));
      run_row_ += run.values.rows;
      return std::optional<ValueRun>(std::move(run));
    }
    if (next_own_ >= own_rows_) return std::optional<ValueRun>();
    ValueRun run = own_run(next_own_, column);
    next_own_ += run.values.rows;
    return std::optional<ValueRun>(std::move(run));
  }

  Result<ValueRun> run_at(Place place, ColumnId column) const override {
    const ColumnSchema& found = *base_.schema->find(column);
    if (place.source != kOwnRows) return stored_run(place, found);
    return own_run(place.ordinal - place.ordinal % kBatchRowsMax, found);
  }

  Result<bool> is_there(Place place) const override {
    if (place.source == kOwnRows) return !base_.pending->is_dead(place.ordinal);
    const RowSource& source = *scan_->sources()[place.source];
    if (!source.is_live(place.ordinal)) return false;
    if (!some_ended_) return true;
    std::vector<RowId> id;
    TRY(source.row_ids({&place.ordinal, 1}, id));
    return !base_.pending->has_ended(id.front());
  }

  // Each source is read once, its rows ascending; then they are laid out as asked.
  Result<Batch> fetch(std::span<const Place> places, std::span<const ColumnId> columns) const override {
    std::vector<std::size_t> order(places.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::ranges::sort(order, {}, [&](std::size_t i) { return std::pair(places[i].source, places[i].ordinal); });
    Batch found;
    for (const ColumnId id : columns) found.columns.emplace_back(base_.schema->find(id)->type);
    std::vector<std::uint32_t> ordinals;
    for (std::size_t i = 0; i < order.size(); ++i) {
      ordinals.push_back(places[order[i]].ordinal);
      const std::uint32_t source = places[order[i]].source;
      if (i + 1 < order.size() && places[order[i + 1]].source == source) continue;
      TRY(gather(source, ordinals, columns, found));
      ordinals.clear();
    }
    if (std::ranges::is_sorted(order)) return found;
    std::vector<std::size_t> row_of(places.size());
    for (std::size_t i = 0; i < order.size(); ++i) row_of[order[i]] = i;
    Batch out;
    for (const Column& column : found.columns) {
      Column& ordered = out.columns.emplace_back(column.type());
      for (const std::size_t row : row_of) ordered.append_run(column, row, 1);
    }
    return out;
  }

 private:
  Result<std::optional<Batch>> next_stored(std::vector<RowId>& rows) {
    if (base_.row_ids || some_ended_) return scan_->next(rows);
    auto batch = TRY(scan_->next());
    rows.resize(scan_->ordinals().size());
    return batch;
  }

  // False: nothing is left.
  bool leave_out_ended(Batch& batch, std::vector<RowId>& rows) {
    const std::span<const std::uint32_t> all = scan_->ordinals();
    std::vector<std::size_t> stay;
    ordinals_.clear();
    for (std::size_t i = 0; i < rows.size(); ++i) {
      if (base_.pending->has_ended(rows[i])) continue;
      stay.push_back(i);
      ordinals_.push_back(all[i]);
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
      ordinals_.clear();
      for (std::size_t row = first; row < first + count; ++row) {
        if (base_.pending->is_dead(row)) continue;
        rows.push_back(PendingRows::id_of(row));
        ordinals_.push_back(static_cast<std::uint32_t>(row));
      }
      if (!rows.empty()) return std::optional(own_batch(first, count));
    }
    return std::optional<Batch>();
  }

  [[nodiscard]] Batch own_batch(std::size_t first, std::size_t count) const {
    const Batch& from = base_.pending->batch(first / kBatchRowsMax);
    Batch batch;
    for (const ColumnId id : base_.columns) {
      const Column& column = from.columns[*base_.schema->ordinal_of(id)];
      Column& out = batch.columns.emplace_back(column.type());
      if (ordinals_.size() == count) {
        out.append_run(column, first % kBatchRowsMax, count);
        continue;
      }
      for (const std::uint32_t row : ordinals_) out.append_run(column, row % kBatchRowsMax, 1);
    }
    return batch;
  }

  // Copies, where values do not lie raw.
  static Result<RawValues> read_values(const RowSource& source, const ColumnSchema& column, std::uint32_t first) {
    const std::array<const ColumnSchema*, 1> columns{&column};
    const auto most = std::min<std::size_t>(kBatchRowsMax, source.rows() - first);
    const std::size_t count = TRY(source.fitting(columns, first, most, kBatchBytesMax));
    auto copy = std::make_shared<Column>(column.type);
    TRY(source.read(column, first, count, *copy));
    RawValues out;
    out.values = copy->data();
    out.pin = PinnedBytes(copy, {copy->data(), count * column.type.width()});
    out.first_row = first;
    out.rows = static_cast<std::uint32_t>(count);
    out.validity = copy->validity();
    return out;
  }

  Result<ValueRun> stored_run(Place first, const ColumnSchema& column) const {
    const RowSource& source = *scan_->sources()[first.source];
    auto values = TRY(source.values_from(column, first.ordinal));
    if (!values) values = TRY(read_values(source, column, first.ordinal));
    return ValueRun{first, *std::move(values)};
  }

  // The pending batches do not change while they are read. REQUIRES: `first` begins one.
  [[nodiscard]] ValueRun own_run(std::size_t first, const ColumnSchema& column) const {
    const Column& values = base_.pending->batch(first / kBatchRowsMax).columns[*base_.schema->ordinal_of(column.id)];
    ValueRun run;
    run.first = {kOwnRows, static_cast<std::uint32_t>(first)};
    run.values.values = values.data();
    run.values.first_row = run.first.ordinal;
    run.values.rows = static_cast<std::uint32_t>(std::min(own_rows_ - first, kBatchRowsMax));
    run.values.validity = values.validity();
    return run;
  }

  Result<void> gather(std::uint32_t source, std::span<const std::uint32_t> ordinals, std::span<const ColumnId> columns,
                      Batch& out) const {
    for (std::size_t i = 0; i < columns.size(); ++i) {
      if (source != kOwnRows) {
        TRY(scan_->sources()[source]->gather(*base_.schema->find(columns[i]), ordinals, out.columns[i]));
        continue;
      }
      const std::size_t column = *base_.schema->ordinal_of(columns[i]);
      for (const std::uint32_t row : ordinals) {
        out.columns[i].append_run(base_.pending->batch(row / kBatchRowsMax).columns[column], row % kBatchRowsMax, 1);
      }
    }
    return {};
  }

  const ReaderBase base_;
  std::optional<TableScan> scan_;  // None: the table is not in the snapshot.
  bool scan_ended_ = false;
  bool some_ended_ = false;  // The transaction ended rows of the snapshot.
  std::size_t own_rows_ = 0;
  std::size_t next_own_ = 0;
  std::size_t run_source_ = 0;
  std::uint32_t run_row_ = 0;
  std::vector<std::uint32_t> ordinals_;  // Of the last batch, where they are not all that the scan found.
};

}  // namespace

Result<std::unique_ptr<PlacedReader>> read_in_order_of_storage(ReaderBase base, const Snapshot& snapshot,
                                                               std::vector<ScanBound> bounds) {
  std::optional<TableScan> scan;
  if (snapshot.version->find(base.schema->id) != nullptr) {
    scan = TRY(TableScan::open(snapshot, *base.schema, base.columns, std::move(bounds)));
  }
  return std::unique_ptr<PlacedReader>(std::make_unique<StorageReader>(std::move(base), std::move(scan)));
}

}  // namespace mneme
