// Sort: holds its input and yields it in order; with a LIMIT above, only the rows that can still be among the first.
//
// The bounded form keeps between k and 2k rows and the k-th best entry as a threshold. A batch first loses the rows
// behind the threshold by their entries alone, so that of a scan of vectors ordered by distance almost none is copied.
#include <algorithm>

#include "query/operators.h"
#include "query/sort_keys.h"

namespace mneme::query {
namespace {

class SortOperator final : public Operator {  // One thread at a time.
 public:
  SortOperator(const Plan& plan, const RowWindow& window, Input input, ExecutionContext& context)
      : keys_(std::get<Sort>(plan.node).keys),
        wanted_(window.end()),
        types_(types_of(plan.columns)),
        input_(std::move(input)),
        context_(context) {}

  Result<std::optional<Batch>> next() override {
    if (!sorted_) {
      TRY(drain());
      sorted_ = true;
    }
    if (at_ == entries_.size()) return std::optional<Batch>();
    const std::size_t count = std::min(rows_->rows_per_batch(), entries_.size() - at_);
    std::vector<RowNumber> rows(count);
    for (std::size_t i = 0; i < count; ++i) rows[i] = entries_[at_ + i].row;
    at_ += count;
    return std::optional<Batch>(BufferReader(rows_, types_.size()).read(rows));
  }

 private:
  Result<void> drain() {
    rows_ = TRY(make_buffer());
    while (wanted_ > 0) {
      const std::optional<Batch> batch = TRY(input_.next());
      if (!batch) break;
      TRY(add(*batch));
      if (entries_.size() >= wanted_ && (!threshold_ || entries_.size() / 2 >= wanted_)) TRY(keep_best());
    }
    sort_entries(entries_, keys_, *rows_, types_.size(), wanted_);
    return {};
  }

  Result<std::shared_ptr<RowBuffer>> make_buffer() const {
    std::vector<Type> types = types_;
    if (keys_.has_rest()) types.push_back(Type{.kind = TypeKind::blob});
    return RowBuffer::make(std::move(types), context_.budget, "sort");
  }

  Result<void> add(const Batch& batch) {
    Column rest(Type{.kind = TypeKind::blob});
    TRY(keys_.encode(over(batch, context_), fresh_, rest));
    const bool bounded = wanted_ < ~std::size_t{0};
    const std::size_t before = fresh_.size();
    if (threshold_) std::erase_if(fresh_, [&](const SortEntry& e) { return keys_.is_behind(e, *threshold_); });
    if (bounded && !keys_.has_rest() && fresh_.size() > wanted_) keep_best_fresh();
    auto columns = pointers_to(batch);
    columns.resize(types_.size());
    if (keys_.has_rest()) columns.push_back(&rest);
    const auto base = static_cast<RowNumber>(rows_->rows());
    if (fresh_.size() == before) {
      TRY(append(columns, batch.rows(), nullptr));
      for (SortEntry& entry : fresh_) entry.row += base;
    } else {
      Selection kept(fresh_.size());
      for (std::size_t i = 0; i < kept.size(); ++i) {
        kept[i] = static_cast<RowIndex>(fresh_[i].row);
        fresh_[i].row = base + static_cast<RowNumber>(i);
      }
      TRY(append(columns, batch.rows(), &kept));
    }
    entries_.insert(entries_.end(), fresh_.begin(), fresh_.end());
    return {};
  }

  // Room for the entries is charged before they are made.
  Result<void> append(std::span<const Column* const> columns, std::size_t rows, const Selection* kept) {
    const std::size_t wanted = entries_.size() + fresh_.size();
    const std::size_t capacity = wanted > entries_.capacity() ? 2 * wanted : entries_.capacity();
    TRY(rows_->hold_beside((capacity + fresh_.capacity()) * sizeof(SortEntry)));
    entries_.reserve(capacity);
    return rows_->append(columns, rows, kept);
  }

  void keep_best_fresh() {
    const auto end = fresh_.begin() + static_cast<std::ptrdiff_t>(wanted_);
    const auto before = [](const SortEntry& a, const SortEntry& b) noexcept {
      if (a.rank != b.rank) return a.rank < b.rank;
      return a.prefix != b.prefix ? a.prefix < b.prefix : a.row < b.row;
    };
    std::nth_element(fresh_.begin(), end, fresh_.end(), before);
    fresh_.erase(end, fresh_.end());
    std::ranges::sort(fresh_, {}, &SortEntry::row);  // Arrival decides ties, so rows stay in its order.
  }

  // Drops all but the first `wanted_` rows of those held.
  Result<void> keep_best() {
    sort_entries(entries_, keys_, *rows_, types_.size(), wanted_);
    threshold_ = entries_.back();
    auto kept = TRY(make_buffer());
    const BufferReader reader(rows_, rows_->types().size());
    std::vector<RowNumber> some;
    for (std::size_t first = 0; first < entries_.size(); first += some.size()) {
      some.resize(std::min(rows_->rows_per_batch(), entries_.size() - first));
      for (std::size_t i = 0; i < some.size(); ++i) some[i] = entries_[first + i].row;
      const Batch batch = reader.read(some);
      TRY(kept->append(pointers_to(batch), batch.rows()));
    }
    for (std::size_t i = 0; i < entries_.size(); ++i) entries_[i].row = static_cast<RowNumber>(i);
    TRY(kept->hold_beside((entries_.capacity() + fresh_.capacity()) * sizeof(SortEntry)));
    rows_ = std::move(kept);
    return {};
  }

  const SortKeys keys_;
  const std::size_t wanted_;
  const std::vector<Type> types_;
  Input input_;
  ExecutionContext& context_;
  std::shared_ptr<RowBuffer> rows_;
  std::vector<SortEntry> entries_;
  std::vector<SortEntry> fresh_;        // Of the batch at hand.
  std::optional<SortEntry> threshold_;  // Rows behind it are not wanted.
  std::size_t at_ = 0;
  bool sorted_ = false;
};

}  // namespace

Result<OperatorPtr> make_sort(const Plan& plan, Inputs inputs, ExecutionContext& context) {
  const auto& sort = std::get<Sort>(plan.node);
  const RowWindow window = TRY(row_window(sort.limit, sort.offset, context));
  return OperatorPtr(std::make_unique<SortOperator>(plan, window, std::move(inputs.front()), context));
}

}  // namespace mneme::query
