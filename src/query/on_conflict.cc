#include "query/on_conflict.h"

#include "table/key_search.h"

namespace mneme::query {
namespace {

constexpr std::size_t kTakenKeyBytes = 80;  // About what a set keeps beside the bytes of a key.

}  // namespace

// The proposed rows that meet one which is there, and what they make of it.
struct OnConflict::Met {
  std::vector<RowId> ended;          // The rows there that change.
  std::vector<std::size_t> changed;  // Of each proposed row: its row in `rows`, or kNone.
  Batch rows;
  static constexpr std::size_t kNone = ~std::size_t{0};
};

OnConflict::OnConflict(const Insert& insert, ExecutionContext& context, Reservation memory)
    : insert_(insert), action_(*insert.on_conflict), context_(context), memory_(std::move(memory)) {
  for (const IndexSchema& index : insert.table->indexes) {
    if (index.unique && (!action_.index || *action_.index == index.id)) indexes_.push_back(&index);
  }
}

Result<OnConflict> OnConflict::make(const Insert& insert, ExecutionContext& context) {
  return OnConflict(insert, context, TRY(context.budget.reserve(0, MemoryShare::queries, "ON CONFLICT")));
}

Result<Batch> OnConflict::resolve(Batch proposed) {
  return action_.update ? update(std::move(proposed)) : leave_out(std::move(proposed));
}

// A row that is left out for one index does not hold its key in another.
Result<Batch> OnConflict::leave_out(Batch proposed) {
  std::vector<std::vector<RowId>> conflicts;
  for (const IndexSchema* index : indexes_) {
    conflicts.push_back(TRY(context_.transaction.find_conflicts(insert_.table->id, *index, proposed)));
  }
  std::vector<Keys> kept_keys(indexes_.size());
  std::vector<std::string> keys(indexes_.size());
  Selection kept;
  for (std::size_t row = 0; row < proposed.rows(); ++row) {
    bool free = true;
    for (std::size_t i = 0; i < indexes_.size() && free; ++i) {
      key_of(*insert_.table, *indexes_[i], proposed, row, key_);
      keys[i] = as_text(key_);
      free = conflicts[i][row] == RowId{0} && !kept_keys[i].contains(keys[i]);
    }
    if (!free) continue;
    kept.push_back(static_cast<RowIndex>(row));
    for (std::size_t i = 0; i < indexes_.size(); ++i) {
      if (!keys[i].empty()) kept_keys[i].insert(std::move(keys[i]));
    }
  }
  return choose(std::move(proposed), kept);
}

Result<void> OnConflict::take_key(const Batch& rows, std::size_t row) {
  key_of(*insert_.table, *indexes_.front(), rows, row, key_);
  if (key_.empty()) return {};
  taken_bytes_ += key_.size() + kTakenKeyBytes;
  if (taken_bytes_ > memory_.bytes()) TRY(hold(memory_, 2 * taken_bytes_));
  taken_.emplace(as_text(key_));
  return {};
}

Result<void> OnConflict::refuse_taken(const Batch& rows, std::size_t row) {
  key_of(*insert_.table, *indexes_.front(), rows, row, key_);
  if (key_.empty() || !taken_.contains(std::string(as_text(key_)))) return {};
  return Error(Code::invalid_argument, "ON CONFLICT DO UPDATE would change a row of '" + insert_.table->name +
                                           "' twice: the statement proposes two rows with one key")
      .with_sqlstate("21000");
}

Result<OnConflict::Met> OnConflict::meet(const Batch& proposed, std::span<const RowId> conflicts) {
  Selection meeting;
  std::vector<RowId> there;
  for (std::size_t row = 0; row < conflicts.size(); ++row) {
    if (conflicts[row] == RowId{0}) continue;
    meeting.push_back(static_cast<RowIndex>(row));
    there.push_back(conflicts[row]);
  }
  Met met;
  met.changed.assign(conflicts.size(), Met::kNone);
  if (there.empty()) return met;
  Batch both = TRY(context_.transaction.fetch(insert_.table->id, there));
  for (const Column& column : proposed.columns) both.columns.push_back(gather(column, meeting));
  const EvaluationInput input = over(both, context_);
  const Selection chosen = action_.where == nullptr ? every_row(there.size()) : TRY(filter(*action_.where, input));
  for (const ExpressionPtr& value : action_.new_row) {
    const Column computed = TRY(evaluate(*value, input, &chosen));
    met.rows.columns.emplace_back(value->type).append_run(computed, 0, chosen.size());  // Owns its text.
  }
  for (std::size_t i = 0; i < chosen.size(); ++i) {
    met.changed[meeting[chosen[i]]] = i;
    met.ended.push_back(there[chosen[i]]);
  }
  return met;
}

Result<Batch> OnConflict::update(Batch proposed) {
  const auto conflicts = TRY(context_.transaction.find_conflicts(insert_.table->id, *indexes_.front(), proposed));
  const Met met = TRY(meet(proposed, conflicts));
  Batch out;
  for (const Column& column : proposed.columns) out.columns.emplace_back(column.type());
  for (std::size_t row = 0; row < conflicts.size(); ++row) {
    TRY(refuse_taken(proposed, row));
    const bool added = conflicts[row] == RowId{0};
    if (!added && met.changed[row] == Met::kNone) continue;  // WHERE left the row there as it is.
    TRY(take_key(proposed, row));
    if (!added) TRY(take_key(met.rows, met.changed[row]));
    const Batch& from = added ? proposed : met.rows;
    for (std::size_t i = 0; i < out.columns.size(); ++i) {
      out.columns[i].append_run(from.columns[i], added ? row : met.changed[row], 1);
    }
  }
  TRY(context_.transaction.remove(insert_.table->id, RowSet(met.ended)));
  return out;
}

}  // namespace mneme::query
