// Accumulator: the running states of one aggregate call, one state a group.
//
// Semantics are PostgreSQL's: arguments that are NULL are skipped, and a group without any yields NULL (counts: 0).
// first() and last() skip rows whose time is NULL, but not NULL values: they say what was there at that time.
#pragma once

#include <memory>
#include <span>

#include "query/aggregate_kind.h"
#include "query/group_table.h"

namespace mneme::query {

class Accumulator {  // One thread at a time.
 public:
  virtual ~Accumulator() = default;
  // More groups, which begin empty.
  virtual void resize(std::size_t groups) = 0;
  // Row i of the arguments belongs to group groups[i]. 22003: past the result's range.
  virtual Result<void> add(std::span<const Column* const> arguments, std::span<const GroupNumber> groups) = 0;
  // Appends the results of groups [first, first + count).
  virtual Result<void> finish(std::size_t first, std::size_t count, Column& out) const = 0;
  [[nodiscard]] virtual std::size_t memory_bytes() const noexcept = 0;
  [[nodiscard]] virtual std::size_t state_bytes() const noexcept = 0;  // Of a new group.
};
using AccumulatorPtr = std::unique_ptr<Accumulator>;

// Null: the kind does not take such arguments.
AccumulatorPtr make_accumulator(AggregateKind kind, std::span<const Type> arguments, const Type& result);

// Parts of it by family.
AccumulatorPtr make_sum(const Type& argument, const Type& result);
AccumulatorPtr make_average(const Type& argument, const Type& result);
AccumulatorPtr make_variance(AggregateKind kind, const Type& argument);
AccumulatorPtr make_extreme(const Type& argument, bool greatest);
AccumulatorPtr make_at_time(const Type& value, const Type& time, bool last);
AccumulatorPtr make_string_agg();

}  // namespace mneme::query
