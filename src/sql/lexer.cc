#include "sql/lexer.h"

#include <algorithm>

#include "sql/escape.h"

namespace mneme::sql {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_word_start(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || static_cast<unsigned char>(c) >= 0x80;
}
bool is_word(char c) { return is_word_start(c) || is_digit(c) || c == '$'; }
bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\v'; }
bool is_operator(char c) {
  return c != '\0' && std::string_view("+-*/<>=~!@#%^&|`?").find(c) != std::string_view::npos;
}
char fold(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }
bool is_continuation(char c) { return (static_cast<unsigned char>(c) & 0xc0) == 0x80; }

// The bytes of the character at `text[0]`, or 0 when it is not well-formed (Unicode 15, table 3-7).
std::size_t utf8_bytes(std::string_view text) noexcept {
  const auto byte = [&](std::size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U; };
  const auto within = [&](std::size_t i, unsigned low, unsigned high) { return byte(i) >= low && byte(i) <= high; };
  const unsigned first = byte(0);
  if (first >= 0x01 && first < 0x80) return 1;
  if (first >= 0xc2 && first < 0xe0) return within(1, 0x80, 0xbf) ? 2 : 0;
  if (first >= 0xe0 && first < 0xf0) {
    const unsigned low = first == 0xe0 ? 0xa0 : 0x80;
    const unsigned high = first == 0xed ? 0x9f : 0xbf;  // No surrogates.
    return within(1, low, high) && within(2, 0x80, 0xbf) ? 3 : 0;
  }
  if (first >= 0xf0 && first < 0xf5) {
    const unsigned low = first == 0xf0 ? 0x90 : 0x80;
    const unsigned high = first == 0xf4 ? 0x8f : 0xbf;
    return within(1, low, high) && within(2, 0x80, 0xbf) && within(3, 0x80, 0xbf) ? 4 : 0;
  }
  return 0;
}

}  // namespace

std::optional<std::size_t> find_invalid_utf8(std::string_view text) noexcept {
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t bytes = utf8_bytes(text.substr(i));
    if (bytes == 0) return i;
    i += bytes;
  }
  return std::nullopt;
}

SourcePosition Lexer::locate(std::size_t offset_bytes) noexcept {
  for (; located_ < offset_bytes && located_ < text_.size(); ++located_) {
    if (text_[located_] == '\n') {
      ++position_.line;
      position_.column = 1;
    } else if (!is_continuation(text_[located_])) {
      ++position_.column;
    }
  }
  return position_;
}

Error Lexer::syntax_error(std::size_t offset, std::string message) {
  return Error(Code::invalid_argument, std::move(message)).with_sqlstate("42601").at(locate(offset));
}

Error Lexer::open_error(std::string_view what) {
  unterminated_ = true;
  return Error(Code::invalid_argument, std::string(what) + " is not closed").with_sqlstate("42601").at(token_at_);
}

Result<Token> Lexer::next() {
  TRY(skip_blanks_and_comments());
  Token token;
  token_begin_ = offset_;
  token_at_ = locate(offset_);
  token.at = token_at_;
  token.begin_bytes = static_cast<std::uint32_t>(offset_);
  if (offset_ < text_.size()) TRY(read(token));
  token.end_bytes = static_cast<std::uint32_t>(offset_);
  return token;
}

Result<void> Lexer::skip_blanks_and_comments() {
  while (offset_ < text_.size()) {
    if (is_blank(text_[offset_])) {
      ++offset_;
    } else if (at(offset_) == '-' && at(offset_ + 1) == '-') {
      offset_ = std::min(text_.find('\n', offset_), text_.size());
    } else if (at(offset_) == '/' && at(offset_ + 1) == '*') {
      TRY(skip_block_comment());
    } else {
      break;
    }
  }
  return {};
}

Result<void> Lexer::skip_block_comment() {
  token_at_ = locate(offset_);
  std::size_t depth = 0;  // They nest.
  do {
    if (offset_ >= text_.size()) return open_error("a comment /* ... */");
    if (at(offset_) == '/' && at(offset_ + 1) == '*') {
      ++depth;
      offset_ += 2;
    } else if (at(offset_) == '*' && at(offset_ + 1) == '/') {
      --depth;
      offset_ += 2;
    } else {
      ++offset_;
    }
  } while (depth > 0);
  return {};
}

