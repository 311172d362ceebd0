// SELECT: its list, WHERE, GROUP BY, HAVING; and windows.
#include <utility>

#include "sql/grammar.h"

namespace mneme::sql::grammar {
namespace {

// *, t.* and s.t.*; null when something else stands there.
Result<ExpressionPtr> optional_star(Cursor& cursor) {
  const auto is_path = [&](std::size_t i) { return cursor.at(TokenKind::dot, i + 1); };
  const SourcePosition at = cursor.peek().at;
  if (cursor.accept_operator("*")) return make(Star{}, at);
  if (!at_name(cursor) || !is_path(0)) return ExpressionPtr();
  const bool two = is_path(2);
  if (!cursor.at_operator("*", two ? 4 : 2)) return ExpressionPtr();
  Star star;
  star.table = cursor.take().value;
  cursor.take();
  if (two) {
    star.schema = std::move(star.table);
    star.table = cursor.take().value;
    cursor.take();
  }
  cursor.take();
  return make(std::move(star), at);
}

Result<SelectItem> select_item(Cursor& cursor) {
  SelectItem item;
  item.expression = TRY(optional_star(cursor));
  if (item.expression) return item;
  item.expression = TRY(expression(cursor));
  if (cursor.accept("as")) {
    if (!cursor.at(TokenKind::identifier) && !cursor.at(TokenKind::quoted_identifier)) {
      return cursor.unexpected("a name behind AS");
    }
    item.alias = cursor.take().value;
  } else if (at_name(cursor)) {
    item.alias = cursor.take().value;
  }
  return item;
}

// PostgreSQL allows a SELECT of no columns.
bool at_end_of_list(Cursor& cursor) {
  for (const char* const word : {"from", "where", "group", "having", "window", "into"}) {
    if (cursor.at(word)) return true;
  }
  return at_query_tail(cursor) || cursor.at(TokenKind::right_parenthesis) || cursor.at(TokenKind::semicolon) ||
         cursor.at(TokenKind::end);
}

Result<std::vector<GroupingElement>> grouping_elements(Cursor& cursor);

// `(a, b)` was read as row(a, b).
GroupingElement grouping_set(ExpressionPtr expression) {
  GroupingElement element;
  element.at = expression->at;
  element.sets.emplace_back();
  auto* call = std::get_if<Call>(&expression->node);
  if (call != nullptr && call->name == "row" && call->schema.empty() && !call->arguments.empty()) {
    element.sets[0] = std::move(call->arguments);
  } else {
    element.sets[0].push_back(std::move(expression));
  }
  return element;
}

// ROLLUP (...), CUBE (...), at the word.
Result<GroupingElement> rollup(Cursor& cursor) {
  GroupingElement element;
  element.at = cursor.peek().at;
  element.kind = cursor.take().value == "cube" ? GroupingElement::Kind::cube : GroupingElement::Kind::rollup;
  auto list = TRY(parenthesised_list(cursor));
  for (auto& expression : list) element.sets.push_back(std::move(grouping_set(std::move(expression)).sets[0]));
  return element;
}

Result<GroupingElement> grouping_element(Cursor& cursor) {
  GroupingElement element;
  element.at = cursor.peek().at;
  if (cursor.at(TokenKind::left_parenthesis) && cursor.at(TokenKind::right_parenthesis, 1)) {
    cursor.take();
    cursor.take();
    element.kind = GroupingElement::Kind::empty;
    return element;
  }
  if ((cursor.at("rollup") || cursor.at("cube")) && cursor.at(TokenKind::left_parenthesis, 1)) return rollup(cursor);
  if (cursor.accept("grouping", "sets")) {
    const Nesting nesting(cursor);
    TRY(nesting.check());
    element.kind = GroupingElement::Kind::grouping_sets;
    TRY(cursor.expect(TokenKind::left_parenthesis, "("));
    element.elements = TRY(grouping_elements(cursor));
    TRY(cursor.expect(TokenKind::right_parenthesis, ")"));
    return element;
  }
  ExpressionPtr key = TRY(expression(cursor));
  return grouping_set(std::move(key));
}

Result<std::vector<GroupingElement>> grouping_elements(Cursor& cursor) {
  std::vector<GroupingElement> elements;
  do {
    elements.push_back(TRY(grouping_element(cursor)));
  } while (cursor.accept(TokenKind::comma));
  return elements;
}

Result<void> group_by(Cursor& cursor, SelectCore& core) {
  if (!cursor.accept("group")) return {};
  TRY(cursor.expect("by"));
  core.group_distinct = cursor.accept("distinct");
  if (!core.group_distinct) cursor.accept("all");
  core.group_by = TRY(grouping_elements(cursor));
  return {};
}

Result<void> window_clause(Cursor& cursor, SelectCore& core) {
  if (!cursor.accept("window")) return {};
  do {
    NamedWindow named;
    named.name = TRY(name(cursor, "the name of a window"));
    TRY(cursor.expect("as"));
    named.window = TRY(window(cursor));
    core.windows.push_back(std::move(named));
  } while (cursor.accept(TokenKind::comma));
  return {};
}

Result<SortItem> sort_item(Cursor& cursor) {
  SortItem item;
  item.expression = TRY(expression(cursor));
  item.descending = cursor.accept("desc");
  if (!item.descending) cursor.accept("asc");
  TRY(optional_nulls(cursor, item.nulls));
  return item;
}

Result<FrameBound> frame_bound(Cursor& cursor) {
  using Kind = FrameBound::Kind;
  FrameBound bound;
  if (cursor.accept("current", "row")) {
    bound.kind = Kind::current_row;
    return bound;
  }
  const bool unbounded = cursor.accept("unbounded");
  if (!unbounded) bound.offset = TRY(expression(cursor));
  if (cursor.accept("preceding")) {
    bound.kind = unbounded ? Kind::unbounded_preceding : Kind::preceding;
  } else if (cursor.accept("following")) {
    bound.kind = unbounded ? Kind::unbounded_following : Kind::following;
  } else {
    return cursor.unexpected("PRECEDING or FOLLOWING");
  }
  return bound;
}

Result<void> frame_exclusion(Cursor& cursor, WindowFrame& frame) {
  if (!cursor.accept("exclude")) return {};
  if (cursor.accept("current", "row")) {
    frame.exclude = WindowFrame::Exclude::current_row;
  } else if (cursor.accept("group")) {
    frame.exclude = WindowFrame::Exclude::group;
  } else if (cursor.accept("ties")) {
    frame.exclude = WindowFrame::Exclude::ties;
  } else {
    return cursor.expect("no", "others");
  }
  return {};
}

bool at_frame(Cursor& cursor) { return cursor.at("rows") || cursor.at("range") || cursor.at("groups"); }

Result<WindowFrame> window_frame(Cursor& cursor) {
  WindowFrame frame;
  const Token unit = cursor.take();
  frame.unit = unit.value == "rows"     ? WindowFrame::Unit::rows
               : unit.value == "groups" ? WindowFrame::Unit::groups
                                        : WindowFrame::Unit::range;
  if (cursor.accept("between")) {
    frame.start = TRY(frame_bound(cursor));
    TRY(cursor.expect("and"));
    frame.end = TRY(frame_bound(cursor));
  } else {
    frame.start = TRY(frame_bound(cursor));
  }
  TRY(frame_exclusion(cursor, frame));
  return frame;
}

}  // namespace

Result<void> optional_nulls(Cursor& cursor, SortItem::Nulls& nulls) {
  if (!cursor.at("nulls")) return {};
  if (cursor.accept("nulls", "first")) {
    nulls = SortItem::Nulls::first;
  } else if (cursor.accept("nulls", "last")) {
    nulls = SortItem::Nulls::last;
  } else {
    cursor.take();
    return cursor.unexpected("FIRST or LAST");
  }
  return {};
}

Result<std::vector<SelectItem>> select_items(Cursor& cursor) {
  std::vector<SelectItem> items;
  do {
    items.push_back(TRY(select_item(cursor)));
  } while (cursor.accept(TokenKind::comma));
  return items;
}

Result<std::vector<SelectItem>> optional_returning(Cursor& cursor) {
  if (!cursor.accept("returning")) return std::vector<SelectItem>();
  return select_items(cursor);
}

Result<ExpressionPtr> optional_where(Cursor& cursor) {
  if (!cursor.accept("where")) return ExpressionPtr();
  return expression(cursor);
}

Result<std::vector<SortItem>> optional_order_by(Cursor& cursor) {
  std::vector<SortItem> items;
  if (!cursor.accept("order")) return items;
  TRY(cursor.expect("by"));
  do {
    items.push_back(TRY(sort_item(cursor)));
  } while (cursor.accept(TokenKind::comma));
  return items;
}

Result<SelectCore> select_core(Cursor& cursor) {
  SelectCore core;
  core.distinct = cursor.accept("distinct");
  if (!core.distinct) cursor.accept("all");
  if (core.distinct && cursor.accept("on")) core.distinct_on = TRY(parenthesised_list(cursor));
  if (core.distinct || !at_end_of_list(cursor)) core.items = TRY(select_items(cursor));
  if (cursor.accept("from")) core.from = TRY(from_list(cursor));
  core.where = TRY(optional_where(cursor));
  TRY(group_by(cursor, core));
  if (cursor.accept("having")) core.having = TRY(expression(cursor));
  TRY(window_clause(cursor, core));
  return core;
}

Result<Window> window(Cursor& cursor) {
  const Nesting nesting(cursor);
  TRY(nesting.check());
  Window window;
  window.at = cursor.peek().at;
  TRY(cursor.expect(TokenKind::left_parenthesis, "("));
  if (at_name(cursor) && !cursor.at("partition") && !at_frame(cursor)) window.base = cursor.take().value;
  if (cursor.accept("partition")) {
    TRY(cursor.expect("by"));
    window.partition_by = TRY(expression_list(cursor));
  }
  window.order_by = TRY(optional_order_by(cursor));
  if (at_frame(cursor)) window.frame = TRY(window_frame(cursor));
  TRY(cursor.expect(TokenKind::right_parenthesis, ")"));
  return window;
}

}  // namespace mneme::sql::grammar
