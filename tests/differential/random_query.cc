#include "differential/random_query.h"

#include <utility>

#include "differential/random_expression.h"

namespace mneme::differential {
namespace {

constexpr std::size_t kRowProductMax = 20'000;  // What a join of all tables in FROM may visit.

// The tables of a FROM clause, each with an alias.
struct From {
  Tree tree;
  std::vector<ScopeColumn> columns;
  std::size_t product = 1;  // Of the tables' rows.
};

Tree select_of(std::vector<Tree> parts) { return clause("@SELECT @@ FROM @@@@@@", std::move(parts)); }

std::vector<Tree> empty_parts() {
  std::vector<Tree> parts(9, clause(""));
  return parts;
}

// Builds one query. One thread at a time.
class QueryBuilder {
 public:
  QueryBuilder(Draw& draw, const Schema& schema, bool free) : draw_(draw), schema_(schema), free_(free) {}

  From from(bool subqueries) {
    From out;
    out.tree = list("@", " ", {source(out, subqueries)});
    while (draw_.one_in(3) && out.product < kRowProductMax / 30) join(out, subqueries);
    return out;
  }

  Scope scope_of(const From& from) { return {.columns = from.columns, .free = free_, .schema = &schema_}; }

  Tree where(const Scope& scope) { return optional_clause(" WHERE @", {condition_on(scope)}); }

  // Now and then with a subquery as a condition of its own.
  Tree condition_on(const Scope& scope) {
    Tree predicate = random_predicate(draw_, scope, 3);
    if (scope.schema == nullptr || !draw_.one_in(6)) return predicate;
    Tree subquery = subquery_condition(draw_, scope);
    return draw_.one_in(2) ? subquery : node(Sort::boolean, "(@ AND @)", {std::move(predicate), std::move(subquery)});
  }

  // Items that are named k0, k1 ..., with their sorts.
  Tree items(const Scope& scope, std::vector<Sort>& sorts) {
    std::vector<Tree> out;
    for (std::size_t count = 1 + draw_.below(4); count > 0; --count) {
      out.push_back(item(plain_item(scope, sorts), out.size()));
    }
    return list("@", ", ", std::move(out));
  }

  Query query() {
    if (draw_.one_in(12)) return set_query();
    if (draw_.one_in(12)) return with_query();
    std::vector<Sort> sorts;
    Query out;
    out.free = free_;
    auto parts = draw_.one_in(3) ? grouped(sorts, true) : listed(sorts, true);
    out.ordered = order(parts, sorts.size());
    out.tree = select_of(std::move(parts));
    return out;
  }

  std::vector<Tree> listed(std::vector<Sort>& sorts, bool subqueries) {
    const From source = from(subqueries);
    const Scope scope = scope_of(source);
    auto parts = empty_parts();
    parts[SelectPart::items] = items(scope, sorts);
    parts[SelectPart::from] = source.tree;
    if (!draw_.one_in(5)) parts[SelectPart::where] = where(scope);
    if (draw_.one_in(5)) parts[SelectPart::distinct] = optional_clause("DISTINCT ");
    return parts;
  }

  std::vector<Tree> grouped(std::vector<Sort>& sorts, bool subqueries) {
    const From source = from(subqueries);
    const Scope scope = scope_of(source);
    auto parts = empty_parts();
    std::vector<Tree> out;
    std::string ordinals;
    for (std::size_t count = draw_.below(3); count > 0; --count) {
      Tree key =
          draw_.one_in(3) ? random_expression(draw_, scope, draw_.of(kKeySorts), 2) : draw_.of(scope.columns).name;
      sorts.push_back(key.sort);
      out.push_back(item(std::move(key), out.size()));
      ordinals += (ordinals.empty() ? "" : ", ") + std::to_string(out.size());
    }
    for (std::size_t count = 1 + draw_.below(3); count > 0; --count) {
      Tree value = aggregate(scope);
      sorts.push_back(value.sort);
      out.push_back(item(std::move(value), out.size()));
    }
    parts[SelectPart::items] = list("@", ", ", std::move(out));
    parts[SelectPart::from] = source.tree;
    if (draw_.one_in(2)) parts[SelectPart::where] = where(scope);
    if (!ordinals.empty()) {
      parts[SelectPart::group] = clause(" GROUP BY " + ordinals);
      if (draw_.one_in(3)) parts[SelectPart::having] = optional_clause(" HAVING @", {having(scope)});
    }
    return parts;
  }

