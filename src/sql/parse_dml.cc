// INSERT, UPDATE, DELETE, TRUNCATE.
#include <utility>

#include "sql/grammar.h"

namespace mneme::sql::grammar {
namespace {

Result<std::vector<Assignment>> assignments(Cursor& cursor) {
  std::vector<Assignment> list;
  do {
    Assignment assignment;
    if (cursor.at(TokenKind::left_parenthesis)) {
      return cursor.unexpected("a column").with_hint("assign the columns one by one: SET a = 1, b = 2");
    }
    assignment.column = TRY(name(cursor, "a column"));
    if (!cursor.accept_operator("=")) return cursor.unexpected("\"=\"");
    if (cursor.at("default")) {
      assignment.value = make(DefaultMarker{}, cursor.take().at);
    } else {
      assignment.value = TRY(expression(cursor));
    }
    list.push_back(std::move(assignment));
  } while (cursor.accept(TokenKind::comma));
  return list;
}

// Behind ON CONFLICT.
Result<OnConflict> on_conflict(Cursor& cursor) {
  OnConflict node;
  node.at = cursor.peek().at;
  if (cursor.accept("on", "constraint")) {
    node.constraint = TRY(name(cursor, "a constraint")).text;
  } else {
    node.columns = TRY(optional_name_list(cursor, "a column"));
  }
  TRY(cursor.expect("do"));
  if (cursor.accept("nothing")) return node;
  node.update = true;
  if (!cursor.accept("update")) return cursor.unexpected("NOTHING or UPDATE");
  TRY(cursor.expect("set"));
  node.assignments = TRY(assignments(cursor));
  node.where = TRY(optional_where(cursor));
  return node;
}

// A "(" that begins a query and not a list of columns.
bool at_query_in_parentheses(Cursor& cursor) {
  return cursor.at(TokenKind::left_parenthesis) && (at_query(cursor, 1) || cursor.at(TokenKind::left_parenthesis, 1));
}

Result<void> insert_source(Cursor& cursor, Insert& node) {
  if (cursor.accept("default", "values")) return {};
  if (!at_query(cursor) && !cursor.at(TokenKind::left_parenthesis)) {
    return cursor.unexpected("VALUES, SELECT or DEFAULT VALUES");
  }
  node.source = TRY(query(cursor));
  return {};
}

Result<StatementNode> insert(Cursor& cursor, With with) {
  TRY(cursor.expect("insert", "into"));
  Insert node;
  node.with = std::move(with);
  node.table = TRY(table_name(cursor, "a table"));
  if (cursor.accept("as")) node.alias = TRY(name(cursor, "a name behind AS")).text;
  if (!at_query_in_parentheses(cursor)) node.columns = TRY(optional_name_list(cursor, "a column"));
  TRY(insert_source(cursor, node));
  if (cursor.accept("on", "conflict")) node.on_conflict = TRY(on_conflict(cursor));
  node.returning = TRY(optional_returning(cursor));
  return StatementNode(std::move(node));
}

Result<std::string> optional_alias(Cursor& cursor) {
  const bool as = cursor.accept("as");
  if (!as && (!at_name(cursor) || cursor.at("set"))) return std::string();
  Name alias = TRY(name(cursor, "a name behind AS"));
  return std::move(alias.text);
}

Result<StatementNode> update(Cursor& cursor, With with) {
  TRY(cursor.expect("update"));
  Update node;
  node.with = std::move(with);
  node.table = TRY(table_name(cursor, "a table"));
  node.alias = TRY(optional_alias(cursor));
  TRY(cursor.expect("set"));
  node.assignments = TRY(assignments(cursor));
  if (cursor.accept("from")) node.from = TRY(from_list(cursor));
  node.where = TRY(optional_where(cursor));
  node.returning = TRY(optional_returning(cursor));
  return StatementNode(std::move(node));
}

Result<StatementNode> remove(Cursor& cursor, With with) {
  TRY(cursor.expect("delete", "from"));
  Delete node;
  node.with = std::move(with);
  node.table = TRY(table_name(cursor, "a table"));
  node.alias = TRY(optional_alias(cursor));
  if (cursor.accept("using")) node.using_tables = TRY(from_list(cursor));
  node.where = TRY(optional_where(cursor));
  node.returning = TRY(optional_returning(cursor));
  return StatementNode(std::move(node));
}

}  // namespace

Result<StatementNode> change(Cursor& cursor, With with) {
  if (cursor.at("insert")) return insert(cursor, std::move(with));
  if (cursor.at("update")) return update(cursor, std::move(with));
  return remove(cursor, std::move(with));
}

Result<StatementNode> truncate(Cursor& cursor) {
  TRY(cursor.expect("truncate"));
  cursor.accept("table");
  Truncate node;
  node.tables = TRY(table_names(cursor, "a table"));
  if (cursor.accept("restart", "identity")) {
    node.restart_identity = true;
  } else {
    cursor.accept("continue", "identity");
  }
  node.cascade = cursor.accept("cascade");
  if (!node.cascade) cursor.accept("restrict");
  return StatementNode(std::move(node));
}

}  // namespace mneme::sql::grammar
