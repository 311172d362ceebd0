#include "differential/random_change.h"

#include <algorithm>
#include <set>
#include <utility>

#include "differential/random_expression.h"

namespace mneme::differential {
namespace {

Tree name_of(const Table& table) {
  Tree tree = clause(table.name);
  tree.plain = "p" + table.name;
  return tree;
}

Tree row_of(Draw& draw, const Table& table, std::int64_t key) {
  std::vector<Tree> values{integer_literal(key)};
  for (std::size_t i = 1; i < table.columns.size(); ++i) values.push_back(column_value(draw, table.columns[i]));
  return list("(@)", ", ", std::move(values));
}

Tree insert_of(const Table& table, std::vector<Tree> rows, Tree tail) {
  // Not a list that shrinks: its length is that of every row.
  std::string columns;
  for (const Column& column : table.columns) columns += (columns.empty() ? "" : ", ") + column.name;
  return clause("INSERT INTO @ (" + columns + ") VALUES @@",
                {name_of(table), list("@", ", ", std::move(rows)), std::move(tail)});
}

Scope scope_of(const Table& table, const Schema& schema, bool subqueries) {
  Scope scope{.columns = {}, .free = false, .schema = subqueries ? &schema : nullptr};
  for (const Column& column : table.columns) {
    scope.columns.push_back({node(column.sort, table.name + "." + column.name), column.sort, column.wide});
    scope.columns.back().name.plain = "p" + table.name + "." + column.name;
  }
  return scope;
}

Tree returning(Draw& draw, const Table& table) {
  if (!draw.one_in(3)) return clause("");
  std::vector<Tree> names;
  for (std::size_t count = 1 + draw.below(3); count > 0; --count) names.push_back(clause(draw.of(table.columns).name));
  return optional_clause(" RETURNING @", {list("@", ", ", std::move(names))});
}

// A new value for a column that may be computed from the row. Unique ones are drawn: an expression could make the
// outcome depend on the order in which rows are changed.
Tree new_value(Draw& draw, const Column& column, const Scope& scope) {
  if (column.unique || column.wide || column.required) return column_value(draw, column);
  return random_expression(draw, scope, column.sort, 2);
}

Tree assignments(Draw& draw, const Table& table, const Scope& scope) {
  std::set<std::size_t> chosen;
  for (std::size_t count = 1 + draw.below(2); count > 0; --count)
    chosen.insert(1 + draw.below(table.columns.size() - 1));
  std::vector<Tree> out;
  for (const std::size_t i : chosen) {
    const Column& column = table.columns[i];
    out.push_back(clause(column.name + " = @", {new_value(draw, column, scope)}));
  }
  return list("@", ", ", std::move(out));
}

Tree where(Draw& draw, const Table& table, const Scope& scope) {
  if (table.keyed && draw.one_in(3)) {
    const std::int64_t least = draw.between(0, static_cast<std::int64_t>(table.rows));
    return clause(" WHERE @",
                  {node(Sort::boolean, "(@ BETWEEN @ AND @)",
                        {scope.columns[0].name, integer_literal(least), integer_literal(least + draw.between(0, 9))})});
  }
  return clause(" WHERE @", {random_predicate(draw, scope, 2)});
}

// ON CONFLICT over the key, for tables where nothing else can conflict.
Tree on_conflict(Draw& draw, const Table& table) {
  if (draw.one_in(3)) return clause(" ON CONFLICT DO NOTHING");
  const bool unique = std::ranges::any_of(table.columns, [](const Column& column) { return column.unique; });
  if (unique || !table.keyed) return clause("");
  if (draw.one_in(3)) return clause(" ON CONFLICT (id) DO NOTHING");
  const Column& column = table.columns[1 + draw.below(table.columns.size() - 1)];
  return clause(" ON CONFLICT (id) DO UPDATE SET " + column.name + " = excluded." + column.name);
}

Tree insert(Draw& draw, Table& table) {
  std::set<std::int64_t> keys;  // Distinct: DO UPDATE must not meet a row twice.
  for (std::size_t count = 1 + draw.below(4); count > 0; --count) {
    keys.insert(draw.between(0, static_cast<std::int64_t>(table.rows) + 12));
  }
  std::vector<Tree> rows;
  for (const std::int64_t key : keys) rows.push_back(row_of(draw, table, key));
  Tree tail = clause("@@", {on_conflict(draw, table), returning(draw, table)});
  table.rows += keys.size();
  return insert_of(table, std::move(rows), std::move(tail));
}

}  // namespace

Tree random_change(Draw& draw, Schema& schema) {
  Table& table = schema.tables[draw.below(schema.tables.size())];
  const Scope scope = scope_of(table, schema, true);
  switch (draw.below(6)) {
    case 0: return clause("DELETE FROM @@@", {name_of(table), where(draw, table, scope), returning(draw, table)});
    case 1:
    case 2: return insert(draw, table);
    case 3:
      if (table.keyed && draw.one_in(3)) {
        // Far enough that no key meets another on the way.
        return clause("UPDATE @ SET id = id + 100000@@",
                      {name_of(table), where(draw, table, scope), returning(draw, table)});
      }
      [[fallthrough]];
    default:
      return clause("UPDATE @ SET @@@", {name_of(table), assignments(draw, table, scope_of(table, schema, false)),
                                         where(draw, table, scope), returning(draw, table)});
  }
}

Tree insert_rows(Draw& draw, const Table& table, std::size_t begin, std::size_t count) {
  std::vector<Tree> rows;
  for (std::size_t i = 0; i < count; ++i) rows.push_back(row_of(draw, table, static_cast<std::int64_t>(begin + i)));
  return insert_of(table, std::move(rows), clause(" ON CONFLICT DO NOTHING"));
}

}  // namespace mneme::differential
