// Operators and predicates. Literals and types are in bind_literal.cc, calls in bind_call.cc, subqueries in
// bind_subquery.cc.
#include "sql/bind_expression.h"

#include "mneme/value.h"
#include "query/rules_expression.h"
#include "sql/bind_error.h"

namespace mneme::sql::binding {
namespace {

using query::ExpressionKind;

template <class... Parts>
std::vector<Bound> bounds(Parts... parts) {
  std::vector<Bound> list;
  (list.push_back(std::move(parts)), ...);
  return list;
}

Bound copy(const Bound& bound) {
  return Bound{bound.expression ? query::clone(*bound.expression) : nullptr, bound.open, bound.text, bound.parameter,
               bound.at};
}

query::ExpressionPtr logical(ExpressionKind kind, std::vector<query::ExpressionPtr> operands, SourcePosition at) {
  const bool list = kind == ExpressionKind::conjunction || kind == ExpressionKind::disjunction;
  if (list && operands.size() == 1) return std::move(operands.front());
  return query::fold(query::make_node(kind, kBool, std::move(operands), at));
}

query::ExpressionPtr negate(query::ExpressionPtr operand, SourcePosition at) {
  return logical(ExpressionKind::negation, query::expressions(std::move(operand)), at);
}

std::string_view symbol_of(BinaryOperator op) {
  switch (op) {
    case BinaryOperator::equal: return "=";
    case BinaryOperator::not_equal: return "<>";
    case BinaryOperator::less: return "<";
    case BinaryOperator::less_equal: return "<=";
    case BinaryOperator::greater: return ">";
    case BinaryOperator::greater_equal: return ">=";
    case BinaryOperator::add: return "+";
    case BinaryOperator::subtract: return "-";
    case BinaryOperator::multiply: return "*";
    case BinaryOperator::divide: return "/";
    case BinaryOperator::modulo: return "%";
    case BinaryOperator::power: return "^";
    case BinaryOperator::concat: return "||";
    case BinaryOperator::l2_distance: return "<->";
    case BinaryOperator::cosine_distance: return "<=>";
    case BinaryOperator::negative_inner_product: return "<#>";
    case BinaryOperator::l1_distance: return "<+>";
    case BinaryOperator::hamming_distance: return "<~>";
    case BinaryOperator::json_get: return "->";
    case BinaryOperator::json_get_text: return "->>";
    case BinaryOperator::json_get_path: return "#>";
    case BinaryOperator::json_get_path_text: return "#>>";
    case BinaryOperator::contains: return "@>";
    case BinaryOperator::contained_by: return "<@";
    case BinaryOperator::regex_match: return "~";
    case BinaryOperator::regex_match_insensitive: return "~*";
    case BinaryOperator::regex_not_match: return "!~";
    case BinaryOperator::regex_not_match_insensitive: return "!~*";
    case BinaryOperator::bit_and: return "&";
    case BinaryOperator::bit_or: return "|";
    case BinaryOperator::bit_xor: return "#";
    case BinaryOperator::shift_left: return "<<";
    case BinaryOperator::shift_right: return ">>";
  }
  return "";
}

bool is_comparison(BinaryOperator op) { return op <= BinaryOperator::greater_equal; }

const Call* as_row(const Expression& expression) {
  const auto* call = std::get_if<Call>(&expression.node);
  return call != nullptr && call->schema.empty() && call->name == "row" ? call : nullptr;
}

}  // namespace

Result<Bound> ExpressionBinder::bind(const Expression& expression) {
  return std::visit([&](const auto& n) { return node(n, expression.at); }, expression.node);
}

Result<query::ExpressionPtr> ExpressionBinder::bind_as(const Expression& expression, const Type& type,
                                                       CastContext cast) {
  return convert(state(), TRY(bind(expression)), type, cast);
}

Result<query::ExpressionPtr> ExpressionBinder::bind_settled(const Expression& expression) {
  return settle(state(), TRY(bind(expression)));
}

Result<query::ExpressionPtr> ExpressionBinder::bind_condition(const Expression& expression, std::string_view what) {
  Bound bound = TRY(bind(expression));
  if (bound.is_open() || bound.type() == kBool) return convert(state(), std::move(bound), kBool, CastContext::implicit);
  return wrong("42804",
               "argument of " + std::string(what.empty() ? clause_ : what) + " must be type BOOL, not type " +
                   type_name(*bound.type()),
               expression.at);
}

Result<std::vector<Bound>> ExpressionBinder::bind_all(const std::vector<ExpressionPtr>& expressions) {
  std::vector<Bound> list;
  list.reserve(expressions.size());
  for (const auto& expression : expressions) list.push_back(TRY(bind(*expression)));
  return list;
}

// ---- Names -----------------------------------------------------------------------------------------------------

Result<Bound> ExpressionBinder::node(const ColumnRef& reference, SourcePosition at) {
  const ScopeReference found = TRY(resolve_column(scope_, reference, at));
  return closed(query::make_column(found.index, found.type, at));
}

Result<Bound> ExpressionBinder::node(const Star&, SourcePosition at) {
  return wrong("42601", "* stands only as an item of a select list or of RETURNING", at);
}

Result<Bound> ExpressionBinder::node(const DefaultMarker&, SourcePosition at) {
  return wrong("42601", "DEFAULT is not allowed in this context", at);
}

Result<Bound> ExpressionBinder::node(const Parameter& parameter, SourcePosition at) {
  return bind_parameter(state(), parameter.number, at);
}

// ---- Operators -------------------------------------------------------------------------------------------------

Result<Bound> ExpressionBinder::finish_call(const query::Overload& overload, std::vector<Bound> arguments,
                                            SourcePosition at) {
  std::vector<query::ExpressionPtr> converted;
  converted.reserve(arguments.size());
  // What resolution chose is allowed, whatever the rules for columns say.
  const CastContext cast = overload.compares ? CastContext::comparison : CastContext::explicit_;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    converted.push_back(TRY(convert(state(), std::move(arguments[i]), overload.arguments[i], cast)));
  }
  return closed(query::fold(query::make_call(*overload.function, overload.result, std::move(converted), at)));
}

