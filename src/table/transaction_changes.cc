#include "table/transaction_changes.h"

namespace mneme {

PendingRows& Transaction::Changes::rows_of(const std::shared_ptr<const TableSchema>& schema) {
  return rows.try_emplace(schema->id, schema).first->second;
}

const PendingRows* Transaction::Changes::find_rows(TableId table) const {
  const auto found_rows = rows.find(table);
  return found_rows == rows.end() ? nullptr : &found_rows->second;
}

Transaction::Savepoint Transaction::Changes::mark(std::string name) const {
  Savepoint point{std::move(name), {}, schema_changes.size(), std::nullopt};
  for (const auto& [table, pending] : rows) point.marks.emplace(table, pending.mark());
  return point;
}

void Transaction::Changes::before_schema_change() {
  const auto keep = [&](Savepoint& point) {
    if (!point.kept) point.kept = Savepoint::Kept{rows, schemas};
  };
  for (Savepoint& point : savepoints) keep(point);
  keep(statement);
}

void Transaction::Changes::rollback(Savepoint& to) {
  known_keys.clear();
  if (to.kept) {
    rows = to.kept->rows;
    schemas = to.kept->schemas;
    schema_changes.resize(to.schema_changes);
    to.kept.reset();
  }
  for (auto& [table, pending] : rows) {
    const auto mark_of = to.marks.find(table);
    pending.rollback(mark_of == to.marks.end() ? PendingRows::Mark{} : mark_of->second);
  }
}

}  // namespace mneme
