// Queries around their SELECTs: WITH, set operations, VALUES, LIMIT.
#include <utility>

#include "sql/grammar.h"

namespace mneme::sql::grammar {
namespace {

QueryBodyPtr make_body(decltype(QueryBody::node) node, SourcePosition at) {
  return std::make_unique<QueryBody>(QueryBody{std::move(node), at});
}

Result<ExpressionPtr> value_or_default(Cursor& cursor) {
  if (!cursor.at("default")) return expression(cursor);
  return make(DefaultMarker{}, cursor.take().at);
}

Result<ValuesClause> values(Cursor& cursor) {
  ValuesClause clause;
  do {
    const Nesting nesting(cursor);
    TRY(nesting.check());
    TRY(cursor.expect(TokenKind::left_parenthesis, "("));
    std::vector<ExpressionPtr> row;
    do {
      row.push_back(TRY(value_or_default(cursor)));
    } while (cursor.accept(TokenKind::comma));
    if (!cursor.accept(TokenKind::right_parenthesis)) return cursor.unexpected("\",\" or \")\"");
    clause.rows.push_back(std::move(row));
  } while (cursor.accept(TokenKind::comma));
  return clause;
}

// What set operations stand between.
Result<QueryBodyPtr> body_term(Cursor& cursor) {
  const SourcePosition at = cursor.peek().at;
  if (cursor.accept("select")) {
    SelectCore core = TRY(select_core(cursor));
    return make_body(std::move(core), at);
  }
  if (cursor.accept("values")) {
    ValuesClause clause = TRY(values(cursor));
    return make_body(std::move(clause), at);
  }
  if (!cursor.at(TokenKind::left_parenthesis)) return cursor.unexpected("SELECT, VALUES or \"(\"");
  QueryPtr inner = TRY(parenthesised_query(cursor));
  return make_body(std::move(inner), at);
}

std::optional<SetOperator> set_operator(Cursor& cursor) {
  if (cursor.at("union")) return SetOperator::union_rows;
  if (cursor.at("intersect")) return SetOperator::intersect;
  if (cursor.at("except")) return SetOperator::except;
  return std::nullopt;
}

// INTERSECT binds tighter than UNION and EXCEPT; all go from left to right.
Result<QueryBodyPtr> set_operations(Cursor& cursor, QueryBodyPtr left, bool only_intersect) {
  Height height(cursor);
  for (;;) {
    const auto op = set_operator(cursor);
    if (!op || (only_intersect && *op != SetOperator::intersect)) return left;
    TRY(height.grow());
    const SourcePosition at = cursor.take().at;
    SetOperation node{*op, cursor.accept("all"), std::move(left), nullptr};
    if (!node.all) cursor.accept("distinct");
    node.right = TRY(body_term(cursor));
    if (*op != SetOperator::intersect) node.right = TRY(set_operations(cursor, std::move(node.right), true));
    left = make_body(std::move(node), at);
  }
}

// FETCH {FIRST | NEXT} [count] {ROW | ROWS} {ONLY | WITH TIES}, behind FETCH.
Result<void> fetch(Cursor& cursor, Query& query) {
  if (!cursor.accept("first") && !cursor.accept("next")) return cursor.unexpected("FIRST or NEXT");
  if (cursor.at("row") || cursor.at("rows")) {
    query.limit = make(Literal{LiteralKind::integer, "1"}, cursor.peek().at);
  } else {
    query.limit = TRY(expression(cursor, Level::sign));
  }
  if (!cursor.accept("row") && !cursor.accept("rows")) return cursor.unexpected("ROW or ROWS");
  if (cursor.accept("only")) return {};
  query.with_ties = true;
  return cursor.expect("with", "ties");
}

// LIMIT, OFFSET and FETCH, each at most once, in any order.
Result<void> limits(Cursor& cursor, Query& query) {
  bool limited = false;
  for (;;) {
    if (!limited && cursor.accept("limit")) {
      limited = true;
      if (!cursor.accept("all")) query.limit = TRY(expression(cursor));
    } else if (!limited && cursor.accept("fetch")) {
      limited = true;
      TRY(fetch(cursor, query));
    } else if (!query.offset && cursor.accept("offset")) {
      query.offset = TRY(expression(cursor));
      if (!cursor.accept("rows")) cursor.accept("row");
    } else {
      return {};
    }
  }
}

Result<void> tail(Cursor& cursor, Query& query) {
  query.body = TRY(set_operations(cursor, std::move(query.body), false));
  query.order_by = TRY(optional_order_by(cursor));
  return limits(cursor, query);
}

Result<CommonTable> common_table(Cursor& cursor) {
  CommonTable table;
  table.name = TRY(name(cursor, "the name of a common table expression"));
  table.columns = TRY(optional_name_list(cursor, "a column"));
  TRY(cursor.expect("as"));
  if (cursor.accept("materialized")) table.materialized = CommonTable::Materialized::yes;
  if (cursor.accept("not", "materialized")) table.materialized = CommonTable::Materialized::no;
  table.query = TRY(parenthesised_query(cursor));
  return table;
}

}  // namespace

bool at_query(Cursor& cursor, std::size_t ahead) {
  if (cursor.at("values", ahead)) return cursor.at(TokenKind::left_parenthesis, ahead + 1);
  return cursor.at("select", ahead) || cursor.at("with", ahead);
}

bool at_query_tail(Cursor& cursor) {
  return set_operator(cursor).has_value() || cursor.at("order") || cursor.at("limit") || cursor.at("offset") ||
         cursor.at("fetch");
}

Result<With> with_clause(Cursor& cursor) {
  TRY(cursor.expect("with"));
  With with;
  with.recursive = cursor.accept("recursive");
  do {
    with.tables.push_back(TRY(common_table(cursor)));
  } while (cursor.accept(TokenKind::comma));
  return with;
}

Result<QueryPtr> query_after_with(Cursor& cursor, With with) {
  Height height(cursor);
  auto query = std::make_unique<Query>();
  query->at = cursor.peek().at;
  query->recursive = with.recursive;
  query->with = std::move(with.tables);
  query->body = TRY(body_term(cursor));
  TRY(tail(cursor, *query));
  return query;
}

Result<QueryPtr> query(Cursor& cursor) {
  Height height(cursor);
  With with;
  if (cursor.at("with")) with = TRY(with_clause(cursor));
  return query_after_with(cursor, std::move(with));
}

Result<QueryPtr> parenthesised_query(Cursor& cursor) {
  const Nesting nesting(cursor);
  TRY(nesting.check());
  TRY(cursor.expect(TokenKind::left_parenthesis, "("));
  QueryPtr inner = TRY(query(cursor));
  TRY(cursor.expect(TokenKind::right_parenthesis, ")"));
  return inner;
}

Result<QueryPtr> query_tail(Cursor& cursor, QueryPtr first) {
  Height height(cursor);
  auto query = std::make_unique<Query>();
  query->at = first->at;
  query->body = make_body(std::move(first), query->at);
  TRY(height.grow());
  TRY(tail(cursor, *query));
  return query;
}

}  // namespace mneme::sql::grammar