Result<Bound> ExpressionBinder::call_operator(std::string_view symbol, std::vector<Bound> operands, SourcePosition at) {
  const query::Overload overload = TRY(query::resolve_operator(symbol, arguments_of(state(), operands), at));
  return finish_call(overload, std::move(operands), at);
}

Result<Bound> ExpressionBinder::compare(std::string_view symbol, Bound left, Bound right, SourcePosition at) {
  return call_operator(symbol, bounds(std::move(left), std::move(right)), at);
}

Result<Bound> ExpressionBinder::node(const Unary& unary, SourcePosition at) {
  if (unary.op == UnaryOperator::logical_not) {
    return closed(negate(TRY(bind_condition(*unary.operand, "NOT")), at));
  }
  const auto* literal = std::get_if<Literal>(&unary.operand->node);
  const bool number =
      literal != nullptr && (literal->kind == LiteralKind::integer || literal->kind == LiteralKind::decimal);
  if (number) return bind_number(*literal, unary.op == UnaryOperator::minus, at);
  Bound operand = TRY(bind(*unary.operand));
  if (unary.op == UnaryOperator::minus) return call_operator("-", bounds(std::move(operand)), at);
  if (operand.is_open()) return closed(TRY(convert(state(), std::move(operand), kFloat, CastContext::implicit)));
  // What has a negative has a positive: itself.
  const query::Argument argument{*operand.type(), false};
  TRY(query::resolve_operator("-", std::span(&argument, 1), at));
  return operand;
}

