#include "sim/index_check.h"

#include <algorithm>

#include "table/transaction.h"

namespace mneme::sim {
namespace {

using Rows = std::vector<std::pair<std::uint64_t, std::string>>;

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
  IndexCheck(Transaction& transaction, const TableSchema& schema, const IndexSchema& index,
             const std::map<std::uint64_t, std::string>& rows)
      : transaction_(transaction), schema_(schema), index_(index), rows_(rows) {
    for (const ColumnId id : index.columns) keys_.push_back(*schema.ordinal_of(id));
  }

  Result<std::string> run() {
    for (const bool descending : {false, true}) {
      KeyRange all;
      all.descending = descending;
      const Rows found = TRY(walk(std::move(all)));
      if (out_of_order_) return "is out of order" + which(descending);
      if (!holds_all(found)) return "does not hold the rows of its table" + which(descending);
    }
    return ask_for_keys();
  }

 private:
  [[nodiscard]] static std::string which(bool descending) { return descending ? ", backwards" : ""; }

  [[nodiscard]] bool holds_all(const Rows& found) const {
    std::vector<std::uint64_t> ids;
    for (const auto& [id, text] : found) {
      const auto row = rows_.find(id);
      if (row == rows_.end() || row->second != text) return false;
      ids.push_back(id);
    }
    std::ranges::sort(ids);
    return ids.size() == rows_.size() && std::ranges::adjacent_find(ids) == ids.end();
  }

  Result<Rows> walk(KeyRange range) {
    range.index = index_.id;
    const bool descending = range.descending;
    ScanRequest request;
    request.table = schema_.id;
    for (const ColumnSchema& column : schema_.columns) request.columns.push_back(column.id);
    request.key = std::move(range);
    const auto reader = TRY(transaction_.scan(std::move(request)));
    Rows found;
    std::vector<RowId> ids;
    Batch last;
    while (auto batch = TRY(reader->next(ids))) {
      for (std::size_t row = 0; row < batch->rows(); ++row) {
        found.emplace_back(static_cast<std::uint64_t>(ids[row]), row_text(*batch, row));
        const bool first = row == 0 && last.rows() == 0;
        const int order = first      ? 0
                          : row == 0 ? compare(last, last.rows() - 1, *batch, 0)
                                     : compare(*batch, row - 1, *batch, row);
        if (descending ? order < 0 : order > 0) out_of_order_ = true;
      }
      last = *std::move(batch);
      if (samples_.rows() == 0) sample(last);
    }
    return found;
  }

  [[nodiscard]] int compare(const Batch& left, std::size_t l, const Batch& right, std::size_t r) const {
    for (const std::size_t key : keys_) {
      if (const int order = compare_values(left.columns[key], l, right.columns[key], r); order != 0) return order;
    }
    return 0;
  }

  // Rows at the begin, in the middle and at the end of a batch.
  void sample(const Batch& batch) {
    for (const Column& column : batch.columns) {
      Column& few = samples_.columns.emplace_back(column.type());
      for (std::size_t i = 0; i < kKeysAskedMax; ++i) {
        few.append_run(column, i * (batch.rows() - 1) / (kKeysAskedMax - 1), 1);
      }
    }
  }

  Result<std::string> ask_for_keys() {
    for (std::size_t i = 0; i < samples_.rows(); ++i) {
      KeyRange range;
      for (const std::size_t key : keys_) {
        range.equal.columns.emplace_back(samples_.columns[key].type()).append_run(samples_.columns[key], i, 1);
      }
      const Rows found = TRY(walk(std::move(range)));
      const auto same_text = [&](const auto& row) { return row.second == row_text(samples_, i); };
      if (std::ranges::none_of(found, same_text)) return "does not find a key that it holds";
      for (const auto& [id, text] : found) {
        const auto row = rows_.find(id);
        if (row == rows_.end() || row->second != text) return "finds another row than the table holds";
      }
    }
    return index_.unique && samples_.rows() != 0 ? ask_for_conflicts() : Result<std::string>("");
  }

  // The way that a key's uniqueness is judged.
  Result<std::string> ask_for_conflicts() {
    const auto found = TRY(transaction_.find_conflicts(schema_.id, index_, samples_));
    for (std::size_t i = 0; i < samples_.rows(); ++i) {
      const bool has_null =
          std::ranges::any_of(keys_, [&](std::size_t key) { return samples_.columns[key].is_null(i); });
      const auto row = rows_.find(static_cast<std::uint64_t>(found[i]));
      if (has_null ? found[i] != RowId{0} : row == rows_.end() || row->second != row_text(samples_, i)) {
        return "does not know a key that is taken";
      }
    }
    return "";
  }

  Transaction& transaction_;
  const TableSchema& schema_;
  const IndexSchema& index_;
  const std::map<std::uint64_t, std::string>& rows_;
  std::vector<std::size_t> keys_;  // Ordinals of the index's columns.
  Batch samples_;
  bool out_of_order_ = false;
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
