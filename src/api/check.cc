// Database::check(): the bytes of the files, the indexes beside their rows, the rows beside what their tables ask.
#include <algorithm>

#include "api/guarded.h"
#include "api/session.h"
#include "query/checks.h"
#include "query/rules_expression.h"
#include "sql/binder.h"
#include "table/constraint_check.h"

namespace mneme {
namespace {

// Long values are only read for the CHECKs that read their columns.
std::vector<ColumnId> left_out(const TableSchema& schema, const std::vector<query::CheckExpression>& checks) {
  std::vector<bool> read(schema.columns.size());
  for (const query::CheckExpression& check : checks) {
    query::for_each_column(*check.predicate, [&](const query::Expression& column) { read[column.index] = true; });
  }
  std::vector<ColumnId> left;
  for (std::size_t i = 0; i < schema.columns.size(); ++i) {
    if (!read[i] && schema.columns[i].type.kind == TypeKind::blob) left.push_back(schema.columns[i].id);
  }
  return left;
}

// The first row that violates one goes to `problems`.
Result<void> hold_checks(Engine& engine, Transaction& transaction, const std::shared_ptr<const TableSchema>& schema,
                         std::vector<std::string>& problems) {
  const auto checks = TRY(sql::bind_checks(schema, bind_context(transaction, {})));
  if (checks.empty()) return {};
  ScanRequest request;
  request.table = schema->id;
  for (const ColumnSchema& column : schema->columns) request.columns.push_back(column.id);
  request.by_reference = left_out(*schema, checks);
  const auto reader = TRY(transaction.scan(std::move(request)));
  std::vector<Column> now;
  now.emplace_back(Type{.kind = TypeKind::timestamp}).append(transaction.now_ns());
  std::vector<RowId> rows;
  while (const auto batch = TRY(reader->next(rows))) {
    auto held = query::hold_checks(
        checks, *schema, {.batch = *batch, .rows = rows.size(), .parameters = now, .budget = &engine.store().budget()});
    if (held) continue;
    if (held.error().code() == Code::full) return held;
    problems.push_back(held.error().message());
    return {};
  }
  return {};
}

Result<void> check_rows(Engine& engine, std::vector<std::string>& problems) {
  const auto transaction = TRY(engine.begin());
  TRY(check_constraints(*transaction, problems));
  for (const auto& schema : transaction->tables()) TRY(hold_checks(engine, *transaction, schema, problems));
  return {};
}

}  // namespace

Result<CheckReport> Database::check() {
  return guarded(*state_->engine, [&]() -> Result<CheckReport> {
    StoreCheck found = TRY(state_->engine->store().check());
    TRY(state_->engine->check_indexes(found.problems));
    // What cannot be read for damage is named above, by file and offset.
    auto held = check_rows(*state_->engine, found.problems);
    const bool is_known = !held && held.error().code() == Code::corrupt && !found.problems.empty();
    if (!held && !is_known) return std::move(held).error();
    return CheckReport{found.files, found.rows, std::move(found.problems)};
  });
}

}  // namespace mneme
