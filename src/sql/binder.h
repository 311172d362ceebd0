// Binder: resolves the names and settles the types of a parsed statement, making a plan of it.
//
// Errors carry PostgreSQL's SQLSTATE, line and column, and a hint where a near name exists: 42P01 no such table,
// 42703 no such column, 42702 ambiguous, 42883 no such function, 42804 wrong type, 42803 not grouped ...
// What is parsed but not executable yet is `unsupported` (0A000) with a hint.
#pragma once

#include <functional>
#include <span>

#include "base/result.h"
#include "query/plan.h"
#include "sql/ast.h"

namespace mneme::sql {

struct BindContext {
  // The catalogue of the transaction. Null: no such table.
  std::function<query::SchemaPtr(std::string_view name)> find_table;
  std::function<std::vector<std::string>()> table_names;  // For hints.
  // Types of the values the caller bound, for parameters the text leaves open, by their places; none: not known. May be
  // shorter than there are parameters.
  std::span<const std::optional<Type>> parameter_types;
  std::int64_t now_ns = 0;  // now(), for the DEFAULT that a column added by ALTER TABLE gives the rows that are there.
};

// SELECT, VALUES, INSERT, UPDATE, DELETE, and the filling of a CREATE TABLE AS; the rules are the caller's to apply.
// now(), CURRENT_TIMESTAMP and the like are a parameter of the plan, so that a plan may be used again as long as the
// catalogue stays as it is.
Result<query::StatementPlan> bind(const Statement& statement, const BindContext& context);

// The table's CHECKs, for who adds rows without a statement. Parameter 0 is now(), a TIMESTAMP.
Result<std::vector<query::CheckExpression>> bind_checks(const query::SchemaPtr& table, const BindContext& context);

// CREATE TABLE and ALTER TABLE as the schema they ask for. `default_sql` and CHECKs are kept as text and checked by
// binding them. The DEFAULT of an added column is evaluated once and is its missing_value; whether a NOT NULL one
// without a value finds rows (23502) is the caller's to check.
Result<TableSchema> bind_create_table(const CreateTable& create, const BindContext& context);
// CREATE TABLE AS: the columns its query yields. Once there is such a table, bind() plans the INSERT of the query's
// rows.
Result<TableSchema> bind_create_table_as(const CreateTableAs& create, std::size_t parameters,
                                         const BindContext& context);
Result<TableSchema> bind_alter_table(const AlterTable& alter, const TableSchema& table, const BindContext& context);
Result<TableSchema> bind_create_index(const CreateIndex& create, const TableSchema& table);

}  // namespace mneme::sql
