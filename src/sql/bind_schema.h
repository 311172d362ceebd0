// CREATE TABLE, ALTER TABLE and CREATE INDEX: what they share on the way to a schema.
#pragma once

#include <string>
#include <vector>

#include "sql/ast.h"
#include "sql/binder.h"

namespace mneme::sql::binding {

// What may go wrong with a name is said where it is written.
Result<void> check_schema_name(const TableName& name);  // 3F000

// Columns, constraints and indexes on their way into `table`, which stays the caller's. One thread at a time.
class SchemaBuilder {
 public:
  SchemaBuilder(TableSchema& table, const BindContext& context) : table_(table), context_(context) {}

  // 42701: the name is taken.
  Result<ColumnSchema*> add_column(const Name& name, Type type, SourcePosition type_at);
  // The column and what its own constraints ask for, but PRIMARY KEY and CHECK.
  Result<ColumnSchema*> add_column(const ColumnDefinition& definition);
  Result<void> add_check(const std::string& name, const Expression& condition, const std::string& column);
  Result<void> set_primary_key(const std::string& name, const std::vector<Name>& columns, SourcePosition at);
  Result<void> add_unique(const std::string& name, const std::vector<Name>& columns);
  // `suffix`: of the name it gets when none is given, "key" or "idx".
  Result<IndexSchema*> add_index(const std::string& name, const std::vector<Name>& columns, std::string_view suffix);
  // A table without a key has a hidden one.
  void add_hidden_key();

 private:
  Result<void> apply(ColumnSchema& column, const ColumnConstraint& constraint);
  // VARCHAR(n) is a TEXT with a check of its length.
  void add_length_check(const ColumnDefinition& definition);
  Result<void> set_default(ColumnSchema& column, const ColumnConstraint& constraint);
  Result<std::vector<ColumnId>> key_columns(const std::vector<Name>& names) const;
  [[nodiscard]] std::string free_name(std::string wanted) const;

  TableSchema& table_;
  const BindContext& context_;
};

// The value a column's DEFAULT has now, one row; NULL without one.
Result<Column> default_value(const ColumnSchema& column, const BindContext& context, SourcePosition at);
// Whether a stored CHECK mentions a column.
Result<bool> mentions(const CheckSchema& check, const TableSchema& table, ColumnId column);
// Column references of `from` (null: of any name) lose their table's name and are called `to` (empty: as before).
void rename_references(Expression& expression, const std::string* from, const std::string& to);

}  // namespace mneme::sql::binding