  // A condition on aggregates only.
  Tree having(const Scope& scope) {
    Tree left = aggregate(scope);
    Tree right = literal(draw_, left.sort);
    static const std::vector<std::string> kForms{"(@ > @)", "(@ <= @)", "(@ = @)", "(@ <> @)"};
    Tree one = node(Sort::boolean, draw_.of(kForms), {std::move(left), std::move(right)});
    if (draw_.one_in(2)) return one;
    return node(Sort::boolean, draw_.one_in(2) ? "(@ OR @)" : "(@ AND @)", {std::move(one), having(scope)});
  }

 private:
  static inline const std::vector<Sort> kKeySorts{Sort::integer, Sort::text, Sort::boolean, Sort::date};

  Tree item(Tree value, std::size_t number) {
    Tree tree = clause("@ AS k" + std::to_string(number), {std::move(value)});
    return tree;
  }

  Tree plain_item(const Scope& scope, std::vector<Sort>& sorts) {
    Tree value =
        draw_.one_in(2) ? draw_.of(scope.columns).name : random_expression(draw_, scope, random_sort(draw_), 3);
    sorts.push_back(value.sort);
    return value;
  }

  Tree aggregate(const Scope& scope) {
    switch (draw_.below(free_ ? 12 : 8)) {
      case 0: return node(Sort::integer, "count(*)");
      case 1: return node(Sort::integer, "count(@)", {random_expression(draw_, scope, random_sort(draw_), 2)});
      case 2: return node(Sort::integer, "count(DISTINCT @)", {random_expression(draw_, scope, random_sort(draw_), 1)});
      case 3: return node(Sort::integer, "sum(@)", {random_expression(draw_, scope, Sort::integer, 2)});
      case 4: return node(Sort::floating, "sum(@)", {random_expression(draw_, scope, Sort::floating, 2)});
      case 5: return extreme(scope);
      case 6:
        return node(Sort::integer, "sum(@) FILTER (WHERE @)",
                    {random_expression(draw_, scope, Sort::integer, 1), random_predicate(draw_, scope, 1)});
      case 8: return node(Sort::decimal, "sum(@)", {random_expression(draw_, scope, Sort::decimal, 1)});
      case 9: return node(Sort::boolean, "bool_and(@)", {random_predicate(draw_, scope, 2)});
      case 10: return node(Sort::boolean, "bool_or(@)", {random_predicate(draw_, scope, 2)});
      case 11: return node(Sort::floating, "avg(@)", {random_expression(draw_, scope, Sort::floating, 1)});
      default: return extreme(scope);
    }
  }

  Tree extreme(const Scope& scope) {
    static const std::vector<Sort> kOrdered{Sort::integer,   Sort::text, Sort::floating,
                                            Sort::timestamp, Sort::date, Sort::decimal};
    const Sort sort = draw_.of(kOrdered);
    return node(sort, draw_.one_in(2) ? "min(@)" : "max(@)", {random_expression(draw_, scope, sort, 2)});
  }

  // One table or subquery with the next alias, its columns added to the scope.
  Tree source(From& out, bool subqueries) {
    const std::string alias(1, static_cast<char>('a' + aliases_++));
    if (subqueries && draw_.one_in(6)) {
      std::vector<Sort> sorts;
      QueryBuilder inner(draw_, schema_, free_);
      auto parts = draw_.one_in(3) ? inner.grouped(sorts, false) : inner.listed(sorts, false);
      for (std::size_t i = 0; i < sorts.size(); ++i) {
        out.columns.push_back({node(sorts[i], alias + ".k" + std::to_string(i)), sorts[i], sorts[i] == Sort::integer});
      }
      out.product *= 40;
      return clause("(@) AS " + alias, {select_of(std::move(parts))});
    }
    const Table& table = draw_.of(schema_.tables);
    out.product *= table.rows + 1;
    for (const Column& column : table.columns) {
      out.columns.push_back({node(column.sort, alias + "." + column.name), column.sort, column.wide});
    }
    return table_name(table, " AS " + alias);
  }

