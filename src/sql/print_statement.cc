// Statements.
#include "sql/print.h"
#include "sql/printer.h"

namespace mneme::sql {
namespace {

class StatementPrinter {  // One thread at a time.
 public:
  explicit StatementPrinter(Printer& printer) : p_(printer) {}

  void operator()(const QueryPtr& n) { p_.query(*n); }
  void operator()(const CreateTable& n) {
    p_.put(n.if_not_exists ? "CREATE TABLE IF NOT EXISTS " : "CREATE TABLE ");
    p_.table(n.name);
    p_.put(" (");
    p_.commas(n.columns, [&](const auto& column) { put(column); });
    if (!n.columns.empty() && !n.constraints.empty()) p_.put(", ");
    p_.commas(n.constraints, [&](const auto& constraint) { put(constraint); });
    p_.put(")");
    options(n.options);
  }
  void operator()(const CreateTableAs& n) {
    p_.put(n.if_not_exists ? "CREATE TABLE IF NOT EXISTS " : "CREATE TABLE ");
    p_.table(n.name);
    p_.names(n.columns);
    options(n.options);
    p_.put(" AS ");
    p_.query(*n.query);
    if (!n.with_data) p_.put(" WITH NO DATA");
  }
  void operator()(const DropTable& n) { drop("DROP TABLE ", n.if_exists, n.tables, n.cascade); }
  void operator()(const DropIndex& n) { drop("DROP INDEX ", n.if_exists, n.indexes, n.cascade); }
  void operator()(const CreateIndex& n) {
    p_.put(n.unique ? "CREATE UNIQUE INDEX " : "CREATE INDEX ");
    if (n.if_not_exists) p_.put("IF NOT EXISTS ");
    if (n.name) p_.put(quote_identifier(n.name->text) + " ");
    p_.put("ON ");
    p_.table(n.table);
    if (n.kind) p_.put(" USING " + quote_identifier(n.kind->text));
    p_.put(" (");
    p_.commas(n.columns, [&](const IndexColumn& column) { put(column); });
    p_.put(")");
    options(n.options);
  }
  void operator()(const AlterTable& n) {
    p_.put(n.if_exists ? "ALTER TABLE IF EXISTS " : "ALTER TABLE ");
    p_.table(n.table);
    p_.put(" ");
    p_.commas(n.actions, [&](const auto& action) { std::visit([&](const auto& a) { put(a); }, action); });
  }
  void operator()(const Insert& n) {
    p_.with(n.with.recursive, n.with.tables);
    p_.put("INSERT INTO ");
    p_.table(n.table);
    alias(n.alias);
    p_.names(n.columns);
    p_.put(" ");
    if (n.source) {
      p_.query(*n.source);
    } else {
      p_.put("DEFAULT VALUES");
    }
    if (n.on_conflict) put(*n.on_conflict);
    returning(n.returning);
  }
  void operator()(const Update& n) {
    p_.with(n.with.recursive, n.with.tables);
    p_.put("UPDATE ");
    p_.table(n.table);
    alias(n.alias);
    assignments(n.assignments);
    p_.from(" FROM ", n.from);
    p_.clause(" WHERE ", n.where);
    returning(n.returning);
  }
  void operator()(const Delete& n) {
    p_.with(n.with.recursive, n.with.tables);
    p_.put("DELETE FROM ");
    p_.table(n.table);
    alias(n.alias);
    p_.from(" USING ", n.using_tables);
    p_.clause(" WHERE ", n.where);
    returning(n.returning);
  }
  void operator()(const Truncate& n) {
    p_.put("TRUNCATE ");
    p_.tables(n.tables);
    if (n.restart_identity) p_.put(" RESTART IDENTITY");
    if (n.cascade) p_.put(" CASCADE");
  }
  void operator()(const Begin& n) {
    p_.put("BEGIN");
    if (!n.isolation.empty()) p_.put(" ISOLATION LEVEL " + n.isolation);
    if (n.read_only) p_.put(" READ ONLY");
  }
  void operator()(const Commit&) { p_.put("COMMIT"); }
  void operator()(const Rollback& n) {
    p_.put("ROLLBACK");
    if (n.savepoint) p_.put(" TO " + quote_identifier(n.savepoint->text));
  }
  void operator()(const Savepoint& n) { p_.put("SAVEPOINT " + quote_identifier(n.name.text)); }
  void operator()(const Release& n) { p_.put("RELEASE " + quote_identifier(n.name.text)); }
  void operator()(const Set& n) {
    p_.put(n.local ? "SET LOCAL " : "SET ");
    p_.put(quote_identifier(n.name) + " = ");
    if (n.values.empty()) p_.put("DEFAULT");
    p_.commas(n.values, [&](const ExpressionPtr& value) { setting(*value); });
  }
  void operator()(const Show& n) { p_.put(n.name == "all" ? "SHOW ALL" : "SHOW " + quote_identifier(n.name)); }
  void operator()(const Maintenance& n) {
    constexpr std::string_view kNames[] = {"VACUUM", "CHECKPOINT", "ANALYZE"};
    p_.put(kNames[static_cast<std::size_t>(n.kind)]);
    if (!n.tables.empty()) p_.put(" ");
    p_.tables(n.tables);
  }
  void operator()(const Explain& n) {
    p_.put("EXPLAIN ");
    if (n.analyze) p_.put("ANALYZE ");
    if (n.verbose) p_.put("VERBOSE ");
    p_.statement(*n.statement);
  }