Result<void> Lexer::read(Token& token) {
  const char c = at(offset_);
  const bool quote_follows = at(offset_ + 1) == '\'';
  if (quote_follows && fold(c) == 'e') return read_escaped_text(token);
  if (quote_follows && fold(c) == 'x') return read_blob(token);
  if (is_word_start(c)) {
    read_identifier(token);
    return {};
  }
  if (is_digit(c) || (c == '.' && is_digit(at(offset_ + 1)))) return read_number(token);
  if (c == '\'') return read_text(token);
  if (c == '"') return read_quoted_identifier(token);
  if (c == '$') return is_digit(at(offset_ + 1)) ? read_parameter(token) : read_dollar(token);
  if (is_operator(c)) {
    read_operator(token);
    return {};
  }
  return read_symbol(token);
}

void Lexer::read_identifier(Token& token) {
  token.kind = TokenKind::identifier;
  while (is_word(at(offset_))) token.value.push_back(fold(text_[offset_++]));
  token.word = classify(token.value);
}

// Reads to the closing quote; a doubled one stands for itself. REQUIRES: at the opening quote.
Result<std::string> Lexer::quoted(char quote, std::string_view what) {
  std::string value;
  ++offset_;
  for (;;) {
    const std::size_t end = text_.find(quote, offset_);
    if (end == std::string_view::npos) return open_error(what);
    value.append(text_, offset_, end - offset_);
    offset_ = end + 1;
    if (at(offset_) != quote) return value;
    value.push_back(quote);
    ++offset_;
  }
}

Result<void> Lexer::read_quoted_identifier(Token& token) {
  token.kind = TokenKind::quoted_identifier;
  token.value = TRY(quoted('"', "a quoted identifier"));
  if (token.value.empty()) return syntax_error(token_begin_, "a quoted identifier is empty");
  return {};
}

Result<void> Lexer::read_text(Token& token) {
  token.kind = TokenKind::text;
  token.value = TRY(quoted('\'', "a text '...'"));
  while (at_continued_text()) token.value += TRY(quoted('\'', "a text '...'"));
  return {};
}

// Two texts with nothing but blanks and a line break between them are one (the standard's rule). Moves to the second.
bool Lexer::at_continued_text() {
  std::size_t next = offset_;
  bool line_break = false;
  for (; next < text_.size() && is_blank(text_[next]); ++next) line_break = line_break || text_[next] == '\n';
  if (!line_break || at(next) != '\'') return false;
  offset_ = next;
  return true;
}

Result<void> Lexer::read_escaped_text(Token& token) {
  token.kind = TokenKind::text;
  offset_ += 2;
  for (;;) {
    if (offset_ >= text_.size()) return open_error("a text E'...'");
    const char c = text_[offset_++];
    if (c == '\'' && at(offset_) != '\'') break;
    if (c == '\\') {
      if (offset_ >= text_.size()) return open_error("a text E'...'");
      auto taken = decode_escape(text_.substr(offset_), token.value);
      if (!taken) return std::move(taken).error().at(locate(offset_ - 1));
      offset_ += *taken;
      continue;
    }
    if (c == '\'') ++offset_;
    token.value.push_back(c);
  }
  if (!find_invalid_utf8(token.value)) return {};
  return Error(Code::invalid_argument, "the escapes of a text do not make valid UTF-8")
      .with_sqlstate("22021")
      .at(token_at_);
}

Result<void> Lexer::read_blob(Token& token) {
  token.kind = TokenKind::blob;
  ++offset_;
  const std::string digits = TRY(quoted('\'', "a blob x'...'"));
  if (digits.size() % 2 != 0) return syntax_error(token_begin_, "a blob x'...' has an odd number of digits");
  for (std::size_t i = 0; i < digits.size(); i += 2) {
    const int high = hex_digit(digits[i]);
    const int low = hex_digit(digits[i + 1]);
    if (high < 0 || low < 0) return syntax_error(token_begin_, "a blob x'...' holds what is no hexadecimal digit");
    token.value.push_back(static_cast<char>(high << 4 | low));
  }
  return {};
}

