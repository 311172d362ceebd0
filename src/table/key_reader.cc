// Rows of a key range in the index's order: a merge of the sources' answers and of the transaction's own rows.
#include <algorithm>

#include "index/key_bounds.h"
#include "table/table_reader.h"

namespace mneme {
namespace {

// One ordered run of (key, row): the answer of a source's index, or the transaction's own rows.
struct Run {
  const RowSource* source = nullptr;  // Null: own rows, all of them in `batch`.
  std::unique_ptr<IndexCursor> cursor;
  IndexBatch batch;
  std::size_t at = 0;
  bool ended = false;
  [[nodiscard]] Bytes key() const noexcept { return batch.keys[at]; }
};

class KeyReader final : public TableReader {
 public:
  KeyReader(ReaderBase base, std::unique_ptr<KeySearch> search, KeyRange range)
      : base_(std::move(base)), search_(std::move(search)), range_(std::move(range)) {
    for (const ColumnId id : base_.columns) columns_.push_back(base_.schema->find(id));
  }

  Result<void> open() {
    Between between;
    between.prefix = std::move(range_.equal.columns);
    between.lower = std::move(range_.lower);
    between.upper = std::move(range_.upper);
    between.lower_inclusive = range_.lower_inclusive;
    between.upper_inclusive = range_.upper_inclusive;
    const Probe probe(std::move(between));
    const KeyBounds bounds = TRY(key_bounds(probe, search_->columns()));
    for (const KeySearch::Source& source : search_->sources()) {
      Run run;
      run.source = source.rows.get();
      OpenOptions options;
      options.descending = range_.descending;
      options.with_keys = true;
      run.cursor = TRY(source.index->open(probe, options));
      TRY(settle(run));
      runs_.push_back(std::move(run));
    }
    add_own(bounds);
    return {};
  }

  Result<std::optional<Batch>> next(std::vector<RowId>& rows) override {
    rows.clear();
    std::vector<Place> places;
    while (places.size() < batch_rows_) {
      Run* least = next_run();
      if (least == nullptr) break;
      places.push_back({static_cast<std::size_t>(least - runs_.data()), least->batch.ordinals[least->at]});
      ++least->at;
      TRY(settle(*least));
    }
    batch_rows_ = std::min(batch_rows_ * 4, kBatchRowsMax);  // Few first: LIMIT may want no more.
    if (places.empty()) return std::optional<Batch>();
    return std::optional(TRY(gather(places, rows)));
  }

 private:
  struct Place {
    std::size_t run = 0;
    std::uint32_t ordinal = 0;
  };

  // Goes on to the next row that is there for this transaction.
  Result<void> advance(Run& run) {
    while (!run.ended && run.at >= run.batch.ordinals.size()) {
      run.at = 0;
      run.ended = run.cursor == nullptr || !TRY(run.cursor->next(run.batch));
    }
    return {};
  }
  Result<void> settle(Run& run) {
    TRY(advance(run));
    while (!run.ended && run.source != nullptr && !TRY(is_seen(run))) {
      ++run.at;
      TRY(advance(run));
    }
    return {};
  }
  Result<bool> is_seen(const Run& run) {
    const std::uint32_t ordinal = run.batch.ordinals[run.at];
    if (!run.source->is_live(ordinal)) return false;
    if (base_.pending == nullptr || base_.pending->ended().empty()) return true;
    ids_.clear();
    TRY(run.source->row_ids({&ordinal, 1}, ids_));
    return !base_.pending->has_ended(ids_[0]);
  }

  Run* next_run() {
    Run* best = nullptr;
    for (Run& run : runs_) {
      if (run.ended) continue;
      const int order = best == nullptr ? -1 : compare_keys(run.key(), best->key());
      if (best == nullptr || (range_.descending ? order > 0 : order < 0)) best = &run;
    }
    return best;
  }

