#include "sim/index_check.h"

#include <algorithm>

#include "table/transaction.h"

namespace mneme::sim {
namespace {

constexpr std::size_t kKeysAskedMax = 3;  // Of each index.

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

class IndexCheck {  // Of one index. One thread at a time.
 public:
  IndexCheck(Transaction& transaction, const TableSchema& schema, const IndexSchema& index, const TableRows& rows)
      : transaction_(transaction), schema_(schema), index_(index), rows_(rows), found_(rows.size()) {
    for (const ColumnId id : index.columns) keys_.push_back(*schema.ordinal_of(id));
  }

  // Every value of every row, in the index's order; then its keys backwards, and some of them looked up: values that
  // the first walk has found are not made text again.
  Result<std::string> run() {
    std::string wrong = TRY(walk_forward());
    if (wrong.empty()) wrong = TRY(walk_backward());
    return wrong.empty() ? ask_for_keys() : wrong;
  }

 private:
  struct Place {  // Of a row that the first walk has found.
    static constexpr std::size_t kNone = ~std::size_t{0};
    std::size_t batch = kNone;
    std::size_t row = 0;
  };

  [[nodiscard]] Result<std::unique_ptr<TableReader>> read(KeyRange range, std::vector<ColumnId> columns) {
    range.index = index_.id;
    ScanRequest request;
    request.table = schema_.id;
    request.columns = std::move(columns);
    request.key = std::move(range);
    return transaction_.scan(std::move(request));
  }

  Result<std::string> walk_forward() {
    std::vector<ColumnId> columns;
    for (const ColumnSchema& column : schema_.columns) columns.push_back(column.id);
    const auto reader = TRY(read({}, std::move(columns)));
    std::size_t count = 0;
    while (auto batch = TRY(reader->next(ids_))) {
      const std::size_t number = batches_.size();
      batches_.push_back(*std::move(batch));
      const Batch& now = batches_.back();
      count += now.rows();
      for (std::size_t row = 0; row < now.rows(); ++row) {
        const std::size_t place = rows_.find(static_cast<std::uint64_t>(ids_[row]));
        if (place == TableRows::kNone || found_[place].batch != Place::kNone) return kOtherRows;
        found_[place] = {number, row};
        text_.clear();
        append_row_text(now, row, text_);
        if (text_ != rows_.text(place)) return kOtherRows;
        if (row == 0 ? number > 0 && !in_order(batches_[number - 1], batches_[number - 1].rows() - 1, now, 0)
                     : !in_order(now, row - 1, now, row)) {
          return kOutOfOrder;
        }
        if (number == 0) first_.push_back(place);
      }
    }
    return count == rows_.size() ? "" : kOtherRows;
  }

  Result<std::string> walk_backward() {
    KeyRange all;
    all.descending = true;
    const auto reader = TRY(read(std::move(all), index_.columns));
    std::vector<bool> seen(rows_.size());
    Place after;
    std::size_t count = 0;
    while (const auto batch = TRY(reader->next(ids_))) {
      count += batch->rows();
      for (std::size_t row = 0; row < batch->rows(); ++row) {
        const std::size_t place = rows_.find(static_cast<std::uint64_t>(ids_[row]));
        if (place == TableRows::kNone || seen[place] || !has_key(*batch, row, place)) return kOtherRows + kBackwards;
        seen[place] = true;
        const Place now = found_[place];
        if (after.batch != Place::kNone && !in_order(batches_[now.batch], now.row, batches_[after.batch], after.row)) {
          return kOutOfOrder + kBackwards;
        }
        after = now;
      }
    }
    return count == rows_.size() ? "" : kOtherRows + kBackwards;
  }

  // Whether a row of the index's columns is the key of a row that the first walk has found.
  [[nodiscard]] bool has_key(const Batch& keys, std::size_t row, std::size_t place) const {
    const Place known = found_[place];
    for (std::size_t i = 0; i < keys_.size(); ++i) {
      if (compare_values(keys.columns[i], row, batches_[known.batch].columns[keys_[i]], known.row) != 0) return false;
    }
    return true;
  }

