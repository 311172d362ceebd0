// Sorter: takes rows and yields them in the order of sort keys; asked for the first k only, it keeps no more than it
// must.
//
// The bounded form keeps between k and 2k rows and the k-th best entry as a threshold. A batch first loses the rows
// behind the threshold by their entries alone, so that almost none is copied.
#pragma once

#include "query/sort_keys.h"

namespace mneme::query {

class Sorter {  // One thread at a time.
 public:
  // Rows have columns of these types. Only the first `wanted` are asked for. `keys` and `context` outlive it.
  Sorter(const std::vector<query::SortKey>& keys, std::vector<Type> types, std::size_t wanted,
         ExecutionContext& context);

  // The rows of `columns`; the keys are computed over `input`, row by row the same.
  Result<void> add(const EvaluationInput& input, std::vector<const Column*> columns);
  Result<void> finish();
  // The next rows in order, once finish() was called; null at the end.
  std::optional<Batch> next();

 private:
  Result<std::shared_ptr<RowBuffer>> make_buffer() const;
  Result<void> append(std::span<const Column* const> columns, std::size_t rows, const Selection* kept);
  void keep_best_fresh();
  Result<void> keep_best();

  const SortKeys keys_;
  const std::vector<Type> types_;
  const std::size_t wanted_;
  ExecutionContext& context_;
  std::shared_ptr<RowBuffer> rows_;  // The columns, then the rests of the keys.
  std::vector<SortEntry> entries_;
  std::vector<SortEntry> fresh_;        // Of the batch at hand.
  std::optional<SortEntry> threshold_;  // Rows behind it are not wanted.
  std::size_t at_ = 0;
};

}  // namespace mneme::query
