// Columns and constraints of CREATE TABLE and ALTER TABLE.
#include <utility>

#include "sql/grammar.h"

namespace mneme::sql::grammar {
namespace {

Result<ExpressionPtr> parenthesised_expression(Cursor& cursor) {
  const Nesting nesting(cursor);
  TRY(nesting.check());
  TRY(cursor.expect(TokenKind::left_parenthesis, "("));
  ExpressionPtr inner = TRY(expression(cursor));
  TRY(cursor.expect(TokenKind::right_parenthesis, ")"));
  return inner;
}

Result<ReferenceAction> reference_action(Cursor& cursor) {
  if (cursor.accept("restrict")) return ReferenceAction::restrict;
  if (cursor.accept("cascade")) return ReferenceAction::cascade;
  if (cursor.accept("no", "action")) return ReferenceAction::no_action;
  if (cursor.accept("set", "null")) return ReferenceAction::set_null;
  if (cursor.accept("set", "default")) return ReferenceAction::set_default;
  return cursor.unexpected("NO ACTION, RESTRICT, CASCADE, SET NULL or SET DEFAULT");
}

// Behind REFERENCES.
Result<Reference> reference(Cursor& cursor) {
  Reference target;
  target.table = TRY(table_name(cursor, "a table"));
  target.columns = TRY(optional_name_list(cursor, "a column"));
  for (;;) {
    if (cursor.accept("on", "delete")) {
      target.on_delete = TRY(reference_action(cursor));
    } else if (cursor.accept("on", "update")) {
      target.on_update = TRY(reference_action(cursor));
    } else {
      return target;
    }
  }
}

Result<std::string> optional_constraint_name(Cursor& cursor) {
  if (!cursor.accept("constraint")) return std::string();
  Name given = TRY(name(cursor, "the name of the constraint"));
  return std::move(given.text);
}

// GENERATED {ALWAYS | BY DEFAULT} AS IDENTITY, behind GENERATED.
Result<void> identity(Cursor& cursor, ColumnConstraint& constraint) {
  constraint.kind = ColumnConstraint::Kind::identity;
  constraint.identity_always = cursor.accept("always");
  if (!constraint.identity_always) TRY(cursor.expect("by", "default"));
  return cursor.expect("as", "identity");
}

// Whether a constraint of a column stood at the cursor; it is read into `constraint`.
Result<bool> column_constraint(Cursor& cursor, ColumnConstraint& constraint) {
  using Kind = ColumnConstraint::Kind;
  if (cursor.accept("not", "null")) {
    constraint.kind = Kind::not_null;
  } else if (cursor.accept("null")) {
    constraint.kind = Kind::null;
  } else if (cursor.accept("primary")) {
    constraint.kind = Kind::primary_key;
    TRY(cursor.expect("key"));
  } else if (cursor.accept("unique")) {
    constraint.kind = Kind::unique;
  } else if (cursor.accept("default")) {
    constraint.kind = Kind::default_value;
    constraint.expression = TRY(expression(cursor, Level::comparison));
  } else if (cursor.accept("check")) {
    constraint.kind = Kind::check;
    constraint.expression = TRY(parenthesised_expression(cursor));
  } else if (cursor.accept("references")) {
    constraint.kind = Kind::references;
    constraint.reference = TRY(reference(cursor));
  } else if (cursor.accept("generated")) {
    TRY(identity(cursor, constraint));
  } else {
    return false;
  }
  return true;
}

}  // namespace

Result<ColumnDefinition> column_definition(Cursor& cursor) {
  ColumnDefinition column;
  column.name = TRY(name(cursor, "a column or a constraint"));
  column.type = TRY(type_name(cursor));
  for (;;) {
    ColumnConstraint constraint;
    constraint.at = cursor.peek().at;
    constraint.name = TRY(optional_constraint_name(cursor));
    if (!TRY(column_constraint(cursor, constraint))) {
      if (!constraint.name.empty()) return cursor.unexpected("a constraint of the column");
      return column;
    }
    column.constraints.push_back(std::move(constraint));
  }
}

bool at_table_constraint(Cursor& cursor) {
  for (const char* const word : {"constraint", "primary", "unique", "check", "foreign"}) {
    if (cursor.at(word)) return true;
  }
  return false;
}

Result<TableConstraint> table_constraint(Cursor& cursor) {
  using Kind = TableConstraint::Kind;
  TableConstraint constraint;
  constraint.at = cursor.peek().at;
  constraint.name = TRY(optional_constraint_name(cursor));
  if (cursor.accept("check")) {
    constraint.kind = Kind::check;
    constraint.expression = TRY(parenthesised_expression(cursor));
    return constraint;
  }
  if (cursor.accept("unique")) {
    constraint.kind = Kind::unique;
  } else if (cursor.accept("primary")) {
    constraint.kind = Kind::primary_key;
    TRY(cursor.expect("key"));
  } else if (cursor.accept("foreign")) {
    constraint.kind = Kind::foreign_key;
    TRY(cursor.expect("key"));
  } else {
    return cursor.unexpected("PRIMARY KEY, UNIQUE, CHECK or FOREIGN KEY");
  }
  constraint.columns = TRY(name_list(cursor, "a column"));
  if (constraint.kind != Kind::foreign_key) return constraint;
  TRY(cursor.expect("references"));
  constraint.reference = TRY(reference(cursor));
  return constraint;
}

}  // namespace mneme::sql::grammar
