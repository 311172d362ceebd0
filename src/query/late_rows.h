// LateRows: the rows of Project over Scan that a sort has chosen, read only now: of all columns but those that only the
// sort's keys were made of.
#pragma once

#include "query/execution.h"
#include "table/placed_reader.h"

namespace mneme::query {

// Sort by some keys, with a LIMIT, over Project over Scan: what operators that choose before they read work on.
struct TopPlan {
  const Sort& sort;
  const Project& project;
  const Scan& scan;
  const Plan& root;  // Of the sort.
};
// None: the plan has another shape, or goes through an index.
std::optional<TopPlan> top_plan_of(const Plan& plan);

// For those who read some columns of a scan only: `used` has a bit for each of its table_columns.
void mark_columns(const Expression& e, std::vector<bool>& used);
Result<std::unique_ptr<PlacedReader>> read_columns(const Scan& scan, const std::vector<bool>& used,
                                                   const ExecutionContext& context);
// The columns read, each where the scan's plan has it; the others are empty.
Batch spread(Batch read, const Scan& scan, const std::vector<bool>& used);

class LateRows {  // One thread at a time.
 public:
  LateRows(const TopPlan& top, const PlacedReader& reader, ExecutionContext& context);
  // The rows at `places`, in that order: all, or the first ones where blobs are long, at least one. Columns that only
  // the sort's keys want are there, without meaning.
  Result<Batch> read(std::span<const Place> places) const;
  // How many to ask for at once.
  [[nodiscard]] std::size_t rows_per_batch() const noexcept { return rows_per_batch_; }

 private:
  [[nodiscard]] bool is_wanted(std::size_t output) const noexcept {
    return output >= top_.sort.for_keys_only.size() || !top_.sort.for_keys_only[output];
  }

  const TopPlan top_;
  const PlacedReader& reader_;
  ExecutionContext& context_;
  std::vector<bool> used_;  // Of the scan's columns.
  std::vector<ColumnId> columns_;
  std::size_t rows_per_batch_ = 1;
};

}  // namespace mneme::query
