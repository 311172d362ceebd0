// Names, and types as they are written.
#include <algorithm>

#include "sql/grammar.h"

namespace mneme::sql::grammar {
namespace {

bool is_name(const Token& token) {
  if (token.kind == TokenKind::quoted_identifier) return true;
  return token.kind == TokenKind::identifier &&
         (token.word == WordClass::ordinary || token.word == WordClass::column_name);
}

bool is_type_word(const Token& token) {
  if (token.kind == TokenKind::quoted_identifier) return true;
  return token.kind == TokenKind::identifier && token.word != WordClass::reserved;
}

// (128, i8) of VECTOR(128, i8).
Result<std::vector<std::string>> type_arguments(Cursor& cursor) {
  std::vector<std::string> arguments;
  if (!cursor.accept(TokenKind::left_parenthesis)) return arguments;
  do {
    if (!cursor.at(TokenKind::integer) && !cursor.at(TokenKind::identifier)) {
      return cursor.unexpected("a number or a word as argument of the type");
    }
    arguments.push_back(cursor.take().value);
  } while (cursor.accept(TokenKind::comma));
  TRY(cursor.expect(TokenKind::right_parenthesis, ")"));
  return arguments;
}

// The second word of a type of two, if it follows.
std::string two_word_name(Cursor& cursor, std::string first) {
  if (first == "double" && cursor.accept("precision")) return "double precision";
  const bool is_character = first == "character" || first == "char" || first == "nchar";
  if (is_character && cursor.accept("varying")) return first + " varying";
  if (first == "bit" && cursor.accept("varying")) return "bit varying";
  return first;
}

Result<std::string> zone_suffix(Cursor& cursor) {
  const bool with = cursor.at("with") && cursor.at("time", 1);
  const bool without = cursor.at("without") && cursor.at("time", 1);
  if (!with && !without) return std::string();
  cursor.take();
  cursor.take();
  TRY(cursor.expect("zone"));
  return std::string(with ? " with time zone" : " without time zone");
}

// Words that no function may have as its name, so that a "(" behind them begins a type's arguments.
constexpr std::string_view kTypesWithArguments[] = {"bit",   "char",     "character", "dec",  "decimal",   "float",
                                                    "nchar", "interval", "numeric",   "time", "timestamp", "varchar"};
constexpr const char* kIntervalFields[] = {"year", "month", "day", "hour", "minute", "second"};

bool at_interval_field(Cursor& cursor) {
  for (const char* const field : kIntervalFields) {
    if (cursor.at(field)) return true;
  }
  return false;
}

Result<std::string> interval_fields(Cursor& cursor) {
  if (!at_interval_field(cursor)) return std::string();
  std::string fields = cursor.take().value;
  if (!cursor.accept("to")) return fields;
  if (!at_interval_field(cursor)) return cursor.unexpected("a field of an interval");
  return fields + " to " + cursor.take().value;
}

}  // namespace

bool is_plain_word(std::string_view text) noexcept {
  const auto is_start = [](char c) { return (c >= 'a' && c <= 'z') || c == '_'; };
  const auto is_inner = [&](char c) { return is_start(c) || (c >= '0' && c <= '9'); };
  return !text.empty() && is_start(text[0]) && std::ranges::all_of(text, is_inner);
}

bool at_name(Cursor& cursor) { return is_name(cursor.peek()); }

Result<Name> name(Cursor& cursor, std::string_view expected) {
  if (!at_name(cursor)) return cursor.unexpected(expected);
  Token token = cursor.take();
  return Name{std::move(token.value), token.at};
}

Result<TableName> table_name(Cursor& cursor, std::string_view expected) {
  Name first = TRY(name(cursor, expected));
  if (!cursor.accept(TokenKind::dot)) return TableName{{}, std::move(first.text), first.at};
  Name second = TRY(name(cursor, expected));
  return TableName{std::move(first.text), std::move(second.text), first.at};
}

Result<std::vector<TableName>> table_names(Cursor& cursor, std::string_view expected) {
  std::vector<TableName> names;
  do {
    names.push_back(TRY(table_name(cursor, expected)));
  } while (cursor.accept(TokenKind::comma));
  return names;
}

Result<std::vector<Name>> name_list(Cursor& cursor, std::string_view expected) {
  std::vector<Name> names;
  TRY(cursor.expect(TokenKind::left_parenthesis, "("));
  do {
    names.push_back(TRY(name(cursor, expected)));
  } while (cursor.accept(TokenKind::comma));
  if (!cursor.accept(TokenKind::right_parenthesis)) return cursor.unexpected("\",\" or \")\"");
  return names;
}

Result<std::vector<Name>> optional_name_list(Cursor& cursor, std::string_view expected) {
  if (!cursor.at(TokenKind::left_parenthesis)) return std::vector<Name>();
  return name_list(cursor, expected);
}

Result<TypeName> type_name(Cursor& cursor) {
  if (!is_type_word(cursor.peek())) return cursor.unexpected("a type");
  const bool quoted = cursor.at(TokenKind::quoted_identifier);
  Token first = cursor.take();
  TypeName type{std::move(first.value), {}, first.at};
  if (!quoted) type.name = two_word_name(cursor, std::move(type.name));
  type.arguments = TRY(type_arguments(cursor));
  if (!quoted && (type.name == "timestamp" || type.name == "time")) type.name += TRY(zone_suffix(cursor));
  if (cursor.at(TokenKind::left_bracket))
    return cursor.unexpected("no \"[\": there are no array types; VECTOR(n) holds numbers");
  return type;
}

// A type of one word with its text, or one of the types of several words that no function is named after.
bool at_typed_literal(Cursor& cursor) {
  const Token& token = cursor.peek();
  if (!is_type_word(token)) return false;
  if (cursor.at(TokenKind::text, 1)) return true;
  if (token.kind != TokenKind::identifier) return false;
  const bool zone = (cursor.at("with", 1) || cursor.at("without", 1)) && cursor.at("time", 2);
  if (zone && (token.value == "timestamp" || token.value == "time")) return true;
  if (std::ranges::find(kTypesWithArguments, token.value) != std::end(kTypesWithArguments)) {
    return cursor.at(TokenKind::left_parenthesis, 1) || cursor.at("varying", 1);
  }
  return token.value == "double" && cursor.at("precision", 1);
}

Result<ExpressionPtr> typed_literal(Cursor& cursor) {
  TypedLiteral literal;
  literal.type = TRY(type_name(cursor));
  if (!cursor.at(TokenKind::text)) return cursor.unexpected("a text in single quotes");
  literal.text = cursor.take().value;
  if (literal.type.name == "interval") literal.interval_fields = TRY(interval_fields(cursor));
  const SourcePosition at = literal.type.at;
  return make(std::move(literal), at);
}

}  // namespace mneme::sql::grammar
