// Operators, by precedence climbing over PostgreSQL 15's table.
// What it accepts by accident of its grammar, an operator that binds tighter than the finished form before it
// (`a IS NULL = b`), is refused here: it asks for parentheses.
#include <algorithm>
#include <utility>

#include "sql/grammar.h"

namespace mneme::sql::grammar {
namespace {

struct Spelling {
  std::string_view characters;
  BinaryOperator op;
  Level level;
};
constexpr Spelling kOperators[] = {
    {"=", BinaryOperator::equal, Level::comparison},
    {"<>", BinaryOperator::not_equal, Level::comparison},
    {"!=", BinaryOperator::not_equal, Level::comparison},
    {"<", BinaryOperator::less, Level::comparison},
    {"<=", BinaryOperator::less_equal, Level::comparison},
    {">", BinaryOperator::greater, Level::comparison},
    {">=", BinaryOperator::greater_equal, Level::comparison},
    {"+", BinaryOperator::add, Level::sum},
    {"-", BinaryOperator::subtract, Level::sum},
    {"*", BinaryOperator::multiply, Level::product},
    {"/", BinaryOperator::divide, Level::product},
    {"%", BinaryOperator::modulo, Level::product},
    {"^", BinaryOperator::power, Level::power},
    {"||", BinaryOperator::concat, Level::other},
    {"<->", BinaryOperator::l2_distance, Level::other},
    {"<=>", BinaryOperator::cosine_distance, Level::other},
    {"<#>", BinaryOperator::negative_inner_product, Level::other},
    {"<+>", BinaryOperator::l1_distance, Level::other},
    {"<~>", BinaryOperator::hamming_distance, Level::other},
    {"->", BinaryOperator::json_get, Level::other},
    {"->>", BinaryOperator::json_get_text, Level::other},
    {"#>", BinaryOperator::json_get_path, Level::other},
    {"#>>", BinaryOperator::json_get_path_text, Level::other},
    {"@>", BinaryOperator::contains, Level::other},
    {"<@", BinaryOperator::contained_by, Level::other},
    {"~", BinaryOperator::regex_match, Level::other},
    {"~*", BinaryOperator::regex_match_insensitive, Level::other},
    {"!~", BinaryOperator::regex_not_match, Level::other},
    {"!~*", BinaryOperator::regex_not_match_insensitive, Level::other},
    {"&", BinaryOperator::bit_and, Level::other},
    {"|", BinaryOperator::bit_or, Level::other},
    {"#", BinaryOperator::bit_xor, Level::other},
    {"<<", BinaryOperator::shift_left, Level::other},
    {">>", BinaryOperator::shift_right, Level::other},
};

constexpr Level tighter(Level level) { return static_cast<Level>(static_cast<int>(level) + 1); }

bool at_negated_test(Cursor& cursor) {
  if (!cursor.at("not")) return false;
  return cursor.at("between", 1) || cursor.at("in", 1) || cursor.at("like", 1) || cursor.at("ilike", 1) ||
         cursor.at("similar", 1);
}

// The level of the operator at the cursor; empty when there is none.
std::optional<Level> level_at(Cursor& cursor) {
  const Token& token = cursor.peek();
  if (token.kind == TokenKind::type_cast) return Level::cast;
  if (token.kind == TokenKind::op) {
    const auto op = binary_operator(token.value);
    return op ? std::optional(level_of(*op)) : std::nullopt;
  }
  if (token.kind != TokenKind::identifier) return std::nullopt;
  const std::string_view word = token.value;
  if (word == "or") return Level::disjunction;
  if (word == "and") return Level::conjunction;
  if (word == "is" || word == "isnull" || word == "notnull") return Level::is_test;
  if (word == "between" || word == "in" || word == "like" || word == "ilike") return Level::membership;
  if (word == "similar" || at_negated_test(cursor)) return Level::membership;
  if (word == "at" && cursor.at("time", 1)) return Level::at_time_zone;
  return std::nullopt;
}

Result<ExpressionPtr> logical(Cursor& cursor, ExpressionPtr left, Level level) {
  const bool both = level == Level::conjunction;
  const char* const word = both ? "and" : "or";
  const SourcePosition at = cursor.peek().at;
  Logical chain{both ? LogicalOperator::conjunction : LogicalOperator::disjunction, {}};
  chain.operands.push_back(std::move(left));
  while (cursor.accept(word)) chain.operands.push_back(TRY(expression(cursor, tighter(level))));
  return make(std::move(chain), at);
}

// a = ANY (query) and a = ANY (array).
Result<ExpressionPtr> quantified(Cursor& cursor, ExpressionPtr left, BinaryOperator op, SourcePosition at) {
  Quantified node;
  node.left = std::move(left);
  node.op = op;
  node.all = cursor.take().value == "all";
  const Nesting nesting(cursor);
  TRY(nesting.check());
  TRY(cursor.expect(TokenKind::left_parenthesis, "("));
  if (at_query(cursor)) {
    node.query = TRY(query(cursor));
  } else {
    node.array = TRY(expression(cursor));
  }
  TRY(cursor.expect(TokenKind::right_parenthesis, ")"));
  return make(std::move(node), at);
}

Result<ExpressionPtr> binary(Cursor& cursor, ExpressionPtr left) {
  const Token token = cursor.take();
  const BinaryOperator op = *binary_operator(token.value);
  if (cursor.at("any") || cursor.at("some") || cursor.at("all")) {
    return quantified(cursor, std::move(left), op, token.at);
  }
  ExpressionPtr right = TRY(expression(cursor, tighter(level_of(op))));
  return make(Binary{op, std::move(left), std::move(right)}, token.at);
}

Result<ExpressionPtr> is_test(Cursor& cursor, ExpressionPtr left) {
  const Token token = cursor.take();
  if (token.value != "is") return make(IsTest{std::move(left), TruthTest::null, token.value == "notnull"}, token.at);
  const bool negated = cursor.accept("not");
  if (cursor.accept("distinct")) {
    TRY(cursor.expect("from"));
    ExpressionPtr right = TRY(expression(cursor, tighter(Level::is_test)));
    return make(IsDistinct{std::move(left), std::move(right), negated}, token.at);
  }
  constexpr std::pair<const char*, TruthTest> kTests[] = {{"null", TruthTest::null},
                                                          {"true", TruthTest::true_value},
                                                          {"false", TruthTest::false_value},
                                                          {"unknown", TruthTest::unknown}};
  for (const auto& [word, test] : kTests) {
    if (cursor.accept(word)) return make(IsTest{std::move(left), test, negated}, token.at);
  }
  return cursor.unexpected(negated ? "NULL, TRUE, FALSE, UNKNOWN or DISTINCT FROM"
                                   : "NOT, NULL, TRUE, FALSE, UNKNOWN or DISTINCT FROM");
}

Result<ExpressionPtr> between(Cursor& cursor, ExpressionPtr left, bool negated, SourcePosition at) {
  Between node;
  node.operand = std::move(left);
  node.negated = negated;
  node.symmetric = cursor.accept("symmetric");
  if (!node.symmetric) cursor.accept("asymmetric");
  node.low = TRY(expression(cursor, Level::other));
  TRY(cursor.expect("and"));
  node.high = TRY(expression(cursor, Level::other));
  return make(std::move(node), at);
}

Result<ExpressionPtr> membership(Cursor& cursor, ExpressionPtr left, bool negated, SourcePosition at) {
  const Nesting nesting(cursor);
  TRY(nesting.check());
  TRY(cursor.expect(TokenKind::left_parenthesis, "("));
  QueryPtr subquery;
  InList list{std::move(left), {}, negated};
  if (at_query(cursor)) {
    subquery = TRY(query(cursor));
  } else {
    list.items = TRY(expression_list(cursor));
    // ((SELECT 1)) is the query, as in PostgreSQL, and may go on as ((SELECT 1) UNION SELECT 2).
    auto* scalar = list.items.size() == 1 ? std::get_if<ScalarSubquery>(&list.items[0]->node) : nullptr;
    if (scalar != nullptr) subquery = std::move(scalar->query);
    if (subquery && at_query_tail(cursor)) subquery = TRY(query_tail(cursor, std::move(subquery)));
  }
  if (!cursor.accept(TokenKind::right_parenthesis)) return cursor.unexpected("\",\" or \")\"");
  if (!subquery) return make(std::move(list), at);
  return make(InSubquery{std::move(list.operand), std::move(subquery), negated}, at);
}

Result<ExpressionPtr> like(Cursor& cursor, ExpressionPtr left, bool negated, bool insensitive, SourcePosition at) {
  Like node;
  node.operand = std::move(left);
  node.negated = negated;
  node.insensitive = insensitive;
  node.pattern = TRY(expression(cursor, Level::other));
  if (cursor.accept("escape")) node.escape = TRY(expression(cursor, Level::other));
  return make(std::move(node), at);
}

// [NOT] BETWEEN, IN, LIKE, ILIKE.
Result<ExpressionPtr> test(Cursor& cursor, ExpressionPtr left) {
  const SourcePosition at = cursor.peek().at;
  const bool negated = cursor.accept("not");
  if (cursor.accept("between")) return between(cursor, std::move(left), negated, at);
  if (cursor.accept("in")) return membership(cursor, std::move(left), negated, at);
  if (cursor.accept("like")) return like(cursor, std::move(left), negated, false, at);
  if (cursor.accept("ilike")) return like(cursor, std::move(left), negated, true, at);
  return cursor.unexpected("LIKE: SIMILAR TO is not there")
      .with_hint("use LIKE, or the operator ~ for regular expressions");
}

Result<ExpressionPtr> cast(Cursor& cursor, ExpressionPtr left) {
  const SourcePosition at = cursor.take().at;
  TypeName type = TRY(type_name(cursor));
  return make(Cast{std::move(left), std::move(type)}, at);
}

// Behind any expression: text is ordered by its bytes, which is what COLLATE "C" asks for; no other order is there.
Result<void> byte_collation(Cursor& cursor) {
  const Token& collation = cursor.peek(1);
  const bool bytes = collation.value == "C" || collation.value == "POSIX" || collation.value == "ucs_basic" ||
                     collation.value == "default";
  if (!bytes || cursor.at(TokenKind::text, 1)) {
    return Error(Code::unsupported, "COLLATE takes \"C\" only: text is ordered by its bytes")
        .with_sqlstate("0A000")
        .at(cursor.peek().at)
        .with_hint("order by lower(name), or by a key computed in the program");
  }
  cursor.take();
  cursor.take();
  return {};
}

Result<ExpressionPtr> at_time_zone(Cursor& cursor, ExpressionPtr left) {
  const SourcePosition at = cursor.take().at;
  TRY(cursor.expect("time", "zone"));
  ExpressionPtr zone = TRY(expression(cursor, tighter(Level::at_time_zone)));
  return make(AtTimeZone{std::move(left), std::move(zone)}, at);
}

// The operator at the cursor with `left` before it.
Result<ExpressionPtr> apply(Cursor& cursor, ExpressionPtr left, Level level) {
  switch (level) {
    case Level::disjunction:
    case Level::conjunction: return logical(cursor, std::move(left), level);
    case Level::is_test: return is_test(cursor, std::move(left));
    case Level::membership: return test(cursor, std::move(left));
    case Level::at_time_zone: return at_time_zone(cursor, std::move(left));
    case Level::cast: return cast(cursor, std::move(left));
    default: return binary(cursor, std::move(left));
  }
}

// NOT and the signs; sets `level` to that of what it read.
Result<ExpressionPtr> prefix(Cursor& cursor, Level loosest, Level& level) {
  level = Level::primary;
  const bool negation = cursor.at("not");
  if (!negation && !cursor.at_operator("-") && !cursor.at_operator("+")) return primary(cursor);
  level = negation ? Level::negation : Level::sign;
  // `a = NOT b` counts as the `a = (NOT b)` that it is printed as.
  const Nesting nesting(cursor, negation && loosest > Level::negation ? 2 : 1);
  TRY(nesting.check());
  const Token token = cursor.take();
  const auto op = negation             ? UnaryOperator::logical_not
                  : token.value == "-" ? UnaryOperator::minus
                                       : UnaryOperator::plus;
  ExpressionPtr operand = TRY(expression(cursor, level));
  return make(Unary{op, std::move(operand)}, token.at);
}

bool is_chainable(Level level) { return level != Level::comparison && level != Level::membership; }

}  // namespace

ExpressionPtr make(ExpressionNode node, SourcePosition at) {
  return std::make_unique<Expression>(Expression{std::move(node), at});
}

std::optional<BinaryOperator> binary_operator(std::string_view characters) {
  const auto* found = std::ranges::find(kOperators, characters, &Spelling::characters);
  return found == std::end(kOperators) ? std::nullopt : std::optional(found->op);
}

std::string_view spelling(BinaryOperator op) { return std::ranges::find(kOperators, op, &Spelling::op)->characters; }

Level level_of(BinaryOperator op) { return std::ranges::find(kOperators, op, &Spelling::op)->level; }

Result<ExpressionPtr> expression(Cursor& cursor, Level loosest) {
  Height height(cursor);
  Level left_level = Level::primary;
  ExpressionPtr left = TRY(prefix(cursor, loosest, left_level));
  for (;;) {
    if (cursor.at("collate")) TRY(byte_collation(cursor));
    const auto level = level_at(cursor);
    if (!level || *level < loosest) return left;
    if (left_level < *level || (left_level == *level && !is_chainable(*level))) {
      return cursor.unexpected("parentheses around what stands before it");
    }
    TRY(height.grow());
    left = TRY(apply(cursor, std::move(left), *level));
    left_level = *level;
  }
}

Result<std::vector<ExpressionPtr>> expression_list(Cursor& cursor) {
  std::vector<ExpressionPtr> list;
  do {
    list.push_back(TRY(expression(cursor)));
  } while (cursor.accept(TokenKind::comma));
  return list;
}

Result<std::vector<ExpressionPtr>> parenthesised_list(Cursor& cursor) {
  const Nesting nesting(cursor);
  TRY(nesting.check());
  TRY(cursor.expect(TokenKind::left_parenthesis, "("));
  auto list = TRY(expression_list(cursor));
  if (!cursor.accept(TokenKind::right_parenthesis)) return cursor.unexpected("\",\" or \")\"");
  return list;
}

}  // namespace mneme::sql::grammar
