// Scope: the names an expression may use, and which input column each one is.
//
// Column i of a scope is column i of the rows an expression is computed over. USING merges two columns: the name alone
// then means one of them, and the others answer to `table.name` only.
// A subquery's scope knows the one around it. A reference to a column of that one is a column of index
// kOuterColumn + i, which only the WHERE of EXISTS and IN may hold: it is decorrelated into a join.
// One thread at a time.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "query/plan.h"
#include "sql/ast_query.h"

namespace mneme::sql::binding {

constexpr std::size_t kOuterColumn = std::size_t{1} << 40;
constexpr std::size_t kAggregateColumn = std::size_t{1} << 41;  // + i: the i-th aggregate call of a SELECT.

struct ScopeColumn {
  std::string name;  // Empty: nobody may name it, such as the RowId of an UPDATE.
  Type type;
  bool qualified_only = false;
  bool hidden = false;  // Not part of `*`.
};
struct ScopeTable {
  std::string name;    // The alias, or the table's own name.
  std::string source;  // The table's own name; empty: none.
  std::vector<std::size_t> columns;
  query::SchemaPtr schema;      // Null: not a table of the catalogue.
  bool qualified_only = false;  // `excluded`: its columns are found as excluded.c only.
};

struct Scope {
  std::vector<ScopeColumn> columns;
  std::vector<ScopeTable> tables;
  std::vector<std::size_t> star;  // The columns of `*`, in its order.
  const Scope* outer = nullptr;
  bool correlates = false;  // Columns of `outer` may be referred to.
};

// Adds a table's columns behind those that are there. 42712: its name is taken.
Result<void> add_table(Scope& scope, ScopeTable table, std::vector<ScopeColumn> columns, SourcePosition at);
// Puts the right side of a join behind the left one.
Result<void> append_scope(Scope& left, Scope right, SourcePosition at);
Scope table_scope(const query::SchemaPtr& table, const std::string& alias);  // Of one table's columns, in its order.

struct ScopeReference {
  std::size_t index = 0;
  Type type;
};
// 42703, 42702, 42P01: no such column, several, no such table in FROM.
Result<ScopeReference> resolve_column(const Scope& scope, const ColumnRef& reference, SourcePosition at);
// The column a bare name means in this scope alone; none: there is none. 42702.
Result<std::optional<std::size_t>> find_column(const Scope& scope, const std::string& name, SourcePosition at);
// The columns of `*` or `t.*`.
Result<std::vector<std::size_t>> star_columns(const Scope& scope, const Star& star, SourcePosition at);

}  // namespace mneme::sql::binding