  void join(From& out, bool subqueries) {
    std::vector<ScopeColumn> left = out.columns;
    Tree right = source(out, subqueries);
    switch (draw_.below(5)) {
      case 0: out.tree.children.push_back(optional_clause("CROSS JOIN @", {std::move(right)})); return;
      case 1:
      case 2:
        out.tree.children.push_back(
            optional_clause("LEFT JOIN @ ON @", {std::move(right), condition(out, left.size())}));
        return;
      default:
        out.tree.children.push_back(optional_clause("JOIN @ ON @", {std::move(right), condition(out, left.size())}));
    }
  }

  // Mostly an equality between a column of each side, else anything.
  Tree condition(const From& out, std::size_t left_columns) {
    const Scope scope{.columns = out.columns, .free = free_, .schema = nullptr};
    const std::vector<ScopeColumn> left(out.columns.begin(),
                                        out.columns.begin() + static_cast<std::ptrdiff_t>(left_columns));
    std::vector<Tree> equalities;
    for (std::size_t i = left_columns; i < out.columns.size(); ++i) {
      for (const ScopeColumn& column : left) {
        if (column.sort == out.columns[i].sort) {
          equalities.push_back(node(Sort::boolean, "(@ = @)", {column.name, out.columns[i].name}));
        }
      }
    }
    if (equalities.empty() || draw_.one_in(5)) return random_predicate(draw_, scope, 2);
    Tree tree = draw_.of(equalities);
    if (draw_.one_in(3)) tree = node(Sort::boolean, "(@ AND @)", {std::move(tree), draw_.of(equalities)});
    if (draw_.one_in(3)) tree = node(Sort::boolean, "(@ AND @)", {std::move(tree), random_predicate(draw_, scope, 1)});
    return tree;
  }

  Tree table_name(const Table& table, const std::string& tail) {
    Tree tree = clause(table.name + tail);
    tree.plain = "p" + table.name + tail;
    return tree;
  }

  // ORDER BY every output column, in a drawn order and direction: no two rows that differ are tied.
  bool order(std::vector<Tree>& parts, std::size_t columns) {
    if (draw_.one_in(2)) return false;
    std::vector<std::size_t> sequence;
    for (std::size_t i = 1; i <= columns; ++i) {
      sequence.insert(sequence.begin() + static_cast<std::ptrdiff_t>(draw_.below(sequence.size() + 1)), i);
    }
    std::vector<Tree> keys;
    for (const std::size_t ordinal : sequence) keys.push_back(order_key(std::to_string(ordinal)));
    parts[SelectPart::order] = optional_clause(" ORDER BY @", {list("@", ", ", std::move(keys))});
    if (draw_.one_in(2)) {
      const std::string offset = draw_.one_in(3) ? " OFFSET " + std::to_string(draw_.below(8)) : "";
      parts[SelectPart::limit] = optional_clause(" LIMIT " + std::to_string(draw_.below(12)) + offset);
    }
    return true;
  }

  // SQLite's NULLs come first where PostgreSQL's come last, so it is always told.
  Tree order_key(const std::string& ordinal) {
    switch (draw_.below(4)) {
      case 0: return told(ordinal + " DESC", " NULLS FIRST");
      case 1: return clause(ordinal + (draw_.one_in(2) ? " NULLS FIRST" : " NULLS LAST"));
      case 2: return clause(ordinal + (draw_.one_in(2) ? " DESC NULLS FIRST" : " DESC NULLS LAST"));
      default: return told(ordinal, " NULLS LAST");
    }
  }
  static Tree told(const std::string& key, const std::string& nulls) {
    Tree tree = clause(key);
    tree.sqlite = key + nulls;
    return tree;
  }

  // The columns of one table that both halves of a set operation name.
  Query set_query() {
    const Table& table = draw_.of(schema_.tables);
    std::vector<Tree> names;
    for (std::size_t count = 1 + draw_.below(2); count > 0; --count)
      names.push_back(clause("s." + draw_.of(table.columns).name));
    const auto half = [&] {
      Scope scope{.columns = {}, .free = free_, .schema = &schema_};
      for (const Column& column : table.columns)
        scope.columns.push_back({node(column.sort, "s." + column.name), column.sort, column.wide});
      return clause("SELECT @ FROM @@", {list("@", ", ", names), table_name(table, " AS s"), where(scope)});
    };
    static const std::vector<std::string> kOperations{"@ UNION ALL @", "@ UNION @", "@ INTERSECT @", "@ EXCEPT @"};
    return {.tree = clause(draw_.of(kOperations), {half(), half()}), .free = free_, .ordered = false};
  }

