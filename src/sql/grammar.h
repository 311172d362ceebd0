// Grammar: the productions that the parser's files share. Each reads one construct at the cursor, or returns the error.
// Internal to src/sql; users of the parser include parser.h.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "sql/ast.h"
#include "sql/cursor.h"

namespace mneme::sql::grammar {

// ---- Names and types (parse_name.cc) ----
Result<Name> name(Cursor& cursor, std::string_view expected);  // A column or table.
bool at_name(Cursor& cursor);
bool is_plain_word(std::string_view text) noexcept;  // Reads back as itself without quotes, if it is no keyword.
Result<TableName> table_name(Cursor& cursor, std::string_view expected);
Result<std::vector<TableName>> table_names(Cursor& cursor, std::string_view expected);
Result<std::vector<Name>> name_list(Cursor& cursor, std::string_view expected);  // (a, b): with the parentheses.
Result<std::vector<Name>> optional_name_list(Cursor& cursor, std::string_view expected);
Result<TypeName> type_name(Cursor& cursor);
bool at_typed_literal(Cursor& cursor);  // DATE '...': a type and a text.
Result<ExpressionPtr> typed_literal(Cursor& cursor);

// ---- Expressions (parse_expression.cc, parse_primary.cc, parse_call.cc) ----
enum class Level : std::uint8_t {  // How tightly an operator binds, loosest first.
  any,
  disjunction,
  conjunction,
  negation,
  is_test,
  comparison,
  membership,
  other,
  sum,
  product,
  power,
  at_time_zone,
  sign,
  cast,
  primary,
};
Result<ExpressionPtr> expression(Cursor& cursor, Level loosest = Level::any);
Result<ExpressionPtr> primary(Cursor& cursor);
Result<ExpressionPtr> call(Cursor& cursor, Name schema, Name function);  // At the "(" ; schema may be empty.
bool at_special_call(Cursor& cursor);  // EXTRACT(, CAST(, SUBSTRING(, CURRENT_DATE ...
Result<ExpressionPtr> special_call(Cursor& cursor);
Result<std::vector<ExpressionPtr>> expression_list(Cursor& cursor);     // At least one, by comma.
Result<std::vector<ExpressionPtr>> parenthesised_list(Cursor& cursor);  // ( one or more )
ExpressionPtr make(ExpressionNode node, SourcePosition at);
std::optional<BinaryOperator> binary_operator(std::string_view characters);
std::string_view spelling(BinaryOperator op);
Level level_of(BinaryOperator op);

// ---- Queries (parse_query.cc, parse_select.cc, parse_from.cc, parse_window.cc) ----
bool at_query(Cursor& cursor, std::size_t ahead = 0);  // SELECT, VALUES, WITH; not "(".
Result<QueryPtr> query(Cursor& cursor);
Result<QueryPtr> query_after_with(Cursor& cursor, With with);
Result<QueryPtr> parenthesised_query(Cursor& cursor);  // ( query )
// Goes on behind a query in parentheses that turned out to begin a larger one: (SELECT 1) UNION SELECT 2.
bool at_query_tail(Cursor& cursor);
Result<QueryPtr> query_tail(Cursor& cursor, QueryPtr first);
Result<With> with_clause(Cursor& cursor);  // At WITH.
Result<SelectCore> select_core(Cursor& cursor);
Result<std::vector<SelectItem>> select_items(Cursor& cursor);
Result<std::vector<SelectItem>> optional_returning(Cursor& cursor);
Result<std::vector<TableRefPtr>> from_list(Cursor& cursor);
Result<std::vector<SortItem>> optional_order_by(Cursor& cursor);
Result<void> optional_nulls(Cursor& cursor, SortItem::Nulls& nulls);  // NULLS FIRST, NULLS LAST
Result<Window> window(Cursor& cursor);                                // ( ... )
Result<ExpressionPtr> optional_where(Cursor& cursor);                 // Null: none.

// ---- Statements (parse_ddl.cc, parse_column.cc, parse_dml.cc, parse_session.cc, parser.cc) ----
Result<StatementNode> statement(Cursor& cursor);
Result<StatementNode> create(Cursor& cursor);
Result<StatementNode> drop(Cursor& cursor);
Result<StatementNode> alter(Cursor& cursor);
Result<ColumnDefinition> column_definition(Cursor& cursor);
bool at_table_constraint(Cursor& cursor);
Result<TableConstraint> table_constraint(Cursor& cursor);
Result<std::vector<Option>> optional_options(Cursor& cursor);  // WITH (...)
Result<ExpressionPtr> setting_value(Cursor& cursor);
Result<StatementNode> change(Cursor& cursor, With with);  // INSERT, UPDATE, DELETE
Result<StatementNode> truncate(Cursor& cursor);
Result<std::optional<StatementNode>> session(Cursor& cursor);  // Empty: another kind of statement.

}  // namespace mneme::sql::grammar
