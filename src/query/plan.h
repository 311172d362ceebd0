// Plan: what a statement computes, as a tree of relational operators. The binder builds it, rules rewrite it, and
// make_operator() (operator.h) turns it into running operators.
//
// Every node yields rows of `columns`. Expressions inside a node count the columns of its input; of a node with two
// inputs, those of the left one first, then those of the right one, unless a comment says otherwise.
// Parameters are $1... of the user, then one that is now(), then one for each of the statement's scalar subqueries.
// Owned by one statement; immutable once the rules have run.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "query/aggregate_kind.h"
#include "query/expression.h"
#include "types/schema.h"

namespace mneme::query {

struct OutputColumn {
  std::string name;
  Type type;
  std::string table = {};  // What the table it comes from goes by in the statement, for EXPLAIN; empty: computed.
};

struct Plan;
using PlanPtr = std::unique_ptr<Plan>;
using SchemaPtr = std::shared_ptr<const TableSchema>;

// Bounds and keys are expressions without columns: computed once, when the scan is opened.
struct PruneBound {
  ColumnId column{};
  ExpressionPtr lower;  // Inclusive; null: unbounded.
  ExpressionPtr upper;
};
struct IndexAccess {
  IndexId index{};
  std::vector<ExpressionPtr> equal;  // One per leading column of the index.
  ExpressionPtr lower;               // Of the next column; null: unbounded.
  ExpressionPtr upper;
  bool lower_inclusive = true;
  bool upper_inclusive = true;
  bool descending = false;
};
struct Scan {
  SchemaPtr table;
  std::vector<ColumnId> table_columns;  // What it yields, in order.
  bool with_row_id = false;             // Then a last column, INT: the RowId, for UPDATE and DELETE.
  ExpressionPtr filter;                 // Over what it yields; null: all rows.
  std::vector<PruneBound> prune;        // By the rules, from the filter, which stays.
  std::optional<IndexAccess> index;     // By the rules.
  // By the rules, of table_columns: BLOB columns that come as references where their values lie in blob files; of
  // `in_part` some bytes are read above, of `by_reference` none (table/transaction.h).
  std::vector<ColumnId> by_reference;
  std::vector<ColumnId> in_part;
};
struct Values {
  std::vector<std::vector<ExpressionPtr>> rows;  // Without columns. One empty row: SELECT without FROM.
};
struct Filter {
  ExpressionPtr predicate;
};
struct Project {
  std::vector<ExpressionPtr> expressions;
};
struct SortKey {
  ExpressionPtr expression;
  bool descending = false;
  bool nulls_first = false;
};
struct Sort {
  std::vector<SortKey> keys;
  // By the rules, from a Limit above, which stays: no more than limit + offset rows are wanted. Without columns.
  ExpressionPtr limit;
  ExpressionPtr offset;
  // By the rules, a bit for each column, or none: only the keys want it, so that what is yielded of it has no meaning.
  std::vector<bool> for_keys_only;
};
struct Limit {
  ExpressionPtr limit;  // Without columns; null or NULL: no limit.
  ExpressionPtr offset;
};
struct AggregateCall {
  AggregateKind kind{};
  std::vector<ExpressionPtr> arguments;
  bool distinct = false;
  ExpressionPtr filter;  // Null: every row.
  std::vector<SortKey> order_by;
  Type type;
};
struct Aggregate {  // Yields the groups, then the calls. Without groups: one row, even of no input.
  std::vector<ExpressionPtr> groups;
  std::vector<AggregateCall> calls;
};
struct Distinct {                 // Of rows that are equal the first one, as they come. NULLs are equal.
  std::vector<ExpressionPtr> on;  // What must be equal; none: all columns.
};
enum class JoinKind : std::uint8_t { inner, left, right, full, semi, anti };
struct Join {  // Yields left then right columns; semi (EXISTS, IN) and anti (NOT EXISTS): the left ones only.
  JoinKind kind = JoinKind::inner;
  std::vector<ExpressionPtr> left_keys;   // Over the left input's columns. Rows match when all keys are equal,
  std::vector<ExpressionPtr> right_keys;  // over the right input's; NULL keys never match. No keys: every pair,
  ExpressionPtr residual;                 // and this is true (over both inputs' columns; null: always).
  bool null_aware = false;                // anti, of NOT IN: a NULL key on either side means nothing is certain.
};
struct AsofJoin {  // For each left row the right row with the greatest time that is <= (or <) the left one's.
  bool left_outer = false;
  std::vector<ExpressionPtr> left_keys;  // As in Join: matches only among rows with equal keys.
  std::vector<ExpressionPtr> right_keys;
  ExpressionPtr left_time;   // Over the left input's columns.
  ExpressionPtr right_time;  // Over the right input's columns; of the same type.
  bool strict = false;       // left > right instead of >=.
  bool forward = false;      // left <= right: the least right time that is not before.
  ExpressionPtr within;      // INTERVAL or INT (as the time), without columns: matches farther off do not count.
};
struct UnionAll {};    // Any number of inputs of the same types.
struct SetOperation {  // Two inputs of the same types; yields rows of the left one. NULLs are equal.
  enum class Kind : std::uint8_t { intersect, except };
  Kind op = Kind::intersect;
  bool all = false;  // Equal rows as often as the two numbers of them say; otherwise once.
};
struct Series {         // generate_series: one column; first, first + step, ... as long as it is not past `last`.
  ExpressionPtr first;  // Without columns, all three: INT; or TIMESTAMP with an INTERVAL step. A NULL: no rows.
  ExpressionPtr last;
  ExpressionPtr step;  // Zero is 22023; below zero the series descends.
};

// ---- Changes ---------------------------------------------------------------------------------------------------

struct CheckExpression {
  std::string name;
  ExpressionPtr predicate;  // Over the table's columns, in the schema's order. False fails; NULL passes.
};
struct ConflictAction {
  std::optional<IndexId> index;  // None (DO NOTHING only): any unique index.
  bool update = false;
  // Over the existing row's columns (the schema's order), then the proposed row's: the new row, whole.
  std::vector<ExpressionPtr> new_row;
  ExpressionPtr where;  // Over the same; null: always.
};
// RETURNING is over the table's columns in the schema's order (new values; of DELETE the old ones), then, for UPDATE
// ... FROM and DELETE ... USING, the other columns of the input. Without RETURNING a change yields nothing.
struct Insert {  // Input: one column per column of the schema, in its order; NULL for identity and hidden ones.
  SchemaPtr table;
  std::vector<CheckExpression> checks;
  std::optional<ConflictAction> on_conflict;
  std::vector<ExpressionPtr> returning;
};
struct Update {  // Input: the schema's columns in order, the RowId, then others.
  SchemaPtr table;
  std::vector<ExpressionPtr> new_row;  // Over the input: the new row, whole.
  std::vector<CheckExpression> checks;
  std::vector<ExpressionPtr> returning;
};
struct Delete {  // Input: as Update's.
  SchemaPtr table;
  std::vector<ExpressionPtr> returning;
};

using PlanNode = std::variant<Scan, Values, Filter, Project, Sort, Limit, Aggregate, Distinct, Join, AsofJoin, UnionAll,
                              SetOperation, Series, Insert, Update, Delete>;

struct Plan {
  PlanNode node;
  std::vector<PlanPtr> inputs;
  std::vector<OutputColumn> columns;
};

// A whole statement: its scalar subqueries run first, in order, and each becomes one more parameter (NULL for no row;
// more than one row is 21000).
struct StatementPlan {
  PlanPtr root;
  std::vector<PlanPtr> scalar_subqueries;
  std::vector<Type> parameter_types;          // Of $1, $2 ...: what the caller's values are cast to. Parameter
                                              // parameter_types.size() is now(), a TIMESTAMP.
  std::vector<bool> parameters_by_reference;  // By the rules: that may be references, as columns of a scan may.
};

}  // namespace mneme::query
