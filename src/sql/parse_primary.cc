// What operators stand between: literals, names, parentheses, CASE, EXISTS.
#include <charconv>
#include <utility>

#include "sql/grammar.h"

namespace mneme::sql::grammar {
namespace {

ExpressionPtr literal(Cursor& cursor, LiteralKind kind) {
  Token token = cursor.take();
  return make(Literal{kind, std::move(token.value)}, token.at);
}

Result<ExpressionPtr> parameter(Cursor& cursor) {
  const Token token = cursor.take();
  std::uint32_t number = 0;  // Stays 0, which is refused, when it does not fit.
  std::from_chars(token.value.data(), token.value.data() + token.value.size(), number);
  TRY(cursor.note_parameter(number, token.at));
  return make(Parameter{number}, token.at);
}

// (a, b) is row(a, b), from its first comma on.
Result<ExpressionPtr> row(Cursor& cursor, ExpressionPtr first, SourcePosition at) {
  Call node;
  node.name = "row";
  node.arguments.push_back(std::move(first));
  while (cursor.accept(TokenKind::comma)) node.arguments.push_back(TRY(expression(cursor)));
  if (!cursor.accept(TokenKind::right_parenthesis)) return cursor.unexpected("\",\" or \")\"");
  return make(std::move(node), at);
}

// ( expression ) or ( query ); parentheses leave no node of their own.
Result<ExpressionPtr> parenthesised(Cursor& cursor) {
  const Nesting nesting(cursor);
  TRY(nesting.check());
  const SourcePosition at = cursor.take().at;
  ExpressionPtr inner;
  if (at_query(cursor)) {
    QueryPtr subquery = TRY(query(cursor));
    inner = make(ScalarSubquery{std::move(subquery)}, at);
  } else {
    inner = TRY(expression(cursor));
    auto* scalar = std::get_if<ScalarSubquery>(&inner->node);
    if (scalar != nullptr && at_query_tail(cursor)) scalar->query = TRY(query_tail(cursor, std::move(scalar->query)));
  }
  if (cursor.at(TokenKind::comma)) return row(cursor, std::move(inner), at);
  TRY(cursor.expect(TokenKind::right_parenthesis, ")"));
  return inner;
}

Result<ExpressionPtr> case_expression(Cursor& cursor) {
  const Nesting nesting(cursor);
  TRY(nesting.check());
  const SourcePosition at = cursor.take().at;
  Case node;
  if (!cursor.at("when")) node.operand = TRY(expression(cursor));
  while (cursor.accept("when")) {
    Case::When when;
    when.condition = TRY(expression(cursor));
    TRY(cursor.expect("then"));
    when.result = TRY(expression(cursor));
    node.whens.push_back(std::move(when));
  }
  if (node.whens.empty()) return cursor.unexpected("WHEN");
  if (cursor.accept("else")) node.otherwise = TRY(expression(cursor));
  if (!cursor.accept("end")) return cursor.unexpected(node.otherwise ? "END" : "WHEN, ELSE or END");
  return make(std::move(node), at);
}

Result<ExpressionPtr> exists(Cursor& cursor) {
  const SourcePosition at = cursor.take().at;
  QueryPtr subquery = TRY(parenthesised_query(cursor));
  return make(Exists{std::move(subquery)}, at);
}

bool is_call_word(const Token& token) {
  if (token.kind == TokenKind::quoted_identifier) return true;
  if (token.word == WordClass::ordinary || token.word == WordClass::type_or_function) return true;
  return token.value == "coalesce" || token.value == "nullif" || token.value == "greatest" || token.value == "least" ||
         token.value == "grouping" || token.value == "row";
}

// a, t.a, s.t.a, f(...), s.f(...), type 'text'.
Result<ExpressionPtr> named(Cursor& cursor) {
  if (at_special_call(cursor)) return special_call(cursor);
  if (at_typed_literal(cursor)) return typed_literal(cursor);
  const Token& first = cursor.peek();
  const bool word = first.kind == TokenKind::identifier || first.kind == TokenKind::quoted_identifier;
  const bool calls = word && first.word != WordClass::reserved && cursor.at(TokenKind::left_parenthesis, 1);
  if (calls && is_call_word(first)) {
    Token token = cursor.take();
    return call(cursor, Name{}, Name{std::move(token.value), token.at});
  }
  if (!at_name(cursor)) return cursor.unexpected("an expression");

  std::vector<Name> parts;
  bool quoted = false;
  do {
    quoted = cursor.at(TokenKind::quoted_identifier);
    if (!parts.empty() && cursor.at(TokenKind::identifier)) {  // Behind a point any word is a name.
      Token token = cursor.take();
      parts.push_back(Name{std::move(token.value), token.at});
    } else {
      parts.push_back(TRY(name(cursor, "a column")));
    }
  } while (parts.size() < 3 && cursor.accept(TokenKind::dot));
  if (parts.size() == 2 && cursor.at(TokenKind::left_parenthesis)) {
    return call(cursor, std::move(parts[0]), std::move(parts[1]));
  }
  ColumnRef column;
  column.column = std::move(parts.back().text);
  column.quoted = quoted;
  if (parts.size() > 1) column.table = std::move(parts[parts.size() - 2].text);
  if (parts.size() > 2) column.schema = std::move(parts[0].text);
  return make(std::move(column), parts[0].at);
}

Result<ExpressionPtr> keyword_or_named(Cursor& cursor) {
  if (cursor.at("null")) {
    return make(Literal{LiteralKind::null, {}}, cursor.take().at);
  }
  if (cursor.at("true") || cursor.at("false")) return literal(cursor, LiteralKind::boolean);
  if (cursor.at("case")) return case_expression(cursor);
  if (cursor.at("exists") && cursor.at(TokenKind::left_parenthesis, 1)) return exists(cursor);
  return named(cursor);
}

}  // namespace

Result<ExpressionPtr> primary(Cursor& cursor) {
  switch (cursor.peek().kind) {
    case TokenKind::integer: return literal(cursor, LiteralKind::integer);
    case TokenKind::decimal: return literal(cursor, LiteralKind::decimal);
    case TokenKind::text: return literal(cursor, LiteralKind::text);
    case TokenKind::blob: return literal(cursor, LiteralKind::blob);
    case TokenKind::parameter: return parameter(cursor);
    case TokenKind::left_parenthesis: return parenthesised(cursor);
    case TokenKind::quoted_identifier: return named(cursor);
    case TokenKind::identifier: return keyword_or_named(cursor);
    case TokenKind::left_bracket:
      return cursor.unexpected("an expression").with_hint("write a vector as a text: '[1, 2, 3]'");
    default: return cursor.unexpected("an expression");
  }
}

}  // namespace mneme::sql::grammar