// $$ ... $$ and $tag$ ... $tag$: nothing inside is special.
Result<void> Lexer::read_dollar(Token& token) {
  std::size_t tag_end = offset_ + 1;
  while (is_word(at(tag_end)) && at(tag_end) != '$') ++tag_end;
  if (at(tag_end) != '$') return syntax_error(offset_, "a '$' begins neither a parameter $1 nor a text $$...$$");
  const std::string_view tag = text_.substr(offset_, tag_end + 1 - offset_);
  const std::size_t begin = tag_end + 1;
  const std::size_t end = text_.find(tag, begin);
  if (end == std::string_view::npos) return open_error("a text $$...$$");
  token.kind = TokenKind::text;
  token.value = std::string(text_.substr(begin, end - begin));
  offset_ = end + tag.size();
  return {};
}

Result<void> Lexer::refuse_trailing_word(std::string_view what) {
  if (!is_word(at(offset_))) return {};
  return syntax_error(token_begin_, "letters follow " + std::string(what) + " without a space");
}

Result<void> Lexer::read_parameter(Token& token) {
  token.kind = TokenKind::parameter;
  ++offset_;
  while (is_digit(at(offset_))) token.value.push_back(text_[offset_++]);
  return refuse_trailing_word("a parameter");
}

Result<void> Lexer::read_number(Token& token) {
  token.kind = TokenKind::integer;
  const auto take_digits = [&] {
    while (is_digit(at(offset_))) ++offset_;
  };
  take_digits();
  if (at(offset_) == '.' && at(offset_ + 1) != '.') {
    token.kind = TokenKind::decimal;
    ++offset_;
    take_digits();
  }
  const bool is_signed = at(offset_ + 1) == '+' || at(offset_ + 1) == '-';
  if (fold(at(offset_)) == 'e' && is_digit(at(offset_ + (is_signed ? 2 : 1)))) {
    token.kind = TokenKind::decimal;
    offset_ += is_signed ? 2 : 1;
    take_digits();
  }
  token.value = std::string(text_.substr(token_begin_, offset_ - token_begin_));
  return refuse_trailing_word("a number");
}

void Lexer::read_operator(Token& token) {
  std::size_t end = offset_;
  while (is_operator(at(end))) {
    const bool comment = (at(end) == '-' && at(end + 1) == '-') || (at(end) == '/' && at(end + 1) == '*');
    if (comment) break;  // Never first: comments were skipped.
    ++end;
  }
  const auto run = text_.substr(offset_, end - offset_);
  if (run.find_first_of("~!@#%^&|`?") == std::string_view::npos) {
    while (end - offset_ > 1 && (at(end - 1) == '+' || at(end - 1) == '-')) --end;
  }
  token.kind = TokenKind::op;
  token.value = std::string(text_.substr(offset_, end - offset_));
  offset_ = end;
}

Result<void> Lexer::read_symbol(Token& token) {
  const char c = at(offset_++);
  switch (c) {
    case '(': token.kind = TokenKind::left_parenthesis; break;
    case ')': token.kind = TokenKind::right_parenthesis; break;
    case '[': token.kind = TokenKind::left_bracket; break;
    case ']': token.kind = TokenKind::right_bracket; break;
    case ',': token.kind = TokenKind::comma; break;
    case '.': token.kind = TokenKind::dot; break;
    case ';': token.kind = TokenKind::semicolon; break;
    case ':':
      if (at(offset_) != ':') return syntax_error(token_begin_, "a single ':' has no meaning here");
      ++offset_;
      token.kind = TokenKind::type_cast;
      break;
    default: return syntax_error(token_begin_, "an unknown character");
  }
  token.value = std::string(text_.substr(token_begin_, offset_ - token_begin_));
  return {};
}

}  // namespace mneme::sql
