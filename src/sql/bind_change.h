// INSERT, UPDATE, DELETE and TRUNCATE, and what they share: columns by name, DEFAULT, CHECK, RETURNING.
#pragma once

#include <vector>

#include "sql/ast.h"
#include "sql/bind_query.h"

namespace mneme::sql::binding {

Result<query::PlanPtr> bind_insert(const Surroundings& around, const Insert& insert);
// The rows of a CREATE TABLE AS into the table it has made.
Result<query::PlanPtr> bind_filling(const Surroundings& around, const CreateTableAs& create, query::SchemaPtr table);
Result<query::PlanPtr> bind_update(const Surroundings& around, const Update& update);
Result<query::PlanPtr> bind_delete(const Surroundings& around, const Delete& from);
Result<query::PlanPtr> bind_truncate(const Surroundings& around, const Truncate& truncate, SourcePosition at);

// The place in the schema of a column that may be written. 42703 with the nearest name.
Result<std::size_t> writable_column(const TableSchema& table, const Name& name);
// A column's DEFAULT as its type; NULL without one, and for identity and hidden columns, which the insert fills.
Result<query::ExpressionPtr> default_of(const Surroundings& around, const ColumnSchema& column, SourcePosition at);
// The right side of SET and a cell of VALUES: DEFAULT, or an expression as the column's type.
Result<query::ExpressionPtr> bind_assigned(ExpressionBinder& binder, const Surroundings& around,
                                           const ColumnSchema& column, const Expression& value);
// The new row of SET: one expression a column, over a row that begins with the table's columns.
Result<std::vector<query::ExpressionPtr>> bind_assignments(ExpressionBinder& binder, const Surroundings& around,
                                                           const TableSchema& table,
                                                           const std::vector<Assignment>& assignments);
Result<std::vector<query::CheckExpression>> bind_checks(const Surroundings& around, const query::SchemaPtr& table);

struct Returning {
  std::vector<query::ExpressionPtr> expressions;
  std::vector<query::OutputColumn> columns;
};
Result<Returning> bind_returning(const Surroundings& around, const Scope& scope, const std::vector<SelectItem>& items);

}  // namespace mneme::sql::binding
