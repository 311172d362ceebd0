#include "sql/parser.h"

#include <limits>
#include <utility>

#include "sql/cursor.h"
#include "sql/grammar.h"

namespace mneme::sql {
namespace grammar {
namespace {

// EXPLAIN [ANALYZE] [VERBOSE] statement, EXPLAIN (ANALYZE, VERBOSE) statement.
Result<StatementNode> explain(Cursor& cursor) {
  const Nesting nesting(cursor);
  TRY(nesting.check());
  TRY(cursor.expect("explain"));
  Explain node;
  const bool options = cursor.at(TokenKind::left_parenthesis) && (cursor.at("analyze", 1) || cursor.at("verbose", 1));
  if (options) cursor.take();
  do {
    if (cursor.accept("analyze")) node.analyze = true;
    if (cursor.accept("verbose")) node.verbose = true;
  } while (options && cursor.accept(TokenKind::comma));
  if (options) TRY(cursor.expect(TokenKind::right_parenthesis, ")"));
  node.statement = std::make_unique<Statement>();
  node.statement->at = cursor.peek().at;
  node.statement->begin_bytes = cursor.peek().begin_bytes;
  node.statement->node = TRY(statement(cursor));
  node.statement->end_bytes = cursor.last_end_bytes();
  node.statement->parameters = cursor.parameters();
  return StatementNode(std::move(node));
}

// WITH belongs to a query or to a change.
Result<StatementNode> statement_with(Cursor& cursor) {
  With with = TRY(with_clause(cursor));
  if (cursor.at("insert") || cursor.at("update") || cursor.at("delete")) return change(cursor, std::move(with));
  QueryPtr node = TRY(query_after_with(cursor, std::move(with)));
  return StatementNode(std::move(node));
}

}  // namespace

Result<StatementNode> statement(Cursor& cursor) {
  if (cursor.at("with")) return statement_with(cursor);
  if (cursor.at("select") || cursor.at("values") || cursor.at(TokenKind::left_parenthesis)) {
    QueryPtr node = TRY(query(cursor));
    return StatementNode(std::move(node));
  }
  if (cursor.at("insert") || cursor.at("update") || cursor.at("delete")) return change(cursor, {});
  if (cursor.at("create")) return create(cursor);
  if (cursor.at("drop")) return drop(cursor);
  if (cursor.at("alter")) return alter(cursor);
  if (cursor.at("truncate")) return truncate(cursor);
  if (cursor.at("explain")) return explain(cursor);
  auto node = TRY(session(cursor));
  if (node) return *std::move(node);
  return cursor.unexpected("a statement such as SELECT, INSERT or CREATE");
}

}  // namespace grammar

namespace {

Result<void> check_text(std::string_view text) {
  if (text.size() > std::numeric_limits<std::uint32_t>::max()) {
    return Error(Code::invalid_argument, "the text is longer than 4 GiB").with_sqlstate("54000");
  }
  const auto invalid = find_invalid_utf8(text);
  if (!invalid) return {};
  return Error(Code::invalid_argument, "the text is not valid UTF-8 (byte " + std::to_string(*invalid) + ")")
      .with_sqlstate("22021")
      .at(Lexer(text).locate(*invalid));
}

Result<Statement> read_statement(Cursor& cursor) {
  cursor.begin_statement();
  Statement statement;
  statement.at = cursor.peek().at;
  statement.begin_bytes = cursor.peek().begin_bytes;
  statement.node = TRY(grammar::statement(cursor));
  statement.end_bytes = cursor.last_end_bytes();
  statement.parameters = cursor.parameters();
  if (!cursor.at(TokenKind::semicolon) && !cursor.at(TokenKind::end)) {
    return cursor.unexpected("the end of the statement");
  }
  return statement;
}

template <class T>
Result<T> read_whole(std::string_view text, Result<T> (*production)(Cursor&)) {
  TRY(check_text(text));
  Cursor cursor(text);
  T value = TRY(production(cursor));
  if (!cursor.at(TokenKind::end)) return cursor.unexpected("the end of the text");
  return value;
}

}  // namespace

Result<void> parse_each(std::string_view text, const std::function<Result<void>(Statement)>& each) {
  TRY(check_text(text));
  Cursor cursor(text);
  for (;;) {
    while (cursor.accept(TokenKind::semicolon)) {
    }
    if (cursor.at(TokenKind::end)) return {};
    Statement statement = TRY(read_statement(cursor));
    TRY(each(std::move(statement)));
  }
}

Result<std::vector<Statement>> parse(std::string_view text) {
  std::vector<Statement> statements;
  const auto keep = [&](Statement statement) -> Result<void> {
    statements.push_back(std::move(statement));
    return {};
  };
  TRY(parse_each(text, keep));
  return statements;
}

Result<ExpressionPtr> parse_expression(std::string_view text) {
  return read_whole<ExpressionPtr>(text, [](Cursor& cursor) { return grammar::expression(cursor); });
}

bool is_complete(std::string_view text) {
  Lexer lexer(text);
  bool open = false;
  for (;;) {
    const auto token = lexer.next();
    if (!token) return !lexer.unterminated();  // Another error: let the parser report it.
    if (token->kind == TokenKind::end) return !open;
    open = token->kind != TokenKind::semicolon;
  }
}

}  // namespace mneme::sql
