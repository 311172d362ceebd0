// CommitCheck: what must hold against the commits that came since the transaction's snapshot.
#pragma once

#include "table/transaction.h"

namespace mneme {

class CommitCheck final : public CommitValidator {  // One thread at a time, under the commit lock.
 public:
  explicit CommitCheck(Transaction& transaction) : transaction_(transaction) {}
  // conflict: 40001, a table was altered, or rows came to one that this transaction alters in a way that asks something
  // of its rows; 23505, a unique key was taken. constraint, 23505: rows that came break a unique index that is made.
  Result<void> validate(const Snapshot& latest, const WriteSet& writes) override;
  // Of the snapshot only the schemas stay: no statement reads by it any more.
  void let_go() override;

 private:
  Result<void> check_schema(const Snapshot& latest, TableId table) const;
  Result<void> check_altered(const Snapshot& latest, const TableSchema& schema);
  [[nodiscard]] bool have_come(const TableVersion& before, const TableVersion& now) const;
  Result<void> check_keys(const Snapshot& latest, const InsertRows& rows) const;
  Transaction& transaction_;
};

// The unique indexes that `after` has and `before` has not; they point into `after`.
std::vector<const IndexSchema*> new_unique_indexes(const TableSchema& before, const TableSchema& after);

}  // namespace mneme
