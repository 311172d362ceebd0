// CREATE, DROP and ALTER.
#include <utility>

#include "sql/grammar.h"

namespace mneme::sql::grammar {
namespace {

bool accept_if_not_exists(Cursor& cursor) {
  if (!cursor.at("if") || !cursor.at("not", 1) || !cursor.at("exists", 2)) return false;
  for (int i = 0; i < 3; ++i) cursor.take();
  return true;
}

// Behind [CASCADE | RESTRICT].
bool accept_cascade(Cursor& cursor) {
  if (cursor.accept("cascade")) return true;
  cursor.accept("restrict");
  return false;
}

// The list in CREATE TABLE t (...).
Result<void> table_elements(Cursor& cursor, CreateTable& table) {
  TRY(cursor.expect(TokenKind::left_parenthesis, "("));
  if (cursor.accept(TokenKind::right_parenthesis)) return {};
  do {
    if (at_table_constraint(cursor)) {
      table.constraints.push_back(TRY(table_constraint(cursor)));
    } else {
      table.columns.push_back(TRY(column_definition(cursor)));
    }
  } while (cursor.accept(TokenKind::comma));
  if (!cursor.accept(TokenKind::right_parenthesis)) return cursor.unexpected("\",\" or \")\"");
  return {};
}

// Behind AS.
Result<StatementNode> create_table_as(Cursor& cursor, CreateTableAs table) {
  table.query = TRY(query(cursor));
  if (cursor.accept("with")) {
    table.with_data = !cursor.accept("no");
    TRY(cursor.expect("data"));
  }
  return StatementNode(std::move(table));
}

// CREATE TABLE t (a, b) AS: names alone. Types follow the names of any other table.
bool at_bare_columns(Cursor& cursor) {
  const bool first = cursor.at(TokenKind::left_parenthesis) &&
                     (cursor.at(TokenKind::identifier, 1) || cursor.at(TokenKind::quoted_identifier, 1));
  return first &&
         (cursor.at(TokenKind::comma, 2) || (cursor.at(TokenKind::right_parenthesis, 2) && cursor.at("as", 3)));
}

Result<StatementNode> create_table(Cursor& cursor) {
  const bool if_not_exists = accept_if_not_exists(cursor);
  TableName table = TRY(table_name(cursor, "the name of the table"));
  if (cursor.at("as") || cursor.at("with") || at_bare_columns(cursor)) {
    CreateTableAs as{if_not_exists, std::move(table), {}, {}, nullptr};
    as.columns = TRY(optional_name_list(cursor, "a column"));
    as.options = TRY(optional_options(cursor));
    TRY(cursor.expect("as"));
    return create_table_as(cursor, std::move(as));
  }
  CreateTable node;
  node.if_not_exists = if_not_exists;
  node.name = std::move(table);
  TRY(table_elements(cursor, node));
  node.options = TRY(optional_options(cursor));
  return StatementNode(std::move(node));
}

Result<IndexColumn> index_column(Cursor& cursor) {
  IndexColumn column;
  column.expression = TRY(expression(cursor));
  if (at_name(cursor) && !cursor.at("nulls")) column.operator_class = cursor.take().value;
  column.descending = cursor.accept("desc");
  if (!column.descending) cursor.accept("asc");
  TRY(optional_nulls(cursor, column.nulls));
  return column;
}

Result<StatementNode> create_index(Cursor& cursor, bool unique) {
  CreateIndex index;
  index.unique = unique;
  index.if_not_exists = accept_if_not_exists(cursor);
  if (!cursor.at("on")) index.name = TRY(name(cursor, "the name of the index or ON"));
  TRY(cursor.expect("on"));
  index.table = TRY(table_name(cursor, "a table"));
  if (cursor.accept("using")) index.kind = TRY(name(cursor, "a kind of index"));
  TRY(cursor.expect(TokenKind::left_parenthesis, "("));
  do {
    index.columns.push_back(TRY(index_column(cursor)));
  } while (cursor.accept(TokenKind::comma));
  if (!cursor.accept(TokenKind::right_parenthesis)) return cursor.unexpected("\",\" or \")\"");
  index.options = TRY(optional_options(cursor));
  return StatementNode(std::move(index));
}

using AlterAction = std::variant<AddColumn, DropColumn, RenameColumn, RenameTable>;

Result<AlterAction> add_column(Cursor& cursor) {
  AddColumn add;
  if (at_table_constraint(cursor)) {
    return cursor.unexpected("a column")
        .with_hint("constraints are given in CREATE TABLE; use CREATE UNIQUE INDEX for a key");
  }
  cursor.accept("column");
  add.if_not_exists = accept_if_not_exists(cursor);
  add.column = TRY(column_definition(cursor));
  return AlterAction(std::move(add));
}

Result<AlterAction> drop_column(Cursor& cursor) {
  DropColumn drop;
  cursor.accept("column");
  drop.if_exists = cursor.accept("if", "exists");
  drop.column = TRY(name(cursor, "a column"));
  drop.cascade = accept_cascade(cursor);
  return AlterAction(std::move(drop));
}

Result<AlterAction> rename(Cursor& cursor) {
  if (cursor.accept("to")) {
    Name to = TRY(name(cursor, "the new name"));
    return AlterAction(RenameTable{std::move(to)});
  }
  cursor.accept("column");
  RenameColumn node;
  node.from = TRY(name(cursor, "a column or TO"));
  TRY(cursor.expect("to"));
  node.to = TRY(name(cursor, "the new name"));
  return AlterAction(std::move(node));
}

}  // namespace

Result<StatementNode> create(Cursor& cursor) {
  TRY(cursor.expect("create"));
  if (cursor.accept("table")) return create_table(cursor);
  if (cursor.accept("unique", "index")) return create_index(cursor, true);
  if (cursor.accept("index")) return create_index(cursor, false);
  return cursor.unexpected("TABLE, INDEX or UNIQUE INDEX");
}

Result<StatementNode> drop(Cursor& cursor) {
  TRY(cursor.expect("drop"));
  const bool table = cursor.accept("table");
  if (!table && !cursor.accept("index")) return cursor.unexpected("TABLE or INDEX");
  const bool if_exists = cursor.accept("if", "exists");
  auto names = TRY(table_names(cursor, table ? "a table" : "an index"));
  const bool cascade = accept_cascade(cursor);
  if (table) return StatementNode(DropTable{if_exists, std::move(names), cascade});
  return StatementNode(DropIndex{if_exists, std::move(names), cascade});
}

Result<StatementNode> alter(Cursor& cursor) {
  TRY(cursor.expect("alter", "table"));
  AlterTable table;
  table.if_exists = cursor.accept("if", "exists");
  table.table = TRY(table_name(cursor, "a table"));
  if (cursor.accept("rename")) {
    table.actions.push_back(TRY(rename(cursor)));
    return StatementNode(std::move(table));
  }
  do {
    if (cursor.accept("add")) {
      table.actions.push_back(TRY(add_column(cursor)));
    } else if (cursor.accept("drop")) {
      table.actions.push_back(TRY(drop_column(cursor)));
    } else {
      return cursor.unexpected("ADD, DROP or RENAME");
    }
  } while (cursor.accept(TokenKind::comma));
  return StatementNode(std::move(table));
}

Result<std::vector<Option>> optional_options(Cursor& cursor) {
  std::vector<Option> options;
  if (!cursor.at("with") || !cursor.at(TokenKind::left_parenthesis, 1)) return options;
  cursor.take();
  cursor.take();
  do {
    if (!cursor.at(TokenKind::identifier) && !cursor.at(TokenKind::quoted_identifier)) {
      return cursor.unexpected("the name of an option");
    }
    Token token = cursor.take();
    Option option{Name{std::move(token.value), token.at}, nullptr};
    if (cursor.accept_operator("=")) option.value = TRY(setting_value(cursor));
    options.push_back(std::move(option));
  } while (cursor.accept(TokenKind::comma));
  if (!cursor.accept(TokenKind::right_parenthesis)) return cursor.unexpected("\",\" or \")\"");
  return options;
}

}  // namespace mneme::sql::grammar