  Query with_query() {
    std::vector<Sort> sorts;
    QueryBuilder inner(draw_, schema_, free_);
    Tree common = select_of(draw_.one_in(2) ? inner.grouped(sorts, false) : inner.listed(sorts, false));
    Scope scope{.columns = {}, .free = free_, .schema = nullptr};
    for (std::size_t i = 0; i < sorts.size(); ++i) {
      scope.columns.push_back({node(sorts[i], "w.k" + std::to_string(i)), sorts[i], sorts[i] == Sort::integer});
    }
    auto parts = empty_parts();
    parts[SelectPart::with] = clause("WITH w AS (@) ", {std::move(common)});
    std::vector<Sort> outer;
    parts[SelectPart::items] = items(scope, outer);
    parts[SelectPart::from] = clause("w");
    parts[SelectPart::where] = where(scope);
    return {.tree = select_of(std::move(parts)), .free = free_, .ordered = false};
  }

  Draw& draw_;
  const Schema& schema_;
  const bool free_;
  int aliases_ = 0;
};

}  // namespace

Query random_query(Draw& draw, const Schema& schema, bool free) {
  if (free && draw.one_in(12)) {
    const Table& table = draw.of(schema.tables);
    Scope scope{.columns = {}, .free = true, .schema = nullptr};
    for (const Column& column : table.columns)
      scope.columns.push_back({node(column.sort, column.name), column.sort, column.wide});
    Tree name = clause(table.name);
    name.plain = "p" + table.name;
    return {.tree = clause("SELECT @ FROM @", {risky_expression(draw, scope), std::move(name)}),
            .free = true,
            .ordered = false};
  }
  return QueryBuilder(draw, schema, free).query();
}

Tree random_filtered(Draw& draw, const Schema& schema, bool free) {
  QueryBuilder builder(draw, schema, free);
  const From source = builder.from(true);
  const Scope scope = builder.scope_of(source);
  std::vector<Sort> sorts;
  auto parts = empty_parts();
  parts[SelectPart::items] = builder.items(scope, sorts);
  parts[SelectPart::from] = source.tree;
  parts[SelectPart::where] =
      clause(" WHERE @", {draw.one_in(4) ? builder.condition_on(scope) : random_predicate(draw, scope, 3)});
  return select_of(std::move(parts));
}

Tree random_grouped(Draw& draw, const Schema& schema, bool free) {
  QueryBuilder builder(draw, schema, free);
  const From source = builder.from(true);
  const Scope scope = builder.scope_of(source);
  auto parts = empty_parts();
  parts[SelectPart::items] =
      list("@", ", ", {clause("@ AS k0", {draw.of(scope.columns).name}), clause("count(*) AS k1")});
  parts[SelectPart::from] = source.tree;
  parts[SelectPart::group] = clause(" GROUP BY 1");
  parts[SelectPart::having] = clause(" HAVING @", {builder.having(scope)});
  return select_of(std::move(parts));
}

Query random_point_query(Draw& draw, const Schema& schema) {
  std::vector<const Table*> keyed;
  for (const Table& table : schema.tables) {
    if (table.keyed) keyed.push_back(&table);
  }
  if (keyed.empty()) return random_query(draw, schema, false);
  const Table& table = *keyed[draw.below(keyed.size())];
  std::vector<Tree> names;
  for (std::size_t count = 1 + draw.below(3); count > 0; --count) names.push_back(clause(draw.of(table.columns).name));
  Tree name = clause(table.name);
  name.plain = "p" + table.name;
  return {.tree = clause("SELECT @ FROM @ WHERE id = @",
                         {list("@", ", ", std::move(names)), std::move(name),
                          integer_literal(draw.between(-2, static_cast<std::int64_t>(table.rows) + 2))}),
          .free = false,
          .ordered = true};
}

}  // namespace mneme::differential
