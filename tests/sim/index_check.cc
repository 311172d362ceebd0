#include "sim/index_check.h"

#include <algorithm>
#include <span>

#include "table/transaction.h"

namespace mneme::sim {
namespace {

constexpr std::size_t kKeysAsked = 3;  // Of each index.

// By SQL's order, without the engine's key bytes: NULL above everything, text and blobs by their bytes.
int compare_values(const Column& left, std::size_t l, const Column& right, std::size_t r) {
  if (left.is_null(l) || right.is_null(r)) return int{left.is_null(l)} - int{right.is_null(r)};
  if (!left.type().is_variable()) {
    const std::int64_t a = left.values<std::int64_t>()[l];
    const std::int64_t b = right.values<std::int64_t>()[r];
    return a < b ? -1 : int{a > b};
  }
  return as_text(left.bytes_at(l)).compare(as_text(right.bytes_at(r)));
}

// The values of a table's rows, by their places in what a scan found: learnt once, by way of one of its indexes.
class KnownRows {  // One thread at a time.
 public:
  explicit KnownRows(const TableRows& rows) : rows_(rows), found_(rows.size()) {}

  [[nodiscard]] const TableRows& rows() const noexcept { return rows_; }
  [[nodiscard]] bool are_complete() const noexcept { return count_ == rows_.size(); }
  [[nodiscard]] std::size_t place_of(RowId row) const { return rows_.find(static_cast<std::uint64_t>(row)); }

  // All columns of some rows. False: one of them is known, or the scan found no such row, or another value in it.
  [[nodiscard]] bool learn(Batch&& batch, std::span<const RowId> ids) {
    for (std::size_t row = 0; row < batch.rows(); ++row) {
      const std::size_t place = place_of(ids[row]);
      if (place == TableRows::kNone || found_[place].batch != kNotYet) return false;
      text_.clear();
      append_row_text(batch, row, text_);
      if (text_ != rows_.text(place)) return false;
      found_[place] = {batches_.size(), row};
    }
    count_ += batch.rows();
    batches_.push_back(std::move(batch));
    return true;
  }

  // REQUIRES from here on: the row at `place` is known.
  [[nodiscard]] int compare(std::size_t place, std::size_t column, const Column& other, std::size_t row) const {
    return compare_values(column_of(place, column), found_[place].row, other, row);
  }
  [[nodiscard]] int compare(std::size_t left, std::size_t right, std::size_t column) const {
    return compare(left, column, column_of(right, column), found_[right].row);
  }
  [[nodiscard]] bool is_null(std::size_t place, std::size_t column) const {
    return column_of(place, column).is_null(found_[place].row);
  }
  void append(std::size_t place, std::size_t column, Column& to) const {
    to.append_run(column_of(place, column), found_[place].row, 1);
  }

 private:
  static constexpr std::size_t kNotYet = ~std::size_t{0};
  struct Found {
    std::size_t batch = kNotYet;
    std::size_t row = 0;
  };
  [[nodiscard]] const Column& column_of(std::size_t place, std::size_t column) const {
    return batches_[found_[place].batch].columns[column];
  }

  const TableRows& rows_;
  std::vector<Batch> batches_;
  std::vector<Found> found_;
  std::size_t count_ = 0;
  std::string text_;
};

class IndexCheck {  // Of one index. One thread at a time.
 public:
  IndexCheck(Transaction& transaction, const TableSchema& schema, const IndexSchema& index, KnownRows& known)
      : transaction_(transaction), schema_(schema), index_(index), known_(known) {
    for (const ColumnId id : index.columns) keys_.push_back(*schema.ordinal_of(id));
  }

  Result<std::string> run() {
    std::string wrong = TRY(walk(false));
    if (!wrong.empty()) return wrong;
    wrong = TRY(walk(true));
    return wrong.empty() ? ask_for_keys() : wrong + ", backwards";
  }

 private:
  [[nodiscard]] Result<std::unique_ptr<TableReader>> read(KeyRange range, std::vector<ColumnId> columns) {
    range.index = index_.id;
    ScanRequest request;
    request.table = schema_.id;
    request.columns = std::move(columns);
    request.key = std::move(range);
    return transaction_.scan(std::move(request));
  }

  [[nodiscard]] std::vector<ColumnId> all_columns() const {
    std::vector<ColumnId> columns;
    for (const ColumnSchema& column : schema_.columns) columns.push_back(column.id);
    return columns;
  }

