// Function calls: arguments, DISTINCT, ORDER BY, FILTER, OVER; and those with a grammar of their own.
#include <algorithm>
#include <utility>

#include "sql/grammar.h"

namespace mneme::sql::grammar {
namespace {

ExpressionPtr plain_call(std::string_view function, std::vector<ExpressionPtr> arguments, SourcePosition at) {
  Call node;
  node.name = function;
  node.arguments = std::move(arguments);
  return make(std::move(node), at);
}

// ( ... ) of a call.
Result<void> arguments(Cursor& cursor, Call& node) {
  const Nesting nesting(cursor);
  TRY(nesting.check());
  TRY(cursor.expect(TokenKind::left_parenthesis, "("));
  if (cursor.accept(TokenKind::right_parenthesis)) return {};
  if (cursor.accept_operator("*")) {
    node.star = true;
    return cursor.expect(TokenKind::right_parenthesis, ")");
  }
  node.distinct = cursor.accept("distinct");
  if (!node.distinct) cursor.accept("all");
  node.arguments = TRY(expression_list(cursor));
  node.order_by = TRY(optional_order_by(cursor));
  if (!cursor.accept(TokenKind::right_parenthesis)) return cursor.unexpected("\",\" or \")\"");
  return {};
}

Result<void> filter(Cursor& cursor, Call& node) {
  if (!cursor.at("filter") || !cursor.at(TokenKind::left_parenthesis, 1)) return {};
  const Nesting nesting(cursor);
  TRY(nesting.check());
  cursor.take();
  cursor.take();
  TRY(cursor.expect("where"));
  node.filter = TRY(expression(cursor));
  return cursor.expect(TokenKind::right_parenthesis, ")");
}

Result<void> over(Cursor& cursor, Call& node) {
  if (!cursor.at("over")) return {};
  const SourcePosition at = cursor.take().at;
  node.over = std::make_unique<Window>();
  if (cursor.at(TokenKind::left_parenthesis)) {
    *node.over = TRY(window(cursor));
  } else {
    node.over->bare = true;
    node.over->base = TRY(name(cursor, "a window or \"(\"")).text;
  }
  node.over->at = at;
  return {};
}

// VECTOR(3) '[1,2,3]' was read as a call up to its text.
bool is_type_with_arguments(const Call& node) {
  const auto is_plain = [](const ExpressionPtr& argument) {
    const auto* number = std::get_if<Literal>(&argument->node);
    const auto* word = std::get_if<ColumnRef>(&argument->node);
    return (number != nullptr && number->kind == LiteralKind::integer) ||
           (word != nullptr && word->table.empty() && !word->quoted);
  };
  const bool plain = !node.star && !node.distinct && node.order_by.empty() && node.schema.empty();
  return plain && is_plain_word(node.name) && classify(node.name) == WordClass::ordinary && !node.arguments.empty() &&
         std::ranges::all_of(node.arguments, is_plain);
}

ExpressionPtr as_typed_literal(Call node, std::string text, SourcePosition at) {
  TypedLiteral literal{{std::move(node.name), {}, at}, std::move(text), {}};
  for (const auto& argument : node.arguments) {
    const auto* number = std::get_if<Literal>(&argument->node);
    literal.type.arguments.push_back(number != nullptr ? number->text : std::get<ColumnRef>(argument->node).column);
  }
  return make(std::move(literal), at);
}

Result<ExpressionPtr> cast(Cursor& cursor, SourcePosition at) {
  ExpressionPtr operand = TRY(expression(cursor));
  TRY(cursor.expect("as"));
  TypeName type = TRY(type_name(cursor));
  return make(Cast{std::move(operand), std::move(type)}, at);
}

Result<ExpressionPtr> extract(Cursor& cursor, SourcePosition at) {
  if (!cursor.at(TokenKind::identifier) && !cursor.at(TokenKind::text)) {
    return cursor.unexpected("a field such as YEAR or EPOCH");
  }
  Extract node{cursor.take().value, nullptr};
  std::ranges::transform(node.field, node.field.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  TRY(cursor.expect("from"));
  node.operand = TRY(expression(cursor));
  return make(std::move(node), at);
}

// SUBSTRING(a FROM b FOR c), also with commas.
Result<ExpressionPtr> substring(Cursor& cursor, SourcePosition at) {
  std::vector<ExpressionPtr> parts = TRY(expression_list(cursor));
  if (cursor.accept("from")) {
    parts.push_back(TRY(expression(cursor)));
    if (cursor.accept("for")) parts.push_back(TRY(expression(cursor)));
  } else if (cursor.accept("for")) {
    parts.push_back(make(Literal{LiteralKind::integer, "1"}, at));
    parts.push_back(TRY(expression(cursor)));
  }
  return plain_call("substring", std::move(parts), at);
}

// OVERLAY(a PLACING b FROM c FOR d), also with commas.
Result<ExpressionPtr> overlay(Cursor& cursor, SourcePosition at) {
  std::vector<ExpressionPtr> parts = TRY(expression_list(cursor));
  for (const char* const word : {"placing", "from", "for"}) {
    if (cursor.accept(word)) parts.push_back(TRY(expression(cursor)));
  }
  return plain_call("overlay", std::move(parts), at);
}

Result<ExpressionPtr> position(Cursor& cursor, SourcePosition at) {
  std::vector<ExpressionPtr> parts(2);
  parts[1] = TRY(expression(cursor, Level::other));  // Looser would take the IN.
  TRY(cursor.expect("in"));
  parts[0] = TRY(expression(cursor, Level::other));
  return plain_call("strpos", std::move(parts), at);
}

// TRIM([BOTH | LEADING | TRAILING] [characters] FROM text) and TRIM(text, characters).
Result<ExpressionPtr> trim(Cursor& cursor, SourcePosition at) {
  std::string_view function = "btrim";
  if (cursor.accept("leading")) {
    function = "ltrim";
  } else if (cursor.accept("trailing")) {
    function = "rtrim";
  } else {
    cursor.accept("both");
  }
  std::vector<ExpressionPtr> parts;
  if (!cursor.at("from")) parts = TRY(expression_list(cursor));
  if (cursor.accept("from")) {
    ExpressionPtr text = TRY(expression(cursor));
    parts.insert(parts.begin(), std::move(text));
  }
  return plain_call(function, std::move(parts), at);
}

struct Special {
  std::string_view word;
  Result<ExpressionPtr> (*read)(Cursor& cursor, SourcePosition at);  // Between the parentheses.
};
constexpr Special kSpecial[] = {{"cast", cast},       {"extract", extract},   {"substring", substring},
                                {"overlay", overlay}, {"position", position}, {"trim", trim}};
constexpr std::string_view kWithoutParentheses[] = {"current_date", "current_time", "current_timestamp", "localtime",
                                                    "localtimestamp"};

}  // namespace

Result<ExpressionPtr> call(Cursor& cursor, Name schema, Name function) {
  const SourcePosition at = schema.text.empty() ? function.at : schema.at;
  Call node;
  node.schema = std::move(schema.text);
  node.name = std::move(function.text);
  TRY(arguments(cursor, node));
  if (cursor.at(TokenKind::text) && is_type_with_arguments(node)) {
    return as_typed_literal(std::move(node), cursor.take().value, at);
  }
  TRY(filter(cursor, node));
  TRY(over(cursor, node));
  return make(std::move(node), at);
}

bool at_special_call(Cursor& cursor) {
  const Token& token = cursor.peek();
  if (token.kind != TokenKind::identifier || token.word == WordClass::ordinary) return false;
  if (std::ranges::find(kWithoutParentheses, token.value) != std::end(kWithoutParentheses)) return true;
  return std::ranges::find(kSpecial, token.value, &Special::word) != std::end(kSpecial) &&
         cursor.at(TokenKind::left_parenthesis, 1);
}

Result<ExpressionPtr> special_call(Cursor& cursor) {
  const Token token = cursor.take();
  const auto* special = std::ranges::find(kSpecial, token.value, &Special::word);
  if (special == std::end(kSpecial)) {
    std::vector<ExpressionPtr> precision;
    if (cursor.at(TokenKind::left_parenthesis)) precision = TRY(parenthesised_list(cursor));
    return plain_call(token.value, std::move(precision), token.at);
  }
  const Nesting nesting(cursor);
  TRY(nesting.check());
  TRY(cursor.expect(TokenKind::left_parenthesis, "("));
  ExpressionPtr node = TRY(special->read(cursor, token.at));
  TRY(cursor.expect(TokenKind::right_parenthesis, ")"));
  return node;
}

}  // namespace mneme::sql::grammar
