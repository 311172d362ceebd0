// JoinTable: the right side of a join, held whole, its rows found by key.
//
// Rows of one key are a list in the order of arrival. A row with a NULL key is held, for a right join yields it, but
// is in no list: NULL matches nothing.
#pragma once

#include <span>

#include "query/group_table.h"
#include "query/row_buffer.h"

namespace mneme::query {

class JoinTable {  // One thread at a time.
 public:
  // Drains `right`. Of its rows the columns of `types` are held, then the values of `beside`.
  static Result<JoinTable> build(Input& right, std::vector<Type> types, const std::vector<ExpressionPtr>& keys,
                                 std::span<const Expression* const> beside, ExecutionContext& context);

  // firsts[i]: the first row whose key is row i's, or kNoRow. Without keys: the first row of all.
  void find(std::span<const Column* const> keys, std::size_t rows, std::vector<RowNumber>& firsts);
  [[nodiscard]] RowNumber after(RowNumber row) const noexcept { return next_[row]; }
  [[nodiscard]] bool has_null_key() const noexcept { return has_null_key_; }
  [[nodiscard]] const std::shared_ptr<RowBuffer>& rows() const noexcept { return rows_; }
  Result<void> hold_beside(std::size_t bytes);  // What the operator keeps per row of it.

  // Numbers of keys, for those who order the rows of each: the key's number of every row, kNoGroup where one is NULL.
  void find_groups(std::span<const Column* const> keys, std::size_t rows, std::vector<GroupNumber>& groups);
  [[nodiscard]] std::size_t groups() const noexcept { return firsts_.size(); }
  [[nodiscard]] RowNumber first_of(GroupNumber group) const noexcept { return firsts_[group]; }

 private:
  JoinTable(std::shared_ptr<RowBuffer> rows, const std::vector<ExpressionPtr>& keys)
      : table_(types_of(keys)), rows_(std::move(rows)), keyless_(keys.empty()) {}
  void link(std::span<const Column* const> keys, std::size_t rows);
  [[nodiscard]] std::size_t own_bytes() const noexcept;

  GroupTable table_;
  std::shared_ptr<RowBuffer> rows_;
  std::vector<RowNumber> firsts_;  // By group.
  std::vector<RowNumber> lasts_;   // By group, while it is built.
  std::vector<RowNumber> next_;    // By row.
  std::vector<GroupNumber> groups_;
  bool keyless_ = false;
  bool has_null_key_ = false;
};

}  // namespace mneme::query
