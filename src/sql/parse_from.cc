// FROM: tables, subqueries, table functions, joins.
#include <utility>

#include "sql/grammar.h"

namespace mneme::sql::grammar {
namespace {

TableRefPtr make_ref(decltype(TableRef::node) node, SourcePosition at) {
  return std::make_unique<TableRef>(TableRef{std::move(node), at});
}

// ASOF is a word like any other unless a join follows it.
bool at_asof(Cursor& cursor) {
  return cursor.at("asof") &&
         (cursor.at("join", 1) || (cursor.at("left", 1) && !cursor.at(TokenKind::left_parenthesis, 2)));
}

Result<TableAlias> optional_alias(Cursor& cursor) {
  TableAlias alias;
  alias.at = cursor.peek().at;
  const bool as = cursor.accept("as");
  if (!as && (!at_name(cursor) || at_asof(cursor))) return alias;
  alias.name = TRY(name(cursor, "a name behind AS")).text;
  alias.columns = TRY(optional_name_list(cursor, "a column"));
  return alias;
}

Result<TableRefPtr> derived(Cursor& cursor, QueryPtr query, bool lateral, SourcePosition at) {
  DerivedTable table{std::move(query), {}, lateral};
  table.alias = TRY(optional_alias(cursor));
  return make_ref(std::move(table), at);
}

bool at_function(Cursor& cursor) {
  const Token& first = cursor.peek();
  const bool word = first.kind == TokenKind::quoted_identifier ||
                    (first.kind == TokenKind::identifier && first.word != WordClass::reserved);
  if (!word) return false;
  if (cursor.at(TokenKind::left_parenthesis, 1)) return true;
  return cursor.at(TokenKind::dot, 1) && cursor.at(TokenKind::left_parenthesis, 3);
}

Result<TableRefPtr> table_function(Cursor& cursor, bool lateral) {
  const SourcePosition at = cursor.peek().at;
  TableFunction function;
  function.lateral = lateral;
  function.call = TRY(primary(cursor));
  if (!std::holds_alternative<Call>(function.call->node)) {
    return Error(Code::invalid_argument, "FROM takes a table, a query in parentheses or a function")
        .with_sqlstate("42601")
        .at(at);
  }
  if (cursor.accept("with")) {
    TRY(cursor.expect("ordinality"));
    function.with_ordinality = true;
  }
  function.alias = TRY(optional_alias(cursor));
  return make_ref(std::move(function), at);
}

Result<TableRefPtr> table_ref(Cursor& cursor);

bool is_bare_query(const TableRef& ref) {
  const auto* derived = std::get_if<DerivedTable>(&ref.node);
  return derived != nullptr && derived->alias.name.empty() && !derived->lateral;
}

// ( query ) alias, or ( table JOIN table ... ).
Result<TableRefPtr> parenthesised(Cursor& cursor, bool lateral) {
  const SourcePosition at = cursor.peek().at;
  QueryPtr subquery;
  {
    const Nesting nesting(cursor);
    TRY(nesting.check());
    TRY(cursor.expect(TokenKind::left_parenthesis, "("));
    if (at_query(cursor)) {
      subquery = TRY(query(cursor));
    } else {
      TableRefPtr inner = TRY(table_ref(cursor));
      if (!is_bare_query(*inner)) {
        TRY(cursor.expect(TokenKind::right_parenthesis, ")"));
        if (lateral) return cursor.unexpected("a query in the parentheses behind LATERAL");
        return inner;
      }
      subquery = std::move(std::get<DerivedTable>(inner->node).query);
      if (at_query_tail(cursor)) subquery = TRY(query_tail(cursor, std::move(subquery)));
    }
    TRY(cursor.expect(TokenKind::right_parenthesis, ")"));
  }
  return derived(cursor, std::move(subquery), lateral, at);
}

Result<TableRefPtr> table_term(Cursor& cursor) {
  const bool lateral = cursor.accept("lateral");
  if (cursor.at(TokenKind::left_parenthesis)) return parenthesised(cursor, lateral);
  if (lateral || at_function(cursor)) return table_function(cursor, lateral);
  BaseTable table;
  table.name = TRY(table_name(cursor, "a table"));
  table.alias = TRY(optional_alias(cursor));
  const SourcePosition at = table.name.at;
  return make_ref(std::move(table), at);
}

bool at_join(Cursor& cursor) {
  for (const char* const word : {"join", "inner", "cross", "left", "right", "full", "natural"}) {
    if (cursor.at(word)) return true;
  }
  return at_asof(cursor);
}

// NATURAL LEFT OUTER JOIN and so on, through the word JOIN.
Result<Join> join_words(Cursor& cursor) {
  Join join;
  join.asof = cursor.accept("asof");
  join.natural = !join.asof && cursor.accept("natural");
  if (cursor.accept("left"))
    join.kind = JoinKind::left;
  else if (!join.asof && cursor.accept("right"))
    join.kind = JoinKind::right;
  else if (!join.asof && cursor.accept("full"))
    join.kind = JoinKind::full;
  else if (!join.asof && !join.natural && cursor.accept("cross"))
    join.kind = JoinKind::cross;
  else
    cursor.accept("inner");
  if (join.kind != JoinKind::inner && join.kind != JoinKind::cross) cursor.accept("outer");
  TRY(cursor.expect("join"));
  return join;
}

// ON, USING and WITHIN.
Result<void> join_condition(Cursor& cursor, Join& join) {
  if (join.natural || join.kind == JoinKind::cross) return {};
  if (!join.asof && cursor.accept("using")) {
    join.using_columns = TRY(name_list(cursor, "a column"));
    return {};
  }
  if (!cursor.accept("on")) return cursor.unexpected(join.asof ? "ON" : "ON or USING");
  join.on = TRY(expression(cursor));
  if (join.asof && cursor.accept("within")) join.within = TRY(expression(cursor));
  return {};
}

Result<TableRefPtr> joins(Cursor& cursor, TableRefPtr left);

Result<TableRefPtr> join_right(Cursor& cursor, const Join& join) {
  TableRefPtr right = TRY(table_term(cursor));
  const bool conditional = !join.natural && join.kind != JoinKind::cross;
  if (!conditional || !at_join(cursor)) return right;
  const Nesting nesting(cursor);  // a JOIN b JOIN c ON ... ON ...: the inner one is the right side.
  TRY(nesting.check());
  return joins(cursor, std::move(right));
}

Result<TableRefPtr> joins(Cursor& cursor, TableRefPtr left) {
  Height height(cursor);
  while (at_join(cursor)) {
    TRY(height.grow());
    const SourcePosition at = cursor.peek().at;
    Join join = TRY(join_words(cursor));
    join.left = std::move(left);
    join.right = TRY(join_right(cursor, join));
    TRY(join_condition(cursor, join));
    left = make_ref(std::move(join), at);
  }
  return left;
}

Result<TableRefPtr> table_ref(Cursor& cursor) {
  Height height(cursor);
  TableRefPtr first = TRY(table_term(cursor));
  return joins(cursor, std::move(first));
}

}  // namespace

Result<std::vector<TableRefPtr>> from_list(Cursor& cursor) {
  std::vector<TableRefPtr> tables;
  do {
    tables.push_back(TRY(table_ref(cursor)));
  } while (cursor.accept(TokenKind::comma));
  return tables;
}

}  // namespace mneme::sql::grammar