  [[nodiscard]] bool in_order(const Batch& left, std::size_t l, const Batch& right, std::size_t r) const {
    for (const std::size_t key : keys_) {
      if (const int order = compare_values(left.columns[key], l, right.columns[key], r); order != 0) return order < 0;
    }
    return true;
  }

  // Of rows at the begin, in the middle and at the end of the first batch.
  Result<std::string> ask_for_keys() {
    if (first_.empty()) return "";
    std::vector<std::size_t> asked;
    for (std::size_t i = 0; i < kKeysAskedMax; ++i)
      asked.push_back(first_[i * (first_.size() - 1) / (kKeysAskedMax - 1)]);
    for (const std::size_t place : asked) {
      if (std::string wrong = TRY(ask_for_key(place)); !wrong.empty()) return wrong;
    }
    return index_.unique ? ask_for_conflicts(asked) : Result<std::string>("");
  }

  Result<std::string> ask_for_key(std::size_t asked) {
    const Place known = found_[asked];
    KeyRange range;
    for (const std::size_t key : keys_) {
      const Column& column = batches_[known.batch].columns[key];
      range.equal.columns.emplace_back(column.type()).append_run(column, known.row, 1);
    }
    const auto reader = TRY(read(std::move(range), index_.columns));
    bool found = false;
    while (const auto batch = TRY(reader->next(ids_))) {
      for (std::size_t row = 0; row < batch->rows(); ++row) {
        const std::size_t place = rows_.find(static_cast<std::uint64_t>(ids_[row]));
        if (place == TableRows::kNone || !has_key(*batch, row, place) || !has_key(*batch, row, asked)) {
          return "finds another row than the table holds";
        }
        found = found || place == asked;
      }
    }
    return found ? "" : "does not find a key that it holds";
  }

  // The way that a key's uniqueness is judged.
  Result<std::string> ask_for_conflicts(const std::vector<std::size_t>& asked) {
    Batch samples;
    for (std::size_t ordinal = 0; ordinal < schema_.columns.size(); ++ordinal) {
      Column& column = samples.columns.emplace_back(schema_.columns[ordinal].type);
      for (const std::size_t place : asked) {
        column.append_run(batches_[found_[place].batch].columns[ordinal], found_[place].row, 1);
      }
    }
    const auto found = TRY(transaction_.find_conflicts(schema_.id, index_, samples));
    for (std::size_t i = 0; i < asked.size(); ++i) {
      const bool has_null =
          std::ranges::any_of(keys_, [&](std::size_t key) { return samples.columns[key].is_null(i); });
      if (found[i] != RowId{has_null ? 0 : rows_.id(asked[i])}) return "does not know a key that is taken";
    }
    return "";
  }

  static inline const std::string kOutOfOrder = "is out of order";
  static inline const std::string kOtherRows = "does not hold the rows of its table";
  static inline const std::string kBackwards = ", backwards";

  Transaction& transaction_;
  const TableSchema& schema_;
  const IndexSchema& index_;
  const TableRows& rows_;
  std::vector<std::size_t> keys_;   // Ordinals of the index's columns.
  std::vector<Batch> batches_;      // Of the first walk.
  std::vector<Place> found_;        // By places in rows_.
  std::vector<std::size_t> first_;  // The first batch's rows, by places in rows_.
  std::vector<RowId> ids_;
  std::string text_;
};

}  // namespace

Result<std::string> indexes_disagree(Store& store, const IndexKinds& kinds, const State& state) {
  const auto transaction = TRY(Transaction::begin(store, kinds, 0));
  for (const auto& schema : transaction->tables()) {
    for (const IndexSchema& index : schema->indexes) {
      transaction->begin_statement();
      const std::string wrong = TRY(IndexCheck(*transaction, *schema, index, state.at(state_name(*schema))).run());
      if (!wrong.empty()) return "index " + index.name + " of " + schema->name + " " + wrong;
    }
  }
  return std::string();
}

}  // namespace mneme::sim