 private:
  void alias(const std::string& name) {
    if (!name.empty()) p_.put(" AS " + quote_identifier(name));
  }
  void returning(const std::vector<SelectItem>& items) {
    if (items.empty()) return;
    p_.put(" RETURNING ");
    p_.select_items(items);
  }
  void assignments(const std::vector<Assignment>& list) {
    p_.put(" SET ");
    p_.commas(list, [&](const Assignment& assignment) {
      p_.put(quote_identifier(assignment.column.text) + " = ");
      p_.expression(*assignment.value);
    });
  }
  // A bare word stays one: `on` would be refused in double quotes.
  void setting(const Expression& value) {
    if (const auto* word = std::get_if<ColumnRef>(&value.node)) return p_.put(word->column);
    p_.expression(value);
  }
  void options(const std::vector<Option>& list) {
    if (list.empty()) return;
    p_.put(" WITH (");
    p_.commas(list, [&](const Option& option) {
      p_.name(option.name.text);
      if (!option.value) return;
      p_.put(" = ");
      setting(*option.value);
    });
    p_.put(")");
  }
  void drop(std::string_view words, bool if_exists, const std::vector<TableName>& names, bool cascade) {
    p_.put(words);
    if (if_exists) p_.put("IF EXISTS ");
    p_.tables(names);
    if (cascade) p_.put(" CASCADE");
  }
  void put(const IndexColumn& column) {
    p_.expression(*column.expression);
    if (!column.operator_class.empty()) p_.put(" " + quote_identifier(column.operator_class));
    if (column.descending) p_.put(" DESC");
    if (column.nulls == SortItem::Nulls::first) p_.put(" NULLS FIRST");
    if (column.nulls == SortItem::Nulls::last) p_.put(" NULLS LAST");
  }
  void put(const Reference& reference) {
    constexpr std::string_view kActions[] = {"NO ACTION", "RESTRICT", "CASCADE", "SET NULL", "SET DEFAULT"};
    p_.put("REFERENCES ");
    p_.table(reference.table);
    p_.names(reference.columns);
    const auto action = [&](std::string_view words, ReferenceAction what) {
      if (what == ReferenceAction::no_action) return;
      p_.put(words);
      p_.put(kActions[static_cast<std::size_t>(what)]);
    };
    action(" ON DELETE ", reference.on_delete);
    action(" ON UPDATE ", reference.on_update);
  }
  void constraint_name(const std::string& name) {
    if (!name.empty()) p_.put("CONSTRAINT " + quote_identifier(name) + " ");
  }
  void check(const Expression& condition) {
    p_.put("CHECK (");
    p_.expression(condition);
    p_.put(")");
  }
  void put(const ColumnConstraint& constraint) {
    using Kind = ColumnConstraint::Kind;
    constraint_name(constraint.name);
    switch (constraint.kind) {
      case Kind::not_null: return p_.put("NOT NULL");
      case Kind::null: return p_.put("NULL");
      case Kind::primary_key: return p_.put("PRIMARY KEY");
      case Kind::unique: return p_.put("UNIQUE");
      case Kind::check: return check(*constraint.expression);
      case Kind::references: return put(*constraint.reference);
      case Kind::default_value:
        p_.put("DEFAULT ");
        return p_.expression(*constraint.expression, grammar::Level::comparison);
      case Kind::identity:
        return p_.put(constraint.identity_always ? "GENERATED ALWAYS AS IDENTITY" : "GENERATED BY DEFAULT AS IDENTITY");
    }
  }
  void put(const TableConstraint& constraint) {
    using Kind = TableConstraint::Kind;
    constraint_name(constraint.name);
    switch (constraint.kind) {
      case Kind::check: return check(*constraint.expression);
      case Kind::primary_key: p_.put("PRIMARY KEY"); break;
      case Kind::unique: p_.put("UNIQUE"); break;
      case Kind::foreign_key: p_.put("FOREIGN KEY"); break;
    }
    p_.names(constraint.columns);
    if (!constraint.reference) return;
    p_.put(" ");
    put(*constraint.reference);
  }
  void put(const ColumnDefinition& column) {
    p_.name(column.name.text);
    p_.put(" ");
    p_.type(column.type);
    for (const auto& constraint : column.constraints) {
      p_.put(" ");
      put(constraint);
    }
  }
  void put(const AddColumn& n) {
    p_.put(n.if_not_exists ? "ADD COLUMN IF NOT EXISTS " : "ADD COLUMN ");
    put(n.column);
  }
  void put(const DropColumn& n) {
    p_.put(n.if_exists ? "DROP COLUMN IF EXISTS " : "DROP COLUMN ");
    p_.name(n.column.text);
    if (n.cascade) p_.put(" CASCADE");
  }
  void put(const RenameColumn& n) {
    p_.put("RENAME COLUMN " + quote_identifier(n.from.text) + " TO " + quote_identifier(n.to.text));
  }
  void put(const RenameTable& n) { p_.put("RENAME TO " + quote_identifier(n.to.text)); }
  void put(const OnConflict& n) {
    p_.put(" ON CONFLICT");
    if (!n.constraint.empty()) p_.put(" ON CONSTRAINT " + quote_identifier(n.constraint));
    p_.names(n.columns);
    p_.put(n.update ? " DO UPDATE" : " DO NOTHING");
    if (!n.update) return;
    assignments(n.assignments);
    p_.clause(" WHERE ", n.where);
  }

  Printer& p_;
};

}  // namespace

void Printer::statement(const Statement& statement) { std::visit(StatementPrinter(*this), statement.node); }

std::string print(const Statement& statement) {
  Printer printer;
  printer.statement(statement);
  return std::move(printer.out);
}

}  // namespace mneme::sql
