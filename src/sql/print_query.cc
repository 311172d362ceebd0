// Queries.
#include "sql/print.h"
#include "sql/printer.h"

namespace mneme::sql {
namespace {

void put_alias(Printer& p, const TableAlias& alias) {
  if (alias.name.empty()) return;
  p.put(" AS ");
  p.name(alias.name);
  p.names(alias.columns);
}

void put_ref(Printer& p, const TableRef& ref);

void put_join(Printer& p, const Join& join) {
  constexpr std::string_view kKinds[] = {"JOIN ", "LEFT JOIN ", "RIGHT JOIN ", "FULL JOIN ", "CROSS JOIN "};
  put_ref(p, *join.left);
  p.put(join.natural ? " NATURAL " : join.asof ? " ASOF " : " ");
  p.put(kKinds[static_cast<std::size_t>(join.kind)]);
  const bool nested = std::holds_alternative<Join>(join.right->node);
  if (nested) p.put("(");
  put_ref(p, *join.right);
  if (nested) p.put(")");
  p.clause(" ON ", join.on);
  if (!join.using_columns.empty()) p.put(" USING");
  p.names(join.using_columns);
  p.clause(" WITHIN ", join.within);
}

void put_ref(Printer& p, const TableRef& ref) {
  if (const auto* base = std::get_if<BaseTable>(&ref.node)) {
    p.table(base->name);
    put_alias(p, base->alias);
  } else if (const auto* derived = std::get_if<DerivedTable>(&ref.node)) {
    if (derived->lateral) p.put("LATERAL ");
    p.subquery(*derived->query);
    put_alias(p, derived->alias);
  } else if (const auto* function = std::get_if<TableFunction>(&ref.node)) {
    if (function->lateral) p.put("LATERAL ");
    p.expression(*function->call);
    if (function->with_ordinality) p.put(" WITH ORDINALITY");
    put_alias(p, function->alias);
  } else {
    put_join(p, std::get<Join>(ref.node));
  }
}

// A set of one stands alone, a longer one in parentheses.
void put_set(Printer& p, const std::vector<ExpressionPtr>& set) {
  if (set.size() > 1) p.put("(");
  p.expressions(set);
  if (set.size() > 1) p.put(")");
}

void put_grouping(Printer& p, const std::vector<GroupingElement>& elements) {
  using Kind = GroupingElement::Kind;
  p.commas(elements, [&](const GroupingElement& element) {
    switch (element.kind) {
      case Kind::expression: return put_set(p, element.sets[0]);
      case Kind::empty: return p.put("()");
      case Kind::rollup: p.put("ROLLUP ("); break;
      case Kind::cube: p.put("CUBE ("); break;
      case Kind::grouping_sets: p.put("GROUPING SETS ("); break;
    }
    p.commas(element.sets, [&](const auto& set) { put_set(p, set); });
    put_grouping(p, element.elements);
    p.put(")");
  });
}

void put_core(Printer& p, const SelectCore& core) {
  p.put(core.distinct ? "SELECT DISTINCT" : "SELECT");
  if (!core.distinct_on.empty()) {
    p.put(" ON (");
    p.expressions(core.distinct_on);
    p.put(")");
  }
  if (!core.items.empty()) p.put(" ");
  p.select_items(core.items);
  p.from(" FROM ", core.from);
  p.clause(" WHERE ", core.where);
  if (!core.group_by.empty()) p.put(core.group_distinct ? " GROUP BY DISTINCT " : " GROUP BY ");
  put_grouping(p, core.group_by);
  p.clause(" HAVING ", core.having);
  if (!core.windows.empty()) p.put(" WINDOW ");
  p.commas(core.windows, [&](const NamedWindow& named) {
    p.name(named.name.text);
    p.put(" AS ");
    p.window(named.window);
  });
}

void put_body(Printer& p, const QueryBody& body) {
  if (const auto* core = std::get_if<SelectCore>(&body.node)) return put_core(p, *core);
  if (const auto* inner = std::get_if<QueryPtr>(&body.node)) return p.subquery(**inner);
  if (const auto* values = std::get_if<ValuesClause>(&body.node)) {
    p.put("VALUES ");
    return p.commas(values->rows, [&](const auto& row) {
      p.put("(");
      p.expressions(row);
      p.put(")");
    });
  }
  constexpr std::string_view kNames[] = {" UNION ", " INTERSECT ", " EXCEPT "};
  const auto& set = std::get<SetOperation>(body.node);
  put_body(p, *set.left);  // Precedence needs no parentheses here: the text's own are nodes.
  p.put(kNames[static_cast<std::size_t>(set.op)]);
  if (set.all) p.put("ALL ");
  put_body(p, *set.right);
}

void put_bound(Printer& p, const FrameBound& bound) {
  using Kind = FrameBound::Kind;
  switch (bound.kind) {
    case Kind::unbounded_preceding: return p.put("UNBOUNDED PRECEDING");
    case Kind::unbounded_following: return p.put("UNBOUNDED FOLLOWING");
    case Kind::current_row: return p.put("CURRENT ROW");
    case Kind::preceding:
    case Kind::following:
      p.expression(*bound.offset);
      p.put(bound.kind == Kind::preceding ? " PRECEDING" : " FOLLOWING");
  }
}

void put_frame(Printer& p, const WindowFrame& frame) {
  constexpr std::string_view kUnits[] = {" ROWS BETWEEN ", " RANGE BETWEEN ", " GROUPS BETWEEN "};
  constexpr std::string_view kExcluded[] = {"", " EXCLUDE CURRENT ROW", " EXCLUDE GROUP", " EXCLUDE TIES"};
  p.put(kUnits[static_cast<std::size_t>(frame.unit)]);
  put_bound(p, frame.start);
  p.put(" AND ");
  put_bound(p, frame.end);
  p.put(kExcluded[static_cast<std::size_t>(frame.exclude)]);
}

}  // namespace

void Printer::order_by(const std::vector<SortItem>& items) {
  if (items.empty()) return;
  put(" ORDER BY ");
  commas(items, [&](const SortItem& item) {
    expression(*item.expression);
    if (item.descending) put(" DESC");
    if (item.nulls == SortItem::Nulls::first) put(" NULLS FIRST");
    if (item.nulls == SortItem::Nulls::last) put(" NULLS LAST");
  });
}

void Printer::window(const Window& window) {
  if (window.bare) return name(window.base);
  put("(");
  const std::size_t begin = out.size();
  if (!window.base.empty()) name(window.base);
  if (!window.partition_by.empty()) put(" PARTITION BY ");
  expressions(window.partition_by);
  order_by(window.order_by);
  if (window.frame) put_frame(*this, *window.frame);
  if (out.size() > begin && out[begin] == ' ') out.erase(begin, 1);  // The first clause's.
  put(")");
}

void Printer::with(bool recursive, const std::vector<CommonTable>& tables) {
  if (tables.empty()) return;
  put(recursive ? "WITH RECURSIVE " : "WITH ");
  commas(tables, [&](const CommonTable& table) {
    name(table.name.text);
    names(table.columns);
    put(" AS ");
    if (table.materialized == CommonTable::Materialized::yes) put("MATERIALIZED ");
    if (table.materialized == CommonTable::Materialized::no) put("NOT MATERIALIZED ");
    subquery(*table.query);
  });
  put(" ");
}

void Printer::select_items(const std::vector<SelectItem>& items) {
  commas(items, [&](const SelectItem& item) {
    expression(*item.expression);
    if (item.alias.empty()) return;
    put(" AS ");
    name(item.alias);
  });
}

void Printer::from(std::string_view word, const std::vector<TableRefPtr>& refs) {
  if (refs.empty()) return;
  put(word);
  commas(refs, [&](const TableRefPtr& ref) { put_ref(*this, *ref); });
}

void Printer::query(const Query& query) {
  with(query.recursive, query.with);
  put_body(*this, *query.body);
  order_by(query.order_by);
  clause(" OFFSET ", query.offset);
  if (!query.with_ties) return clause(" LIMIT ", query.limit);
  put(" FETCH FIRST ");
  expression(*query.limit, grammar::Level::sign);
  put(" ROWS WITH TIES");
}

void Printer::subquery(const Query& inner) {
  put("(");
  query(inner);
  put(")");
}

std::string print(const Query& query) {
  Printer printer;
  printer.query(query);
  return std::move(printer.out);
}

}  // namespace mneme::sql
