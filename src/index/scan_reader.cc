#include "index/scan_reader.h"

#include <algorithm>

#include "index/key_bounds.h"

namespace mneme {
namespace {

// Everything that was found, sorted by (key, ordinal).
class SortedCursor final : public IndexCursor {
 public:
  SortedCursor(const OpenOptions& options, Reservation memory) : options_(options), memory_(std::move(memory)) {}

  Result<void> add(Bytes key, std::uint32_t ordinal) {
    TRY(memory_.grow(key.size() + sizeof(std::size_t) + 2 * sizeof ordinal));
    keys_.add(key);
    ordinals_.push_back(ordinal);
    return {};
  }
  void sort() {
    order_.resize(ordinals_.size());
    for (std::uint32_t i = 0; i < order_.size(); ++i) order_[i] = i;
    std::ranges::stable_sort(order_, [&](auto a, auto b) { return compare_keys(keys_[a], keys_[b]) < 0; });
    if (options_.descending) std::ranges::reverse(order_);
  }
  Result<bool> next(IndexBatch& out) override {
    out.clear();
    const std::size_t end = std::min(order_.size(), at_ + kBatchRowsMax);
    for (; at_ < end; ++at_) {
      out.ordinals.push_back(ordinals_[order_[at_]]);
      if (options_.with_keys) out.keys.add(keys_[order_[at_]]);
    }
    return !out.ordinals.empty();
  }

 private:
  const OpenOptions options_;
  Reservation memory_;
  KeyRun keys_;
  std::vector<std::uint32_t> ordinals_;
  std::vector<std::uint32_t> order_;
  std::size_t at_ = 0;
};

class ScanReader final : public IndexReader {
 public:
  ScanReader(std::shared_ptr<const RowSource> source, std::vector<const ColumnSchema*> columns, MemoryBudget& budget)
      : source_(std::move(source)), columns_(std::move(columns)), budget_(budget) {}

  Result<IndexCost> cost(const Probe&, std::uint64_t among_rows) const override {
    const double blocks = static_cast<double>(columns_.size() * source_->rows()) / kBatchRowsMax;
    return IndexCost{static_cast<double>(among_rows), blocks + 1};
  }

  Result<std::unique_ptr<IndexCursor>> open(const Probe& probe, const OpenOptions& options) const override {
    const KeyBounds bounds = TRY(key_bounds(probe, columns_));
    auto memory = TRY(budget_.reserve(0, MemoryShare::queries, "scan in place of an index"));
    auto cursor = std::make_unique<SortedCursor>(options, std::move(memory));
    TRY(each_key([&](Bytes key, std::uint32_t ordinal) -> Result<void> {
      return options.wants(ordinal) && bounds.contains(key) ? cursor->add(key, ordinal) : Result<void>{};
    }));
    cursor->sort();
    return std::unique_ptr<IndexCursor>(std::move(cursor));
  }

  Result<void> find(Bytes key, const RowVisitor& visit) const override {
    std::vector<std::uint32_t> found;
    TRY(each_key([&](Bytes other, std::uint32_t ordinal) -> Result<void> {
      if (compare_keys(other, key) == 0) found.push_back(ordinal);
      return {};
    }));
    while (!found.empty() && visit(found.back())) found.pop_back();
    return {};
  }

  Result<IndexStats> stats() const override { return IndexStats{source_->rows(), 0}; }
  Result<void> verify() const override { return {}; }

 private:
  template <class Visit>
  Result<void> each_key(const Visit& visit) const {
    ByteBuffer key;
    for (std::uint32_t first = 0; first < source_->rows(); first += kBatchRowsMax) {
      const std::size_t count = std::min<std::size_t>(kBatchRowsMax, source_->rows() - first);
      std::vector<Column> values;
      for (const ColumnSchema* column : columns_) {
        TRY(source_->read(*column, first, count, values.emplace_back(column->type)));
      }
      for (std::size_t row = 0; row < count; ++row) {
        key.clear();
        encode_key(values, row, key);
        TRY(visit(key, first + static_cast<std::uint32_t>(row)));
      }
    }
    return {};
  }

  const std::shared_ptr<const RowSource> source_;
  const std::vector<const ColumnSchema*> columns_;
  MemoryBudget& budget_;
};

}  // namespace

std::unique_ptr<IndexReader> make_scan_reader(std::shared_ptr<const RowSource> source,
                                              std::vector<const ColumnSchema*> columns, MemoryBudget& budget) {
  return std::make_unique<ScanReader>(std::move(source), std::move(columns), budget);
}

}  // namespace mneme
