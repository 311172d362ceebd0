// OnConflict: what becomes of rows proposed by INSERT ... ON CONFLICT: added, left out, or a change of the row that is
// there. A row proposed twice by one statement is added once (DO NOTHING) or refused (DO UPDATE, 21000), as it would
// otherwise depend on the order of the rows.
#pragma once

#include <string>
#include <unordered_set>

#include "query/execution.h"

namespace mneme::query {

class OnConflict {  // One thread at a time.
 public:
  static Result<OnConflict> make(const Insert& insert, ExecutionContext& context);

  // The rows to add for these proposed ones, in their order; the rows they replace have ended.
  Result<Batch> resolve(Batch proposed);

 private:
  using Keys = std::unordered_set<std::string>;
  struct Met;
  OnConflict(const Insert& insert, ExecutionContext& context, Reservation memory);

  Result<Batch> leave_out(Batch proposed);
  Result<Batch> update(Batch proposed);
  Result<Met> meet(const Batch& proposed, std::span<const RowId> conflicts);
  Result<void> take_key(const Batch& rows, std::size_t row);
  Result<void> refuse_taken(const Batch& rows, std::size_t row);

  const Insert& insert_;
  const ConflictAction& action_;
  ExecutionContext& context_;
  std::vector<const IndexSchema*> indexes_;
  Keys taken_;  // DO UPDATE: keys of the rows this statement has added or changed.
  std::size_t taken_bytes_ = 0;
  Reservation memory_;
  ByteBuffer key_;  // Of the row at hand; empty: it has a NULL and equals nothing.
};

}  // namespace mneme::query
