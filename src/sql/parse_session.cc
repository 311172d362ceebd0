// Transactions, settings, maintenance.
#include <utility>

#include "sql/grammar.h"

namespace mneme::sql::grammar {
namespace {

void accept_work(Cursor& cursor) {
  if (!cursor.accept("work")) cursor.accept("transaction");
}

Result<std::string> isolation_level(Cursor& cursor) {
  if (cursor.accept("serializable")) return std::string("serializable");
  if (cursor.accept("repeatable", "read")) return std::string("repeatable read");
  if (cursor.accept("read", "committed")) return std::string("read committed");
  if (cursor.accept("read", "uncommitted")) return std::string("read uncommitted");
  return cursor.unexpected("SERIALIZABLE, REPEATABLE READ, READ COMMITTED or READ UNCOMMITTED");
}

Result<StatementNode> begin(Cursor& cursor) {
  Begin node;
  for (;;) {
    if (cursor.accept("isolation", "level")) {
      node.isolation = TRY(isolation_level(cursor));
    } else if (cursor.accept("read", "only")) {
      node.read_only = true;
    } else if (cursor.accept("read", "write")) {
      node.read_only = false;
    } else {
      return StatementNode(std::move(node));
    }
    cursor.accept(TokenKind::comma);
  }
}

Result<Name> savepoint_name(Cursor& cursor) {
  cursor.accept("savepoint");
  return name(cursor, "the name of a savepoint");
}

Result<StatementNode> rollback(Cursor& cursor) {
  accept_work(cursor);
  Rollback node;
  if (cursor.accept("to")) node.savepoint = TRY(savepoint_name(cursor));
  return StatementNode(std::move(node));
}

Result<std::string> setting_name(Cursor& cursor) {
  std::string path = TRY(name(cursor, "the name of a setting")).text;
  while (cursor.accept(TokenKind::dot)) path += "." + TRY(name(cursor, "the name of a setting")).text;
  return path;
}

Result<StatementNode> set(Cursor& cursor) {
  Set node;
  node.local = cursor.accept("local");
  if (!node.local) cursor.accept("session");
  if (cursor.accept("time", "zone")) {
    node.name = "timezone";
  } else {
    node.name = TRY(setting_name(cursor));
    if (!cursor.accept_operator("=") && !cursor.accept("to")) return cursor.unexpected("\"=\" or TO");
  }
  if (cursor.accept("default")) return StatementNode(std::move(node));
  do {
    node.values.push_back(TRY(setting_value(cursor)));
  } while (cursor.accept(TokenKind::comma));
  return StatementNode(std::move(node));
}

Result<StatementNode> show(Cursor& cursor) {
  if (cursor.accept("all")) return StatementNode(Show{"all"});
  if (cursor.accept("time", "zone")) return StatementNode(Show{"timezone"});
  std::string setting = TRY(setting_name(cursor));
  return StatementNode(Show{std::move(setting)});
}

Result<StatementNode> maintenance(Cursor& cursor, Maintenance::Kind kind) {
  Maintenance node{kind, {}};
  if (kind != Maintenance::Kind::checkpoint && at_name(cursor)) node.tables = TRY(table_names(cursor, "a table"));
  return StatementNode(std::move(node));
}

Result<StatementNode> savepoint(Cursor& cursor) {
  Name point = TRY(name(cursor, "the name of a savepoint"));
  return StatementNode(Savepoint{std::move(point)});
}

Result<StatementNode> release(Cursor& cursor) {
  Name point = TRY(savepoint_name(cursor));
  return StatementNode(Release{std::move(point)});
}

Result<StatementNode> reset(Cursor& cursor) {
  Set node;
  node.name = TRY(setting_name(cursor));
  return StatementNode(std::move(node));
}

Result<std::optional<StatementNode>> some(Result<StatementNode> node) {
  if (!node) return std::move(node).error();
  return std::optional<StatementNode>(*std::move(node));
}

}  // namespace

Result<ExpressionPtr> setting_value(Cursor& cursor) {
  const bool word = cursor.at(TokenKind::identifier) && !cursor.at("true") && !cursor.at("false");
  if (!word) {
    const bool value = cursor.at(TokenKind::text) || cursor.at(TokenKind::integer) || cursor.at(TokenKind::decimal) ||
                       cursor.at_operator("-") || cursor.at_operator("+") || cursor.at("true") || cursor.at("false");
    if (!value) return cursor.unexpected("a value: a number, a text or a word");
    return expression(cursor, Level::sign);
  }
  Token token = cursor.take();  // Any word: `on` is reserved.
  ColumnRef ref;
  ref.column = std::move(token.value);
  return make(std::move(ref), token.at);
}

Result<std::optional<StatementNode>> session(Cursor& cursor) {
  if (cursor.accept("begin")) {
    accept_work(cursor);
    return some(begin(cursor));
  }
  if (cursor.accept("start")) {
    TRY(cursor.expect("transaction"));
    return some(begin(cursor));
  }
  if (cursor.accept("commit") || cursor.accept("end")) {
    accept_work(cursor);
    return std::optional(StatementNode(Commit{}));
  }
  if (cursor.accept("rollback") || cursor.accept("abort")) return some(rollback(cursor));
  if (cursor.accept("savepoint")) return some(savepoint(cursor));
  if (cursor.accept("release")) return some(release(cursor));
  if (cursor.accept("set")) return some(set(cursor));
  if (cursor.accept("reset")) return some(reset(cursor));
  if (cursor.accept("show")) return some(show(cursor));
  if (cursor.accept("vacuum")) return some(maintenance(cursor, Maintenance::Kind::vacuum));
  if (cursor.accept("analyze")) return some(maintenance(cursor, Maintenance::Kind::analyze));
  if (cursor.accept("checkpoint")) return some(maintenance(cursor, Maintenance::Kind::checkpoint));
  return std::optional<StatementNode>();
}

}  // namespace mneme::sql::grammar
