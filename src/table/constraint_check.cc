#include "table/constraint_check.h"

#include <algorithm>

namespace mneme {
namespace {

std::string text_of(RowId row) { return std::to_string(static_cast<std::uint64_t>(row)); }

Result<void> check_not_null(Transaction& transaction, const TableSchema& schema, std::vector<std::string>& problems) {
  ScanRequest request;
  request.table = schema.id;
  for (const ColumnSchema& column : schema.columns) {
    if (!column.not_null) continue;
    request.columns.push_back(column.id);
    if (column.type.kind == TypeKind::blob) request.by_reference.push_back(column.id);
  }
  const std::vector<ColumnId> asked = request.columns;
  if (asked.empty()) return {};
  std::vector<std::uint64_t> nulls(asked.size());
  std::vector<RowId> first(asked.size()), rows;
  const auto reader = TRY(transaction.scan(std::move(request)));
  while (const auto batch = TRY(reader->next(rows))) {
    for (std::size_t i = 0; i < asked.size(); ++i) {
      for (std::size_t row = 0; row < rows.size(); ++row) {
        if (batch->columns[i].is_null(row) && nulls[i]++ == 0) first[i] = rows[row];
      }
    }
  }
  for (std::size_t i = 0; i < asked.size(); ++i) {
    if (nulls[i] == 0) continue;
    problems.push_back("column '" + schema.find(asked[i])->name + "' of table '" + schema.name + "' is NOT NULL, and " +
                       std::to_string(nulls[i]) + " rows have none there, the first of them row " + text_of(first[i]));
  }
  return {};
}

// In the index's order rows of one key follow one another.
Result<void> check_unique(Transaction& transaction, const TableSchema& schema, const IndexSchema& index,
                          std::vector<std::string>& problems) {
  ScanRequest request;
  request.table = schema.id;
  request.columns = index.columns;
  request.key.emplace().index = index.id;
  const auto reader = TRY(transaction.scan(std::move(request)));
  std::vector<RowId> rows;
  ByteBuffer before, key;
  RowId row_before{};
  std::uint64_t taken = 0;
  std::string pair;
  while (const auto batch = TRY(reader->next(rows))) {
    for (std::size_t row = 0; row < rows.size(); ++row) {
      if (std::ranges::any_of(batch->columns, [&](const Column& column) { return column.is_null(row); })) continue;
      key.clear();
      encode_key(batch->columns, row, key);
      if (key == before && taken++ == 0) pair = text_of(row_before) + " and " + text_of(rows[row]);
      std::swap(key, before);
      row_before = rows[row];
    }
  }
  if (taken == 0) return {};
  problems.push_back("unique index '" + index.name + "' of table '" + schema.name + "': " + std::to_string(taken) +
                     " rows have a key that another has, the first such two are rows " + pair);
  return {};
}

}  // namespace

Result<void> check_constraints(Transaction& transaction, std::vector<std::string>& problems) {
  for (const auto& schema : transaction.tables()) {
    TRY(check_not_null(transaction, *schema, problems));
    for (const IndexSchema& index : schema->indexes) {
      if (index.unique) TRY(check_unique(transaction, *schema, index, problems));
    }
  }
  return {};
}

}  // namespace mneme