Result<Bound> ExpressionBinder::node(const Binary& binary, SourcePosition at) {
  const Call* left_row = as_row(*binary.left);
  const Call* right_row = as_row(*binary.right);
  if (left_row != nullptr && right_row != nullptr && is_comparison(binary.op)) {
    return compare_rows(binary.op, *left_row, *right_row, at);
  }
  Bound left = TRY(bind(*binary.left));
  Bound right = TRY(bind(*binary.right));
  return compare(symbol_of(binary.op), std::move(left), std::move(right), at);
}

// (a, b) = (c, d) and <>, member by member.
Result<Bound> ExpressionBinder::compare_rows(BinaryOperator op, const Call& left, const Call& right,
                                             SourcePosition at) {
  if (left.arguments.size() != right.arguments.size()) {
    return wrong("42601", "unequal number of entries in row expressions", at);
  }
  if (op != BinaryOperator::equal && op != BinaryOperator::not_equal) {
    return not_yet("ordering rows by " + std::string(symbol_of(op)), at,
                   "compare member by member: a > x OR a = x AND b > y");
  }
  std::vector<query::ExpressionPtr> members;
  for (std::size_t i = 0; i < left.arguments.size(); ++i) {
    Bound one = TRY(bind(*left.arguments[i]));
    Bound other = TRY(bind(*right.arguments[i]));
    members.push_back(TRY(compare("=", std::move(one), std::move(other), at)).expression);
  }
  query::ExpressionPtr equal = logical(ExpressionKind::conjunction, std::move(members), at);
  return closed(op == BinaryOperator::equal ? std::move(equal) : negate(std::move(equal), at));
}

Result<Bound> ExpressionBinder::node(const Logical& n, SourcePosition at) {
  const bool conjunction = n.op == LogicalOperator::conjunction;
  std::vector<query::ExpressionPtr> operands;
  operands.reserve(n.operands.size());
  for (const auto& operand : n.operands) operands.push_back(TRY(bind_condition(*operand, conjunction ? "AND" : "OR")));
  const auto kind = conjunction ? ExpressionKind::conjunction : ExpressionKind::disjunction;
  return closed(logical(kind, std::move(operands), at));
}

// ---- Predicates ------------------------------------------------------------------------------------------------

Result<Bound> ExpressionBinder::truth_test(query::ExpressionPtr operand, const IsTest& test, SourcePosition at) {
  const bool wanted = test.test == TruthTest::true_value;
  auto otherwise = constant(Value(!wanted), at);  // NULL is neither true nor false.
  auto value = query::fold(query::make_node(ExpressionKind::coalesce, kBool,
                                            query::expressions(std::move(operand), std::move(otherwise)), at));
  const bool negated = test.negated == wanted;  // IS NOT TRUE, IS FALSE
  return closed(negated ? negate(std::move(value), at) : std::move(value));
}

Result<Bound> ExpressionBinder::node(const IsTest& test, SourcePosition at) {
  if (test.test == TruthTest::null) {
    auto operand = TRY(bind_settled(*test.operand));
    auto is_null = logical(ExpressionKind::is_null, query::expressions(std::move(operand)), at);
    return closed(test.negated ? negate(std::move(is_null), at) : std::move(is_null));
  }
  auto operand = TRY(bind_condition(*test.operand, "IS"));
  if (test.test != TruthTest::unknown) return truth_test(std::move(operand), test, at);
  auto is_null = logical(ExpressionKind::is_null, query::expressions(std::move(operand)), at);
  return closed(test.negated ? negate(std::move(is_null), at) : std::move(is_null));
}

Result<Bound> ExpressionBinder::node(const IsDistinct& distinct, SourcePosition at) {
  Bound left = TRY(bind(*distinct.left));
  Bound right = TRY(bind(*distinct.right));
  const std::string_view symbol = distinct.negated ? "is not distinct from" : "is distinct from";
  return compare(symbol, std::move(left), std::move(right), at);
}

