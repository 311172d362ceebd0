// Cursor: where the parser stands in the token stream, what it may expect there, and how deep it is.
// It looks a few tokens ahead and never back, so that parsing is linear in time and holds no token list.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "sql/lexer.h"
#include "sql/token.h"

namespace mneme::sql {

class Cursor {  // One thread at a time.
 public:
  // REQUIRES: as Lexer's.
  explicit Cursor(std::string_view text) noexcept : lexer_(text) {}

  const Token& peek(std::size_t ahead = 0);  // REQUIRES: ahead < kLookahead.
  Token take();

  bool at(TokenKind kind, std::size_t ahead = 0) { return peek(ahead).kind == kind; }
  bool at(const char* keyword, std::size_t ahead = 0);  // A word that is not quoted.
  bool at_operator(std::string_view characters, std::size_t ahead = 0);
  bool accept(TokenKind kind);
  bool accept(const char* keyword);
  bool accept(const char* first, const char* second);  // Both or none.
  bool accept_operator(std::string_view characters);
  Result<void> expect(TokenKind kind, const char* spelled);
  Result<void> expect(const char* keyword);
  Result<void> expect(const char* first, const char* second);

  // The error "unexpected X, expected <expected>" at the next token, with a hint for the common slips; unsupported
  // (0A000) when it is a word of PostgreSQL's that has no place here (not_there.h).
  Error unexpected(std::string_view expected);

  // Statements: limits count from here.
  void begin_statement();
  Result<void> note_parameter(std::uint32_t number, SourcePosition at);
  [[nodiscard]] std::uint32_t parameters() const noexcept { return parameters_; }
  [[nodiscard]] std::uint32_t last_end_bytes() const noexcept { return previous_end_bytes_; }

 private:
  friend class Nesting;
  friend class Height;
  static constexpr std::size_t kLookahead = 8;  // A power of two.
  Token read();
  [[nodiscard]] std::string hint();

  Lexer lexer_;
  std::array<Token, kLookahead> ring_;
  std::size_t first_ = 0;  // The index of peek(0) in the ring.
  std::size_t count_ = 0;
  std::optional<Error> error_;  // Why the token `invalid` is in the ring.

  TokenKind previous_kind_ = TokenKind::end;
  WordClass previous_word_ = WordClass::ordinary;
  std::uint32_t previous_end_bytes_ = 0;
  std::optional<std::uint32_t> statement_begin_bytes_;  // Set by the first token read of a statement.
  std::uint32_t parameters_ = 0;
  int nesting_ = 0;
  int height_ = 0;  // Of the tallest tree in the innermost Height.
};

// One more level of nesting while it lives. REQUIRES: the caller returns check()'s error.
class Nesting {
 public:
  Nesting(Cursor& cursor, int levels = 1) : cursor_(cursor), levels_(levels) { cursor_.nesting_ += levels_; }
  ~Nesting() { cursor_.nesting_ -= levels_; }
  Nesting(const Nesting&) = delete;
  Nesting& operator=(const Nesting&) = delete;
  [[nodiscard]] Result<void> check() const;

 private:
  Cursor& cursor_;
  const int levels_;
};

// The tree built while it lives becomes one level higher than the tallest inside it; siblings do not add up.
// A left-deep chain calls grow() at each link.
class Height {
 public:
  explicit Height(Cursor& cursor) : cursor_(cursor), before_(cursor.height_) { cursor_.height_ = 0; }
  ~Height() { cursor_.height_ = before_ > cursor_.height_ + 1 ? before_ : cursor_.height_ + 1; }
  Height(const Height&) = delete;
  Height& operator=(const Height&) = delete;
  Result<void> grow();

 private:
  Cursor& cursor_;
  const int before_;
};

}  // namespace mneme::sql