  void add_own(const KeyBounds& bounds) {
    if (base_.pending == nullptr) return;
    std::vector<std::pair<ByteBuffer, std::uint32_t>> own;
    for (std::size_t row = 0; row < base_.pending->rows(); ++row) {
      if (base_.pending->is_dead(row)) continue;
      ByteBuffer key;
      for (const ColumnSchema* column : search_->columns()) {
        const Batch& batch = base_.pending->batch(row / kBatchRowsMax);
        encode_key_column(batch.columns[*base_.schema->ordinal_of(column->id)], row % kBatchRowsMax, key);
      }
      if (bounds.contains(key)) own.emplace_back(std::move(key), static_cast<std::uint32_t>(row));
    }
    std::ranges::sort(own);
    if (range_.descending) std::ranges::reverse(own);
    Run run;
    run.ended = own.empty();
    for (const auto& [key, row] : own) {
      run.batch.keys.add(key);
      run.batch.ordinals.push_back(row);
    }
    runs_.push_back(std::move(run));
  }

  // Reads each run's rows together, then lays them out in the order of the merge.
  Result<Batch> gather(const std::vector<Place>& places, std::vector<RowId>& rows) {
    std::vector<std::size_t> from(places.size());  // Of each place: its row in `found`.
    rows.resize(places.size());
    Batch found;
    for (const ColumnSchema* column : columns_) found.columns.emplace_back(column->type);
    std::size_t base = 0;
    for (std::size_t r = 0; r < runs_.size(); ++r) {
      std::vector<std::size_t> mine;
      for (std::size_t i = 0; i < places.size(); ++i) {
        if (places[i].run == r) mine.push_back(i);
      }
      std::ranges::sort(mine, {}, [&](std::size_t i) { return places[i].ordinal; });
      std::vector<std::uint32_t> ordinals;
      for (const std::size_t i : mine) {
        from[i] = base + ordinals.size();
        ordinals.push_back(places[i].ordinal);
      }
      TRY(read(runs_[r], ordinals, found));
      TRY(read_ids(runs_[r], ordinals));
      for (std::size_t k = 0; k < mine.size(); ++k) rows[mine[k]] = ids_[k];
      base += ordinals.size();
    }
    if (std::ranges::is_sorted(from)) return found;
    Batch ordered;
    for (const Column& column : found.columns) {
      Column& out = ordered.columns.emplace_back(column.type());
      for (const std::size_t row : from) out.append_run(column, row, 1);
    }
    return ordered;
  }

  Result<void> read(const Run& run, const std::vector<std::uint32_t>& ordinals, Batch& out) const {
    if (ordinals.empty()) return {};
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      if (run.source != nullptr) {
        TRY(run.source->gather(*columns_[i], ordinals, out.columns[i]));
        continue;
      }
      const std::size_t column = *base_.schema->ordinal_of(columns_[i]->id);
      for (const std::uint32_t row : ordinals) {
        out.columns[i].append_run(base_.pending->batch(row / kBatchRowsMax).columns[column], row % kBatchRowsMax, 1);
      }
    }
    return {};
  }
  Result<void> read_ids(const Run& run, const std::vector<std::uint32_t>& ordinals) {
    ids_.clear();
    if (run.source != nullptr) return run.source->row_ids(ordinals, ids_);
    for (const std::uint32_t row : ordinals) ids_.push_back(PendingRows::id_of(row));
    return {};
  }

  const ReaderBase base_;
  const std::unique_ptr<KeySearch> search_;
  KeyRange range_;
  std::vector<const ColumnSchema*> columns_;
  std::vector<Run> runs_;
  std::vector<RowId> ids_;
  std::size_t batch_rows_ = 16;
};

}  // namespace

Result<std::unique_ptr<TableReader>> read_by_key(ReaderBase base, std::unique_ptr<KeySearch> search, KeyRange range) {
  auto reader = std::make_unique<KeyReader>(std::move(base), std::move(search), std::move(range));
  TRY(reader->open());
  return std::unique_ptr<TableReader>(std::move(reader));
}

}  // namespace mneme
