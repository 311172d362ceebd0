// The syntax tree of expressions and queries: what the text said, with nothing resolved.
//
// Every node is a plain struct; an Expression, a QueryBody and a TableRef hold one of a closed set of them in a
// std::variant, so that a binder switches over all. Children are owned; names are folded to lower case unless they
// were quoted. The tree is never higher than kTreeHeightMax (parser.h), so that recursion over it is safe:
// chains of AND and OR are one node with many operands, other chains are bounded.
// Immutable once parsed.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/result.h"

namespace mneme::sql {

struct Expression;
struct Query;
struct QueryBody;
struct TableRef;
using ExpressionPtr = std::unique_ptr<Expression>;  // Null only where a comment says so.
using QueryPtr = std::unique_ptr<Query>;
using QueryBodyPtr = std::unique_ptr<QueryBody>;
using TableRefPtr = std::unique_ptr<TableRef>;

struct Name {
  std::string text;  // Folded, or as quoted. Never empty in a tree.
  SourcePosition at;
};

struct TableName {
  std::string schema;  // Empty: none was written.
  std::string name;
  SourcePosition at;
};

// A type as it was written: `VECTOR(128, i8)` is {"vector", {"128", "i8"}}. Synonyms of more than one word come as
// one name: "double precision", "character varying", "timestamp with time zone", "timestamp without time zone".
struct TypeName {
  std::string name;                    // Folded to lower case, single spaces.
  std::vector<std::string> arguments;  // Integers or identifiers, folded.
  SourcePosition at;
};

// ---- Expressions -----------------------------------------------------------------------------------------------

enum class LiteralKind : std::uint8_t { null, boolean, integer, decimal, text, blob };
struct Literal {
  LiteralKind kind = LiteralKind::null;
  // boolean: "true"/"false"; integer and decimal: the digits as written, never signed, of any length (an integer may
  // exceed 64 bits); text: the value, unescaped; blob: the bytes themselves.
  std::string text;
};
struct TypedLiteral {  // DATE '2024-01-01', INTERVAL '3' DAY, VECTOR '[1,2]'
  TypeName type;
  std::string text;
  std::string interval_fields;  // "day", "hour to second"; empty: none was written.
};
struct Parameter {
  std::uint32_t number = 0;  // $1 is 1.
};
struct ColumnRef {
  std::string schema;  // Empty: none was written.
  std::string table;   // Empty: none was written.
  std::string column;
  bool quoted = false;  // The column came in double quotes: the hint when it is not found.
};
struct Star {  // `*` and `t.*`: only as an item of a select list or of RETURNING.
  std::string schema;
  std::string table;
};
struct DefaultMarker {};  // DEFAULT: only in VALUES of an INSERT and on the right of SET.

enum class UnaryOperator : std::uint8_t { plus, minus, logical_not };
struct Unary {
  UnaryOperator op = UnaryOperator::plus;
  ExpressionPtr operand;
};

enum class BinaryOperator : std::uint8_t {
  equal,
  not_equal,
  less,
  less_equal,
  greater,
  greater_equal,
  add,
  subtract,
  multiply,
  divide,
  modulo,
  power,
  concat,
  l2_distance,
  cosine_distance,
  negative_inner_product,
  l1_distance,
  hamming_distance,  // <-> <=> <#> <+> <~>
  json_get,
  json_get_text,
  json_get_path,
  json_get_path_text,
  contains,
  contained_by,  // -> ->> #> #>> @> <@
  regex_match,
  regex_match_insensitive,
  regex_not_match,
  regex_not_match_insensitive,  // ~ ~* !~ !~*
  bit_and,
  bit_or,
  bit_xor,
  shift_left,
  shift_right,  // & | # << >>
};
struct Binary {
  BinaryOperator op = BinaryOperator::equal;
  ExpressionPtr left;
  ExpressionPtr right;
};
enum class LogicalOperator : std::uint8_t { conjunction, disjunction };
struct Logical {  // a AND b AND c is one node.
  LogicalOperator op = LogicalOperator::conjunction;
  std::vector<ExpressionPtr> operands;  // At least two.
};
enum class TruthTest : std::uint8_t { null, true_value, false_value, unknown };
struct IsTest {  // a IS [NOT] NULL
  ExpressionPtr operand;
  TruthTest test = TruthTest::null;
  bool negated = false;
};
struct IsDistinct {  // a IS [NOT] DISTINCT FROM b; negated: NOT
  ExpressionPtr left;
  ExpressionPtr right;
  bool negated = false;
};
struct Between {
  ExpressionPtr operand;
  ExpressionPtr low;
  ExpressionPtr high;
  bool negated = false;
  bool symmetric = false;
};
struct InList {
  ExpressionPtr operand;
  std::vector<ExpressionPtr> items;  // At least one.
  bool negated = false;
};
struct InSubquery {
  ExpressionPtr operand;
  QueryPtr query;
  bool negated = false;
};
struct Quantified {  // a = ANY (query or array), a < ALL (...)
  ExpressionPtr left;
  BinaryOperator op = BinaryOperator::equal;
  bool all = false;  // ALL; otherwise ANY or SOME.
  QueryPtr query;    // One of query and array is null.
  ExpressionPtr array;
};
struct Like {
  ExpressionPtr operand;
  ExpressionPtr pattern;
  ExpressionPtr escape;  // Null: no ESCAPE.
  bool negated = false;
  bool insensitive = false;  // ILIKE
};
struct Case {
  struct When {
    ExpressionPtr condition;
    ExpressionPtr result;
  };
  ExpressionPtr operand;  // Null: CASE WHEN condition ...
  std::vector<When> whens;
  ExpressionPtr otherwise;  // Null: no ELSE.
};
struct Cast {  // CAST(a AS t) and a::t
  ExpressionPtr operand;
  TypeName type;
};
struct Extract {      // EXTRACT(field FROM operand)
  std::string field;  // Folded.
  ExpressionPtr operand;
};
struct AtTimeZone {
  ExpressionPtr operand;
  ExpressionPtr zone;
};
struct Exists {
  QueryPtr query;
};
struct ScalarSubquery {
  QueryPtr query;
};

struct SortItem {
  enum class Nulls : std::uint8_t { unspecified, first, last };  // Unspecified: last when ascending, first when not.
  ExpressionPtr expression;
  bool descending = false;
  Nulls nulls = Nulls::unspecified;
};
struct FrameBound {
  enum class Kind : std::uint8_t { unbounded_preceding, preceding, current_row, following, unbounded_following };
  Kind kind = Kind::unbounded_preceding;
  ExpressionPtr offset;  // preceding, following; otherwise null.
};
struct WindowFrame {
  enum class Unit : std::uint8_t { rows, range, groups };
  enum class Exclude : std::uint8_t { no_others, current_row, group, ties };
  Unit unit = Unit::range;
  FrameBound start;
  FrameBound end{FrameBound::Kind::current_row, nullptr};
  Exclude exclude = Exclude::no_others;
};
struct Window {
  std::string base;   // OVER name, or OVER (name ...): a window of the WINDOW clause; empty: none.
  bool bare = false;  // OVER name: no parentheses, nothing but base.
  std::vector<ExpressionPtr> partition_by;
  std::vector<SortItem> order_by;
  std::optional<WindowFrame> frame;
  SourcePosition at;
};
// f(a, b), also the functions with a grammar of their own, under their plain names: SUBSTRING(a FROM b FOR c) is
// substring(a, b, c), POSITION(a IN b) is strpos(b, a), TRIM(LEADING a FROM b) is ltrim(b, a) (rtrim, btrim),
// CURRENT_TIMESTAMP, CURRENT_DATE, CURRENT_TIME, LOCALTIMESTAMP, LOCALTIME are calls without arguments;
// a row (a, b) is row(a, b).
struct Call {
  std::string schema;  // Empty: none was written.
  std::string name;
  std::vector<ExpressionPtr> arguments;
  bool star = false;               // count(*)
  bool distinct = false;           // count(DISTINCT a)
  std::vector<SortItem> order_by;  // first(a ORDER BY b)
  ExpressionPtr filter;            // FILTER (WHERE ...); null: none.
  std::unique_ptr<Window> over;    // Null: not a window function.
};

using ExpressionNode = std::variant<Literal, TypedLiteral, Parameter, ColumnRef, Star, DefaultMarker, Unary, Binary,
                                    Logical, IsTest, IsDistinct, Between, InList, InSubquery, Quantified, Like, Case,
                                    Cast, Extract, AtTimeZone, Exists, ScalarSubquery, Call>;

struct Expression {
  ExpressionNode node;
  SourcePosition at;  // Of a binary operator: the operator's own place; otherwise the first character.
};

// ---- Queries ---------------------------------------------------------------------------------------------------

struct SelectItem {
  ExpressionPtr expression;
  std::string alias;  // Empty: none was written.
};

struct TableAlias {
  std::string name;  // Empty: none was written.
  std::vector<Name> columns;
  SourcePosition at;
};
struct BaseTable {
  TableName name;
  TableAlias alias;
};
struct DerivedTable {  // A subquery, also VALUES, in FROM.
  QueryPtr query;
  TableAlias alias;
  bool lateral = false;
};
struct TableFunction {
  ExpressionPtr call;  // Holds a Call.
  TableAlias alias;
  bool lateral = false;
  bool with_ordinality = false;
};
enum class JoinKind : std::uint8_t { inner, left, right, full, cross };
struct Join {
  JoinKind kind = JoinKind::inner;
  bool natural = false;
  bool asof = false;  // ASOF JOIN (inner) or ASOF LEFT JOIN; `on` is set.
  TableRefPtr left;
  TableRefPtr right;
  ExpressionPtr on;  // Null for cross, natural and USING.
  std::vector<Name> using_columns;
  ExpressionPtr within;  // ASOF ... WITHIN expression; null: none.
};
struct TableRef {
  std::variant<BaseTable, DerivedTable, TableFunction, Join> node;
  SourcePosition at;
};

struct GroupingElement {
  enum class Kind : std::uint8_t { expression, empty, rollup, cube, grouping_sets };
  Kind kind = Kind::expression;
  // expression: one set of one; rollup, cube: their sets, each of one or more expressions.
  std::vector<std::vector<ExpressionPtr>> sets;
  std::vector<GroupingElement> elements;  // grouping_sets: may hold every kind; `(a, b)` comes as an expression
                                          // element whose one set has two members.
  SourcePosition at;
};
struct NamedWindow {
  Name name;
  Window window;
};

struct SelectCore {
  bool distinct = false;
  std::vector<ExpressionPtr> distinct_on;  // DISTINCT ON (...); distinct is true.
  std::vector<SelectItem> items;           // May be empty, as PostgreSQL allows.
  std::vector<TableRefPtr> from;           // A comma between two is a cross join.
  ExpressionPtr where;                     // Null: none.
  bool group_distinct = false;
  std::vector<GroupingElement> group_by;
  ExpressionPtr having;  // Null: none.
  std::vector<NamedWindow> windows;
};
struct ValuesClause {
  std::vector<std::vector<ExpressionPtr>> rows;  // At least one; the binder checks that all are as long.
};
enum class SetOperator : std::uint8_t { union_rows, intersect, except };
struct SetOperation {
  SetOperator op = SetOperator::union_rows;
  bool all = false;
  QueryBodyPtr left;
  QueryBodyPtr right;
};
struct QueryBody {
  std::variant<SelectCore, ValuesClause, SetOperation, QueryPtr>
      node;  // QueryPtr: in parentheses, with clauses of its own.
  SourcePosition at;
};

struct CommonTable {
  enum class Materialized : std::uint8_t { unspecified, yes, no };
  Name name;
  std::vector<Name> columns;
  Materialized materialized = Materialized::unspecified;
  QueryPtr query;
};
struct Query {
  bool recursive = false;  // WITH RECURSIVE
  std::vector<CommonTable> with;
  QueryBodyPtr body;
  std::vector<SortItem> order_by;
  ExpressionPtr limit;     // Null: none, also LIMIT ALL.
  ExpressionPtr offset;    // Null: none.
  bool with_ties = false;  // FETCH FIRST n ROWS WITH TIES
  SourcePosition at;
};

}  // namespace mneme::sql
