// The syntax tree of statements. Expressions and queries are in ast_query.h. Immutable once parsed.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "sql/ast_query.h"

namespace mneme::sql {

// ---- Data definition -------------------------------------------------------------------------------------------

struct Option {  // WITH (durability = 'os', recall = 0.95): a flag without `= value` has a null value.
  Name name;
  ExpressionPtr value;  // A literal, a signed number, or a ColumnRef for a bare word.
};

enum class ReferenceAction : std::uint8_t { no_action, restrict, cascade, set_null, set_default };
struct Reference {
  TableName table;
  std::vector<Name> columns;  // Empty: the primary key of `table`.
  ReferenceAction on_delete = ReferenceAction::no_action;
  ReferenceAction on_update = ReferenceAction::no_action;
};

struct ColumnConstraint {
  enum class Kind : std::uint8_t { not_null, null, default_value, primary_key, unique, check, references, identity };
  Kind kind = Kind::null;
  std::string name;          // CONSTRAINT name; empty: none.
  ExpressionPtr expression;  // default_value, check.
  std::optional<Reference> reference;
  bool identity_always = false;  // GENERATED ALWAYS; otherwise BY DEFAULT.
  SourcePosition at;
};
struct ColumnDefinition {
  Name name;
  TypeName type;
  std::vector<ColumnConstraint> constraints;
};
struct TableConstraint {
  enum class Kind : std::uint8_t { primary_key, unique, check, foreign_key };
  Kind kind = Kind::check;
  std::string name;           // CONSTRAINT name; empty: none.
  std::vector<Name> columns;  // primary_key, unique, foreign_key.
  ExpressionPtr expression;   // check.
  std::optional<Reference> reference;
  SourcePosition at;
};

struct CreateTable {
  bool if_not_exists = false;
  TableName name;
  std::vector<ColumnDefinition> columns;
  std::vector<TableConstraint> constraints;
  std::vector<Option> options;
};
struct CreateTableAs {
  bool if_not_exists = false;
  TableName name;
  std::vector<Name> columns;  // Empty: those of the query.
  std::vector<Option> options;
  QueryPtr query;
  bool with_data = true;
};
struct DropTable {
  bool if_exists = false;
  std::vector<TableName> tables;
  bool cascade = false;
};
struct IndexColumn {
  ExpressionPtr expression;    // A ColumnRef unless an expression was written.
  std::string operator_class;  // `vector_cosine_ops`; empty: none.
  bool descending = false;
  SortItem::Nulls nulls = SortItem::Nulls::unspecified;
};
struct CreateIndex {
  bool unique = false;
  bool if_not_exists = false;
  std::optional<Name> name;
  TableName table;
  std::optional<Name> kind;  // USING kind
  std::vector<IndexColumn> columns;
  std::vector<Option> options;
};
struct DropIndex {
  bool if_exists = false;
  std::vector<TableName> indexes;
  bool cascade = false;
};

struct AddColumn {
  bool if_not_exists = false;
  ColumnDefinition column;
};
struct DropColumn {
  bool if_exists = false;
  Name column;
  bool cascade = false;
};
struct RenameColumn {
  Name from;
  Name to;
};
struct RenameTable {
  Name to;
};
struct AlterTable {
  bool if_exists = false;
  TableName table;
  // RenameColumn and RenameTable stand alone; AddColumn and DropColumn may be several.
  std::vector<std::variant<AddColumn, DropColumn, RenameColumn, RenameTable>> actions;
};

// ---- Data changes ----------------------------------------------------------------------------------------------

struct Assignment {
  Name column;
  ExpressionPtr value;  // May be a DefaultMarker.
};
struct OnConflict {
  std::vector<Name> columns;  // Empty: any conflict, or `constraint`.
  std::string constraint;     // ON CONSTRAINT name; empty: none.
  bool update = false;        // DO UPDATE; otherwise DO NOTHING.
  std::vector<Assignment> assignments;
  ExpressionPtr where;  // DO UPDATE ... WHERE; null: none.
  SourcePosition at;
};
struct With {
  bool recursive = false;
  std::vector<CommonTable> tables;
};
struct Insert {
  With with;
  TableName table;
  std::string alias;
  std::vector<Name> columns;  // Empty: all, in order.
  QueryPtr source;            // VALUES or SELECT; null: DEFAULT VALUES.
  std::optional<OnConflict> on_conflict;
  std::vector<SelectItem> returning;
};
struct Update {
  With with;
  TableName table;
  std::string alias;
  std::vector<Assignment> assignments;
  std::vector<TableRefPtr> from;
  ExpressionPtr where;  // Null: none.
  std::vector<SelectItem> returning;
};
struct Delete {
  With with;
  TableName table;
  std::string alias;
  std::vector<TableRefPtr> using_tables;
  ExpressionPtr where;  // Null: none.
  std::vector<SelectItem> returning;
};
struct Truncate {
  std::vector<TableName> tables;
  bool restart_identity = false;
  bool cascade = false;
};

// ---- Transactions, settings, maintenance -----------------------------------------------------------------------

struct Begin {
  std::string isolation;  // "repeatable read" ...; empty: none was written.
  bool read_only = false;
};
struct Commit {};
struct Rollback {
  std::optional<Name> savepoint;  // ROLLBACK TO name
};
struct Savepoint {
  Name name;
};
struct Release {
  Name name;
};
struct Set {
  bool local = false;                 // SET LOCAL
  std::string name;                   // "memory_budget", "a.b"
  std::vector<ExpressionPtr> values;  // As in Option; empty: DEFAULT, also RESET name.
};
struct Show {
  std::string name;  // "all": every setting.
};
struct Maintenance {
  enum class Kind : std::uint8_t { vacuum, checkpoint, analyze };
  Kind kind = Kind::vacuum;
  std::vector<TableName> tables;  // Empty: all.
};

struct Statement;
struct Explain {
  bool analyze = false;
  bool verbose = false;
  std::unique_ptr<Statement> statement;
};

using StatementNode =
    std::variant<QueryPtr, CreateTable, CreateTableAs, DropTable, CreateIndex, DropIndex, AlterTable, Insert, Update,
                 Delete, Truncate, Begin, Commit, Rollback, Savepoint, Release, Set, Show, Maintenance, Explain>;

struct Statement {
  StatementNode node;
  SourcePosition at;
  std::uint32_t parameters = 0;   // The highest $n used: how many values a caller must bind.
  std::uint32_t begin_bytes = 0;  // The statement's text is [begin_bytes, end_bytes) of what was parsed, without ';'.
  std::uint32_t end_bytes = 0;
};

}  // namespace mneme::sql
