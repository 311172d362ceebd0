// Binds expressions: names become columns, operators and functions the kernels their operands' types ask for, every
// conversion a call of its own, and what is constant its value.
#pragma once

#include <string_view>
#include <vector>

#include "sql/ast_query.h"
#include "sql/bind_operand.h"

namespace mneme::sql::binding {

// The aggregate calls of a SELECT. While its expressions are bound, call i is the column kAggregateColumn + i.
struct AggregateCalls {
  std::vector<query::AggregateCall> calls;
};

struct RightSide;  // bind_subquery.h
struct Source;     // bind_query.h

class ExpressionBinder {  // One thread at a time.
 public:
  // `clause` names the place for errors: "WHERE". `aggregates` is null where none may stand (42803).
  ExpressionBinder(const Surroundings& around, const Scope& scope, std::string_view clause,
                   AggregateCalls* aggregates = nullptr)
      : around_(around), scope_(scope), clause_(clause), aggregates_(aggregates) {}

  // Subqueries may be joined to `source`, whose scope is the one of these expressions. It grows columns without names.
  ExpressionBinder& joining(Source& source) {
    joined_ = &source;
    return *this;
  }

  Result<Bound> bind(const Expression& expression);
  Result<query::ExpressionPtr> bind_as(const Expression& expression, const Type& type,
                                       CastContext cast = CastContext::implicit);
  Result<query::ExpressionPtr> bind_settled(const Expression& expression);
  // BOOL, or 42804 "argument of WHERE must be type BOOL": of `what`, or of the clause.
  Result<query::ExpressionPtr> bind_condition(const Expression& expression, std::string_view what = {});

  // `left symbol right`, both bound already.
  Result<Bound> compare(std::string_view symbol, Bound left, Bound right, SourcePosition at);

  [[nodiscard]] StatementState& state() const noexcept { return around_.state; }

 private:
  Result<Bound> node(const Literal& literal, SourcePosition at);
  Result<Bound> node(const TypedLiteral& literal, SourcePosition at);
  Result<Bound> node(const Parameter& parameter, SourcePosition at);
  Result<Bound> node(const ColumnRef& reference, SourcePosition at);
  Result<Bound> node(const Star& star, SourcePosition at);
  Result<Bound> node(const DefaultMarker& marker, SourcePosition at);
  Result<Bound> node(const Unary& unary, SourcePosition at);
  Result<Bound> node(const Binary& binary, SourcePosition at);
  Result<Bound> node(const Logical& logical, SourcePosition at);
  Result<Bound> node(const IsTest& test, SourcePosition at);
  Result<Bound> node(const IsDistinct& distinct, SourcePosition at);
  Result<Bound> node(const Between& between, SourcePosition at);
  Result<Bound> node(const InList& in, SourcePosition at);
  Result<Bound> node(const InSubquery& in, SourcePosition at);
  Result<Bound> node(const Quantified& quantified, SourcePosition at);
  Result<Bound> node(const Like& like, SourcePosition at);
  Result<Bound> node(const Case& when, SourcePosition at);
  Result<Bound> node(const Cast& cast, SourcePosition at);
  Result<Bound> node(const Extract& extract, SourcePosition at);
  Result<Bound> node(const AtTimeZone& zone, SourcePosition at);
  Result<Bound> node(const Exists& exists, SourcePosition at);
  Result<Bound> node(const ScalarSubquery& subquery, SourcePosition at);
  Result<Bound> node(const Call& call, SourcePosition at);

  Result<Bound> truth_test(query::ExpressionPtr operand, const IsTest& test, SourcePosition at);
  Result<Bound> compare_rows(BinaryOperator op, const Call& left, const Call& right, SourcePosition at);
  Result<query::ExpressionPtr> case_condition(const Case::When& when, const Bound* operand);
  Result<Bound> call_operator(std::string_view symbol, std::vector<Bound> operands, SourcePosition at);
  Result<Bound> call_function(std::string_view name, std::vector<Bound> arguments, SourcePosition at);
  Result<Bound> finish_call(const query::Overload& overload, std::vector<Bound> arguments, SourcePosition at);
  Result<std::vector<Bound>> bind_all(const std::vector<ExpressionPtr>& expressions);

  // Calls with rules of their own: COALESCE, now() ... Null: an ordinary function.
  using SpecialCall = Result<Bound> (ExpressionBinder::*)(const Call& call, SourcePosition at);
  static SpecialCall find_special(std::string_view name);
  Result<Bound> coalesce(const Call& call, SourcePosition at);
  Result<Bound> now(const Call& call, SourcePosition at);
  Result<Bound> today(const Call& call, SourcePosition at);
  Result<Bound> not_a_value(const Call& call, SourcePosition at);
  Result<Bound> aggregate(const Call& call, SourcePosition at);
  Result<query::AggregateCall> aggregate_call(const Call& call, SourcePosition at);
  Result<void> check_scalar_call(const Call& call, SourcePosition at) const;

  void join_subquery(query::Join join, query::PlanPtr right);
  Result<Bound> joined_aggregate(RightSide side, const query::Expression& value, SourcePosition at);
  Result<Bound> joined_row(RightSide side, query::ExpressionPtr value, SourcePosition at);
  Result<query::ExpressionPtr> rows_of_kind(const Query& query, SourcePosition at);
  Result<query::ExpressionPtr> join_values(query::ExpressionPtr& operand, Bound bare, const Query& query,
                                           SourcePosition at);
  Result<Bound> in_value(const Expression& operand, const Query& query, bool negated, SourcePosition at);
  Result<Bound> lone_subquery(RightSide side, query::ExpressionPtr value, SourcePosition at);

  const Surroundings& around_;
  const Scope& scope_;
  std::string_view clause_;
  AggregateCalls* aggregates_;
  Source* joined_ = nullptr;
};

// `a.b` of a type as it is written; 42704, 22023.
Result<Type> bind_type(const TypeName& name);
// The characters that VARCHAR(n) or CHAR(n) may hold; none: the type has no such limit.
std::optional<std::int64_t> length_limit(const TypeName& name);
// The column's name in a result: PostgreSQL's rules.
std::string output_name(const Expression& expression);
// The text of a number as its value: INT, DECIMAL or FLOAT.
Result<Bound> bind_number(const Literal& literal, bool negative, SourcePosition at);

}  // namespace mneme::sql::binding
