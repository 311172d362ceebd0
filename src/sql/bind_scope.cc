#include "sql/bind_scope.h"

#include <algorithm>

#include "sql/bind_error.h"

namespace mneme::sql::binding {
namespace {

bool is_default_schema(const std::string& schema) { return schema.empty() || schema == "public"; }

const ScopeTable* find_table(const Scope& scope, const std::string& schema, const std::string& name) {
  if (!is_default_schema(schema)) return nullptr;
  const auto found = std::ranges::find(scope.tables, name, &ScopeTable::name);
  return found == scope.tables.end() ? nullptr : &*found;
}

Error ambiguous(const std::string& name, SourcePosition at) {
  return wrong("42702", "column reference \"" + name + "\" is ambiguous", at)
      .with_hint("say whose it is: table." + name);
}

Result<std::optional<std::size_t>> find_in_table(const Scope& scope, const ScopeTable& table, const std::string& name,
                                                 SourcePosition at) {
  std::optional<std::size_t> found;
  for (const std::size_t index : table.columns) {
    if (scope.columns[index].name != name) continue;
    if (found) return ambiguous(name, at);
    found = index;
  }
  return found;
}

Error no_such_column(const Scope& scope, const ColumnRef& reference, SourcePosition at) {
  const bool qualified = !reference.table.empty();
  std::vector<std::string> names;
  for (const ScopeColumn& column : scope.columns) {
    if (!column.name.empty()) names.push_back(column.name);
  }
  std::string shown = qualified ? reference.table + "." + reference.column : "\"" + reference.column + "\"";
  Error error = missing("42703", "column " + shown + " does not exist", at);
  if (reference.quoted) return std::move(error).with_hint("text is written 'in single quotes'");
  const auto* table = find_table(scope, "", reference.column);
  if (table != nullptr && !qualified) return std::move(error).with_hint("a whole row is written " + table->name + ".*");
  return std::move(error).with_hint(nearest_hint(reference.column, names));
}

Error no_such_table(const Scope& scope, const std::string& name, SourcePosition at) {
  Error error = missing("42P01", "missing FROM-clause entry for table \"" + name + "\"", at);
  const auto hidden = std::ranges::find(scope.tables, name, &ScopeTable::source);
  if (hidden != scope.tables.end()) {
    return std::move(error).with_hint("the table goes by its alias here: \"" + hidden->name + "\"");
  }
  std::vector<std::string> names;
  for (const ScopeTable& table : scope.tables) names.push_back(table.name);
  return std::move(error).with_hint(nearest_hint(name, names));
}

// What a name means in one scope. `answered`: the search ends here even if nothing was found.
struct Here {
  std::optional<std::size_t> index;
  bool answered = false;
};

Result<Here> find_here(const Scope& scope, const ColumnRef& reference, SourcePosition at) {
  if (reference.table.empty()) return Here{TRY(find_column(scope, reference.column, at)), false};
  const ScopeTable* table = find_table(scope, reference.schema, reference.table);
  if (table == nullptr) return Here{};
  return Here{TRY(find_in_table(scope, *table, reference.column, at)), true};
}

Result<ScopeReference> outer_reference(const Scope& scope, std::size_t index, int depth, SourcePosition at) {
  if (depth == 1 && scope.correlates) {
    return ScopeReference{kOuterColumn + index, scope.outer->columns[index].type};
  }
  return not_yet("a subquery that refers to a column around it, here,", at,
                 "such references work in the WHERE of EXISTS and IN; otherwise use a join");
}

}  // namespace

Result<void> add_table(Scope& scope, ScopeTable table, std::vector<ScopeColumn> columns, SourcePosition at) {
  if (!table.name.empty() && std::ranges::find(scope.tables, table.name, &ScopeTable::name) != scope.tables.end()) {
    return wrong("42712", "table name \"" + table.name + "\" specified more than once", at)
        .with_hint("give one of them an alias: " + table.name + " AS other");
  }
  for (ScopeColumn& column : columns) {
    const std::size_t index = scope.columns.size();
    if (!column.name.empty()) table.columns.push_back(index);
    if (!column.name.empty() && !column.hidden && !table.qualified_only) scope.star.push_back(index);
    if (table.qualified_only) column.qualified_only = true;
    scope.columns.push_back(std::move(column));
  }
  scope.tables.push_back(std::move(table));
  return {};
}

Result<void> append_scope(Scope& left, Scope right, SourcePosition at) {
  const std::size_t shift = left.columns.size();
  for (ScopeColumn& column : right.columns) left.columns.push_back(std::move(column));
  for (const std::size_t index : right.star) left.star.push_back(index + shift);
  for (ScopeTable& table : right.tables) {
    const auto taken = std::ranges::find(left.tables, table.name, &ScopeTable::name);
    if (taken != left.tables.end()) {
      return wrong("42712", "table name \"" + table.name + "\" specified more than once", at)
          .with_hint("give one of them an alias: " + table.name + " AS other");
    }
    for (std::size_t& index : table.columns) index += shift;
    left.tables.push_back(std::move(table));
  }
  return {};
}

Scope table_scope(const query::SchemaPtr& table, const std::string& alias) {
  Scope scope;
  std::vector<ScopeColumn> columns;
  for (const ColumnSchema& column : table->columns) columns.push_back({column.name, column.type, false, column.hidden});
  // The first table of a scope: its name cannot be taken.
  auto added = add_table(scope, {alias.empty() ? table->name : alias, table->name, {}, table}, std::move(columns), {});
  ASSERT(added.has_value());
  return scope;
}

Result<std::optional<std::size_t>> find_column(const Scope& scope, const std::string& name, SourcePosition at) {
  std::optional<std::size_t> found;
  for (std::size_t index = 0; index < scope.columns.size(); ++index) {
    const ScopeColumn& column = scope.columns[index];
    if (column.qualified_only || column.name != name) continue;
    if (found) return ambiguous(name, at);
    found = index;
  }
  return found;
}

Result<ScopeReference> resolve_column(const Scope& scope, const ColumnRef& reference, SourcePosition at) {
  int depth = 0;
  for (const Scope* around = &scope; around != nullptr; around = around->outer, ++depth) {
    const Here here = TRY(find_here(*around, reference, at));
    if (here.index && depth == 0) return ScopeReference{*here.index, scope.columns[*here.index].type};
    if (here.index) return outer_reference(scope, *here.index, depth, at);
    if (here.answered) return no_such_column(*around, reference, at);
  }
  if (!reference.table.empty()) return no_such_table(scope, reference.table, at);
  return no_such_column(scope, reference, at);
}

Result<std::vector<std::size_t>> star_columns(const Scope& scope, const Star& star, SourcePosition at) {
  if (star.table.empty()) {
    if (scope.tables.empty()) return wrong("42601", "SELECT * with no tables specified is not valid", at);
    return scope.star;
  }
  const ScopeTable* table = find_table(scope, star.schema, star.table);
  if (table == nullptr) return no_such_table(scope, star.table, at);
  std::vector<std::size_t> columns;
  for (const std::size_t index : table->columns) {
    if (!scope.columns[index].hidden) columns.push_back(index);
  }
  return columns;
}

}  // namespace mneme::sql::binding
