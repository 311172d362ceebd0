// Answers over a memtable: the hash table for whole keys, a merge of the sorted runs for ranges.
#include <algorithm>

#include "index/ordered/memory.h"

namespace mneme {
namespace {

// What one run has of a range: positions [begin, end).
struct Span {
  std::shared_ptr<const OrderedMemory::Run> run;
  std::size_t begin = 0;
  std::size_t end = 0;
  [[nodiscard]] bool empty() const noexcept { return begin == end; }
};

class RunsCursor final : public IndexCursor {
 public:
  RunsCursor(KeyLog::View keys, std::vector<Span> spans, const OpenOptions& options, std::uint32_t rows)
      : keys_(std::move(keys)), spans_(std::move(spans)), options_(options), rows_(rows) {}

  Result<bool> next(IndexBatch& out) override {
    out.clear();
    while (out.ordinals.size() < kBatchRowsMax) {
      Span* span = options_.descending ? last() : first();
      if (span == nullptr) break;
      const std::uint32_t row = span->run->rows[options_.descending ? --span->end : span->begin++];
      if (row < rows_ && options_.wants(row)) put(row, out);
    }
    return !out.ordinals.empty();
  }

 private:
  // Of runs, later ones have later rows: they lose ties going up and win them going down.
  Span* first() {
    Span* least = nullptr;
    for (Span& span : spans_) {
      if (span.empty()) continue;
      if (least == nullptr || keys_.compare(span.run->rows[span.begin], least->run->rows[least->begin]) < 0)
        least = &span;
    }
    return least;
  }
  Span* last() {
    Span* most = nullptr;
    for (Span& span : spans_) {
      if (span.empty()) continue;
      if (most == nullptr || keys_.compare(span.run->rows[span.end - 1], most->run->rows[most->end - 1]) >= 0)
        most = &span;
    }
    return most;
  }
  void put(std::uint32_t row, IndexBatch& out) {
    out.ordinals.push_back(row);
    if (!options_.with_keys) return;
    key_.clear();
    keys_.append_key(row, key_);
    out.keys.add(key_);
  }

  const KeyLog::View keys_;
  std::vector<Span> spans_;
  const OpenOptions options_;
  const std::uint32_t rows_;
  ByteBuffer key_;
};

class MemoryReader final : public IndexReader {
 public:
  MemoryReader(std::shared_ptr<const RowSource> source, std::vector<const ColumnSchema*> columns,
               const OrderedMemory& memory)
      : source_(std::move(source)), columns_(std::move(columns)), memory_(memory) {}

  Result<IndexCost> cost(const Probe& probe, std::uint64_t among_rows) const override {
    if (std::holds_alternative<Equal>(probe)) return IndexCost{1, 0};
    const KeyBounds bounds = TRY(key_bounds(probe, columns_));
    double found = 0;
    const std::vector<Span> parts = TRY(spans(bounds));
    for (const Span& span : parts) found += static_cast<double>(span.end - span.begin);
    return IndexCost{std::min(found, static_cast<double>(among_rows)), 0};
  }

  Result<std::unique_ptr<IndexCursor>> open(const Probe& probe, const OpenOptions& options) const override {
    const KeyBounds bounds = TRY(key_bounds(probe, columns_));
    std::vector<Span> parts = TRY(spans(bounds));
    return std::unique_ptr<IndexCursor>(
        std::make_unique<RunsCursor>(memory_.keys(), std::move(parts), options, source_->rows()));
  }

  Result<void> find(Bytes key, const RowVisitor& visit) const override {
    memory_.find(key, source_->rows(), visit);
    return {};
  }

  Result<IndexStats> stats() const override { return memory_.stats(); }
  Result<void> verify() const override;

 private:
  [[nodiscard]] Result<std::vector<Span>> spans(const KeyBounds& bounds) const {
    OrderedMemory::Runs runs = TRY(memory_.sorted(source_->rows()));
    const KeyLog::View keys = memory_.keys();
    std::vector<Span> found;
    for (auto& run : runs) {
      const auto& rows = run->rows;
      const auto at = [&](const ByteBuffer& bound) {
        const auto place = std::ranges::partition_point(rows, [&](auto row) { return keys.compare(row, bound) < 0; });
        return static_cast<std::size_t>(place - rows.begin());
      };
      const std::size_t begin = bounds.low.empty() ? 0 : at(bounds.low);
      const std::size_t end = bounds.high.empty() ? rows.size() : at(bounds.high);
      if (begin < end) found.push_back({std::move(run), begin, end});
    }
    return found;
  }

  const std::shared_ptr<const RowSource> source_;
  const std::vector<const ColumnSchema*> columns_;
  const OrderedMemory& memory_;
};

// Every row's key is what its columns say, and the table finds it.
Result<void> MemoryReader::verify() const {
  const KeyLog::View keys = memory_.keys();
  ByteBuffer wanted, kept;
  for (std::uint32_t first = 0; first < source_->rows(); first += kBatchRowsMax) {
    const std::size_t count = std::min<std::size_t>(kBatchRowsMax, source_->rows() - first);
    std::vector<Column> values;
    for (const ColumnSchema* column : columns_) {
      TRY(source_->read(*column, first, count, values.emplace_back(column->type)));
    }
    for (std::size_t i = 0; i < count; ++i) {
      const std::uint32_t row = first + static_cast<std::uint32_t>(i);
      wanted.clear();
      kept.clear();
      encode_key(values, i, wanted);
      keys.append_key(row, kept);
      bool found = false;
      memory_.find(wanted, source_->rows(), [&](std::uint32_t other) { return found = other == row, !found; });
      if (wanted != kept || !found) {
        return Error(Code::corrupt, "ordered index in memory: row " + std::to_string(row) + " is not under its key");
      }
    }
  }
  return {};
}

}  // namespace

std::unique_ptr<IndexReader> make_memory_reader(std::shared_ptr<const RowSource> source,
                                                std::vector<const ColumnSchema*> columns, const OrderedMemory& memory) {
  return std::make_unique<MemoryReader>(std::move(source), std::move(columns), memory);
}

}  // namespace mneme