Result<Bound> ExpressionBinder::node(const Between& between, SourcePosition at) {
  const Bound operand = TRY(bind(*between.operand));
  const Bound low = TRY(bind(*between.low));
  const Bound high = TRY(bind(*between.high));
  const auto within = [&](const Bound& least, const Bound& most) -> Result<query::ExpressionPtr> {
    Bound above = TRY(compare(">=", copy(operand), copy(least), at));
    Bound below = TRY(compare("<=", copy(operand), copy(most), at));
    return logical(ExpressionKind::conjunction,
                   query::expressions(std::move(above.expression), std::move(below.expression)), at);
  };
  query::ExpressionPtr inside = TRY(within(low, high));
  if (between.symmetric) {
    query::ExpressionPtr turned = TRY(within(high, low));
    inside = logical(ExpressionKind::disjunction, query::expressions(std::move(inside), std::move(turned)), at);
  }
  return closed(between.negated ? negate(std::move(inside), at) : std::move(inside));
}

Result<Bound> ExpressionBinder::node(const InList& in, SourcePosition at) {
  std::vector<query::ExpressionPtr> equal;
  equal.reserve(in.items.size());
  const Call* row = as_row(*in.operand);
  if (row != nullptr) {
    for (const auto& item : in.items) {
      const Call* other = as_row(*item);
      if (other == nullptr) return wrong("42601", "IN takes rows here, as long as the one on its left", item->at);
      equal.push_back(TRY(compare_rows(BinaryOperator::equal, *row, *other, at)).expression);
    }
  } else {
    const Bound operand = TRY(bind(*in.operand));
    for (const auto& item : in.items) {
      Bound value = TRY(bind(*item));
      equal.push_back(TRY(compare("=", copy(operand), std::move(value), at)).expression);
    }
  }
  query::ExpressionPtr any = logical(ExpressionKind::disjunction, std::move(equal), at);
  return closed(in.negated ? negate(std::move(any), at) : std::move(any));
}

Result<Bound> ExpressionBinder::node(const Like& like, SourcePosition at) {
  std::vector<Bound> operands;
  operands.push_back(TRY(bind(*like.operand)));
  operands.push_back(TRY(bind(*like.pattern)));
  if (like.escape) operands.push_back(TRY(bind(*like.escape)));
  Bound matches = TRY(call_operator(like.insensitive ? "ilike" : "like", std::move(operands), at));
  if (!like.negated) return matches;
  return closed(negate(std::move(matches.expression), at));
}

// ---- CASE ------------------------------------------------------------------------------------------------------

Result<query::ExpressionPtr> ExpressionBinder::case_condition(const Case::When& when, const Bound* operand) {
  if (operand == nullptr) return bind_condition(*when.condition, "CASE/WHEN");
  Bound value = TRY(bind(*when.condition));
  Bound equal = TRY(compare("=", copy(*operand), std::move(value), when.condition->at));
  return std::move(equal.expression);
}

Result<Bound> ExpressionBinder::node(const Case& n, SourcePosition at) {
  std::optional<Bound> operand;
  if (n.operand) operand = TRY(bind(*n.operand));
  std::vector<query::ExpressionPtr> conditions;
  std::vector<Bound> results;
  for (const Case::When& when : n.whens) {
    conditions.push_back(TRY(case_condition(when, operand ? &*operand : nullptr)));
    results.push_back(TRY(bind(*when.result)));
  }
  if (n.otherwise) results.push_back(TRY(bind(*n.otherwise)));
  std::vector<query::ExpressionPtr> values = TRY(unify(state(), std::move(results), "CASE", at));
  const Type type = values.front()->type;
  std::vector<query::ExpressionPtr> children;
  for (std::size_t i = 0; i < conditions.size(); ++i) {
    children.push_back(std::move(conditions[i]));
    children.push_back(std::move(values[i]));
  }
  if (n.otherwise) children.push_back(std::move(values.back()));
  return closed(query::fold(query::make_node(ExpressionKind::case_when, type, std::move(children), at)));
}

}  // namespace mneme::sql::binding
