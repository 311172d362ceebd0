// Lexer: SQL text to tokens, one at a time, by PostgreSQL 15's lexical rules.
// Identifiers fold ASCII letters only; operators take as many characters as they can, but a trailing + or - only
// when one of ~ ! @ # % ^ & | ` ? precedes it, so that `a<-1` compares and `a<->b` measures.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/result.h"
#include "sql/token.h"

namespace mneme::sql {

// The offset of the first byte that is not valid UTF-8, or is a zero byte (which PostgreSQL refuses too).
std::optional<std::size_t> find_invalid_utf8(std::string_view text) noexcept;

class Lexer {  // One thread at a time.
 public:
  // REQUIRES: text outlives the lexer, is valid UTF-8 and shorter than 4 GiB.
  explicit Lexer(std::string_view text) noexcept : text_(text) {}

  // The next token; TokenKind::end for ever once the text has ended. After an error: do not call again.
  Result<Token> next();

  // Whether the last error was an open quote or comment: more text may complete it.
  [[nodiscard]] bool unterminated() const noexcept { return unterminated_; }

  // REQUIRES: not before the place asked last.
  SourcePosition locate(std::size_t offset_bytes) noexcept;

 private:
  [[nodiscard]] char at(std::size_t offset) const noexcept { return offset < text_.size() ? text_[offset] : '\0'; }
  Result<void> skip_blanks_and_comments();
  Result<void> skip_block_comment();
  Result<void> read(Token& token);
  void read_identifier(Token& token);
  Result<void> read_quoted_identifier(Token& token);
  Result<void> read_number(Token& token);
  Result<void> read_text(Token& token);
  bool at_continued_text();
  Result<void> read_escaped_text(Token& token);
  Result<void> read_blob(Token& token);
  Result<void> read_dollar(Token& token);
  Result<void> read_parameter(Token& token);
  Result<void> read_symbol(Token& token);
  void read_operator(Token& token);
  Result<std::string> quoted(char quote, std::string_view what);
  Result<void> refuse_trailing_word(std::string_view what);
  Error syntax_error(std::size_t offset, std::string message);
  Error open_error(std::string_view what);

  const std::string_view text_;
  std::size_t offset_ = 0;
  std::size_t token_begin_ = 0;
  SourcePosition token_at_{1, 1};
  std::size_t located_ = 0;  // The offset `position_` belongs to.
  SourcePosition position_{1, 1};
  bool unterminated_ = false;
};

}  // namespace mneme::sql
