#include "query/join_table.h"

#include <algorithm>

namespace mneme::query {
namespace {

bool any_null(std::span<const Column* const> keys, std::size_t row) noexcept {
  return std::ranges::any_of(keys, [&](const Column* key) { return key->is_null(row); });
}

}  // namespace

Result<JoinTable> JoinTable::build(Input& right, std::vector<Type> types, const std::vector<ExpressionPtr>& keys,
                                   std::span<const Expression* const> beside, ExecutionContext& context) {
  const std::size_t width = types.size();
  for (const Expression* expression : beside) types.push_back(expression->type);
  JoinTable made(TRY(RowBuffer::make(std::move(types), context.budget, "join")), keys);
  for (;;) {
    const std::optional<Batch> batch = TRY(right.next());
    if (!batch) break;
    const auto computed = TRY(compute_all(keys, over(*batch, context)));
    const auto key_columns = pointers_to(computed);
    auto columns = pointers_to(*batch);
    columns.resize(width);
    std::vector<Computed> held;
    for (const Expression* expression : beside) {
      held.push_back(TRY(Computed::of(*expression, over(*batch, context))));
    }
    for (const Computed& column : held) columns.push_back(&*column);
    const std::size_t rows = batch->rows(), key_bytes = value_bytes(key_columns, rows);
    const std::size_t lists = 2 * (made.next_.size() + 3 * rows) * sizeof(RowNumber) + made.own_bytes();
    TRY(made.rows_->hold_beside(lists + made.table_.memory_bytes_after(rows, key_bytes)));
    made.link(key_columns, rows);
    TRY(made.rows_->append(columns, rows));
  }
  made.lasts_ = decltype(made.lasts_)();  // Braces alone would keep their room.
  TRY(made.hold_beside(0));
  return made;
}

void JoinTable::link(std::span<const Column* const> keys, std::size_t rows) {
  const auto base = static_cast<RowNumber>(rows_->rows());
  next_.resize(base + rows, kNoRow);
  if (keyless_) {
    groups_.assign(rows, 0);
  } else {
    table_.find_or_add(keys, rows, groups_);
  }
  const std::size_t groups = keyless_ ? 1 : table_.groups();
  firsts_.resize(groups, kNoRow);
  lasts_.resize(groups, kNoRow);
  for (std::size_t i = 0; i < rows; ++i) {
    if (any_null(keys, i)) {
      has_null_key_ = true;
      continue;
    }
    const RowNumber row = base + static_cast<RowNumber>(i);
    RowNumber& last = lasts_[groups_[i]];
    (last == kNoRow ? firsts_[groups_[i]] : next_[last]) = row;
    last = row;
  }
}

std::size_t JoinTable::own_bytes() const noexcept {
  return table_.memory_bytes() + (firsts_.capacity() + lasts_.capacity() + next_.capacity()) * sizeof(RowNumber);
}

Result<void> JoinTable::hold_beside(std::size_t bytes) { return rows_->hold_beside(own_bytes() + bytes); }

void JoinTable::find_groups(std::span<const Column* const> keys, std::size_t rows, std::vector<GroupNumber>& groups) {
  if (keyless_) {
    groups.assign(rows, firsts_.empty() ? kNoGroup : 0);
    return;
  }
  table_.find(keys, rows, groups);
}

void JoinTable::find(std::span<const Column* const> keys, std::size_t rows, std::vector<RowNumber>& firsts) {
  find_groups(keys, rows, groups_);
  firsts.resize(rows);
  for (std::size_t i = 0; i < rows; ++i) firsts[i] = groups_[i] == kNoGroup ? kNoRow : firsts_[groups_[i]];
}

}  // namespace mneme::query
