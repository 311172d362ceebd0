#include "query/sorter.h"

#include <algorithm>

namespace mneme::query {

Sorter::Sorter(const std::vector<query::SortKey>& keys, std::vector<Type> types, std::size_t wanted,
               ExecutionContext& context)
    : keys_(keys), types_(std::move(types)), wanted_(wanted), context_(context) {}

Result<std::shared_ptr<RowBuffer>> Sorter::make_buffer() const {
  std::vector<Type> types = types_;
  if (keys_.has_rest()) types.push_back(Type{.kind = TypeKind::blob});
  return RowBuffer::make(std::move(types), context_.budget, "sort");
}

Result<void> Sorter::add(const EvaluationInput& input, std::vector<const Column*> columns) {
  if (rows_ == nullptr) rows_ = TRY(make_buffer());
  Column rest(Type{.kind = TypeKind::blob});
  TRY(keys_.encode(input, fresh_, rest));
  const bool bounded = wanted_ < ~std::size_t{0};
  const std::size_t before = fresh_.size();
  if (threshold_) std::erase_if(fresh_, [&](const SortEntry& e) { return keys_.is_behind(e, *threshold_); });
  if (fresh_.empty()) return {};
  if (bounded && !keys_.has_rest() && fresh_.size() > wanted_) keep_best_fresh();
  columns.resize(types_.size());
  if (keys_.has_rest()) columns.push_back(&rest);
  const auto base = static_cast<RowNumber>(rows_->rows());
  if (fresh_.size() == before) {
    TRY(append(columns, input.rows, nullptr));
    for (SortEntry& entry : fresh_) entry.row += base;
  } else {
    Selection kept(fresh_.size());
    for (std::size_t i = 0; i < kept.size(); ++i) {
      kept[i] = static_cast<RowIndex>(fresh_[i].row);
      fresh_[i].row = base + static_cast<RowNumber>(i);
    }
    TRY(append(columns, input.rows, &kept));
  }
  entries_.insert(entries_.end(), fresh_.begin(), fresh_.end());
  if (entries_.size() >= wanted_ && (!threshold_ || entries_.size() / 2 >= wanted_)) return keep_best();
  return {};
}

// Room for the entries is charged before they are made.
Result<void> Sorter::append(std::span<const Column* const> columns, std::size_t rows, const Selection* kept) {
  const std::size_t wanted = entries_.size() + fresh_.size();
  const std::size_t capacity = wanted > entries_.capacity() ? 2 * wanted : entries_.capacity();
  TRY(rows_->hold_beside((capacity + fresh_.capacity()) * sizeof(SortEntry)));
  entries_.reserve(capacity);
  return rows_->append(columns, rows, kept);
}

void Sorter::keep_best_fresh() {
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
Result<void> Sorter::keep_best() {
  sort_entries(entries_, keys_, *rows_, types_.size(), wanted_);
  if (entries_.empty()) return {};
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

Result<void> Sorter::finish() {
  if (rows_ == nullptr) rows_ = TRY(make_buffer());
  sort_entries(entries_, keys_, *rows_, types_.size(), wanted_);
  return {};
}

std::optional<Batch> Sorter::next() {
  if (at_ == entries_.size()) return std::nullopt;
  const std::size_t count = std::min(rows_->rows_per_batch(), entries_.size() - at_);
  std::vector<RowNumber> rows(count);
  for (std::size_t i = 0; i < count; ++i) rows[i] = entries_[at_ + i].row;
  at_ += count;
  return BufferReader(rows_, types_.size()).read(rows);
}

}  // namespace mneme::query
