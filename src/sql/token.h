// Tokens: what the lexer makes of the text. Immutable.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace mneme::sql {

enum class TokenKind : std::uint8_t {
  end,         // The end of the text.
  invalid,     // Not a token; the cursor holds the error.
  identifier,  // Also every keyword; folded to lower case.
  quoted_identifier,
  integer,
  decimal,  // Has a point or an exponent.
  text,
  blob,
  parameter,
  op,  // One or more of + - * / < > = ~ ! @ # % ^ & | ` ?
  left_parenthesis,
  right_parenthesis,
  left_bracket,
  right_bracket,
  comma,
  dot,
  semicolon,
  type_cast,  // ::
};

// PostgreSQL's four classes (its appendix C): what a word may name when it is not quoted.
enum class WordClass : std::uint8_t {
  ordinary,          // Not a keyword, or one that may name anything.
  column_name,       // A column or table, but not a function or type.
  type_or_function,  // A function or type, but not a column or table.
  reserved,          // Nothing, except after AS.
};
WordClass classify(std::string_view folded_word) noexcept;

struct Token {
  TokenKind kind = TokenKind::end;
  WordClass word = WordClass::ordinary;  // Of an identifier.
  std::string value;                     // Folded, unquoted, unescaped; a parameter's digits; an operator's characters.
  SourcePosition at;
  std::uint32_t begin_bytes = 0;  // The raw text is [begin_bytes, end_bytes).
  std::uint32_t end_bytes = 0;
};

}  // namespace mneme::sql
