// JoinRows: puts rows of a left batch and rows of the held right side next to each other.
#pragma once

#include "query/join_table.h"

namespace mneme::query {

struct Pairs {
  Selection left;
  std::vector<RowNumber> right;  // kNoRow: none, its columns are NULL.
  [[nodiscard]] std::size_t size() const noexcept { return left.size(); }
  void clear() noexcept {
    left.clear();
    right.clear();
  }
  void add(std::size_t left_row, RowNumber right_row) {
    left.push_back(static_cast<RowIndex>(left_row));
    right.push_back(right_row);
  }
};

// One row per pair: the left columns, then the first `right_width` of the right side.
Batch joined(const std::shared_ptr<const Batch>& left, std::size_t left_width, const std::shared_ptr<RowBuffer>& right,
             std::size_t right_width, const Pairs& pairs);
// The given rows of the right side behind left columns of NULLs.
Batch right_alone(const std::vector<Type>& left_types, const std::shared_ptr<RowBuffer>& right, std::size_t right_width,
                  std::span<const RowNumber> rows);
// How many pairs a batch of them should have.
std::size_t pairs_per_batch(const Batch& left, std::size_t left_width, const RowBuffer& right);

}  // namespace mneme::query