  // Each entry must be of a row of the table that no other entry is of, with that row's key, and in its place.
  Result<std::string> walk(bool descending) {
    const std::string other_rows = "does not hold the rows of its table";
    const bool learns = !known_.are_complete();
    KeyRange all;
    all.descending = descending;
    const auto reader = TRY(read(std::move(all), learns ? all_columns() : index_.columns));
    std::vector<bool> seen(known_.rows().size());
    order_.clear();
    while (auto batch = TRY(reader->next(ids_))) {
      if (learns && !known_.learn(*std::move(batch), ids_)) return other_rows;
      for (std::size_t row = 0; row < ids_.size(); ++row) {
        const std::size_t place = known_.place_of(ids_[row]);
        if (place == TableRows::kNone || seen[place] || (!learns && !has_key(*batch, row, place))) return other_rows;
        seen[place] = true;
        if (!order_.empty()) {
          const int order = compare_keys(order_.back(), place);
          if (descending ? order < 0 : order > 0) return "is out of order";
        }
        order_.push_back(place);
      }
    }
    return order_.size() == known_.rows().size() ? "" : other_rows;
  }

  // Whether a row of the index's columns is the key of the known one.
  [[nodiscard]] bool has_key(const Batch& keys, std::size_t row, std::size_t place) const {
    for (std::size_t i = 0; i < keys_.size(); ++i) {
      if (known_.compare(place, keys_[i], keys.columns[i], row) != 0) return false;
    }
    return true;
  }

  [[nodiscard]] int compare_keys(std::size_t left, std::size_t right) const {
    for (const std::size_t key : keys_) {
      if (const int order = known_.compare(left, right, key); order != 0) return order;
    }
    return 0;
  }

  // Of rows at the end, in the middle and at the begin.
  Result<std::string> ask_for_keys() {
    if (order_.empty()) return "";
    std::vector<std::size_t> asked;
    for (std::size_t i = 0; i < kKeysAsked; ++i) asked.push_back(order_[i * (order_.size() - 1) / (kKeysAsked - 1)]);
    for (const std::size_t place : asked) {
      if (std::string wrong = TRY(ask_for_key(place)); !wrong.empty()) return wrong;
    }
    return index_.unique ? ask_for_conflicts(asked) : Result<std::string>("");
  }

  Result<std::string> ask_for_key(std::size_t asked) {
    KeyRange range;
    for (const std::size_t key : keys_) {
      known_.append(asked, key, range.equal.columns.emplace_back(schema_.columns[key].type));
    }
    const auto reader = TRY(read(std::move(range), all_columns()));
    bool found = false;
    while (const auto batch = TRY(reader->next(ids_))) {
      for (std::size_t row = 0; row < batch->rows(); ++row) {
        const std::size_t place = known_.place_of(ids_[row]);
        const bool is_its = place != TableRows::kNone && compare_keys(place, asked) == 0 &&
                            row_text(*batch, row) == known_.rows().text(place);
        if (!is_its) return "finds another row than the table holds";
        found = found || place == asked;
      }
    }
    return found ? "" : "does not find a key that it holds";
  }

  // The way that a key's uniqueness is judged.
  Result<std::string> ask_for_conflicts(const std::vector<std::size_t>& asked) {
    Batch samples;
    for (std::size_t column = 0; column < schema_.columns.size(); ++column) {
      samples.columns.emplace_back(schema_.columns[column].type);
      for (const std::size_t place : asked) known_.append(place, column, samples.columns.back());
    }
    const auto found = TRY(transaction_.find_conflicts(schema_.id, index_, samples));
    for (std::size_t i = 0; i < asked.size(); ++i) {
      const bool has_null = std::ranges::any_of(keys_, [&](std::size_t key) { return known_.is_null(asked[i], key); });
      if (found[i] != RowId{has_null ? 0 : known_.rows().id(asked[i])}) return "does not know a key that is taken";
    }
    return "";
  }

  Transaction& transaction_;
  const TableSchema& schema_;
  const IndexSchema& index_;
  KnownRows& known_;
  std::vector<std::size_t> keys_;   // Ordinals of the index's columns.
  std::vector<std::size_t> order_;  // Places of the rows that the last walk found.
  std::vector<RowId> ids_;
};

}  // namespace

Result<std::string> indexes_disagree(Store& store, const IndexKinds& kinds, const State& state) {
  const auto transaction = TRY(Transaction::begin(store, kinds, 0));
  for (const auto& schema : transaction->tables()) {
    if (schema->indexes.empty()) continue;
    KnownRows known(state.at(state_name(*schema)));
    for (const IndexSchema& index : schema->indexes) {
      transaction->begin_statement();
      const std::string wrong = TRY(IndexCheck(*transaction, *schema, index, known).run());
      if (!wrong.empty()) return "index " + index.name + " of " + schema->name + " " + wrong;
    }
  }
  return std::string();
}

}  // namespace mneme::sim
