#include "sql/cursor.h"

#include <utility>

#include "base/assert.h"
#include "sql/not_there.h"
#include "sql/parser.h"

namespace mneme::sql {
namespace {

Error too_complex(std::string message, SourcePosition at) {
  return Error(Code::invalid_argument, std::move(message)).with_sqlstate("54001").at(at);
}

// How a message names a token: as written, but never more than 40 bytes of it.
std::string describe(const Token& token) {
  switch (token.kind) {
    case TokenKind::end: return "end of the text";
    case TokenKind::blob: return "a blob x'...'";
    default: break;
  }
  std::string shown = token.value;
  if (shown.size() > 40) {
    std::size_t bytes = 40;
    while (bytes > 0 && (static_cast<unsigned char>(shown[bytes]) & 0xc0) == 0x80) --bytes;
    shown = shown.substr(0, bytes) + "...";
  }
  if (token.kind == TokenKind::text) return "the text '" + shown + "'";
  if (token.kind == TokenKind::parameter) return "\"$" + shown + "\"";
  return "\"" + shown + "\"";
}

bool may_end_value(TokenKind kind, WordClass word) {
  switch (kind) {
    case TokenKind::identifier: return word == WordClass::ordinary || word == WordClass::column_name;
    case TokenKind::quoted_identifier:
    case TokenKind::integer:
    case TokenKind::decimal:
    case TokenKind::text:
    case TokenKind::blob:
    case TokenKind::parameter:
    case TokenKind::right_parenthesis: return true;
    default: return false;
  }
}

}  // namespace

Token Cursor::read() {
  Token token;
  token.kind = TokenKind::invalid;
  if (error_) return token;
  auto next = lexer_.next();
  if (!next) {
    error_ = std::move(next).error();
    return token;
  }
  if (next->kind == TokenKind::semicolon || next->kind == TokenKind::end) {
    statement_begin_bytes_.reset();
  } else {
    if (!statement_begin_bytes_) statement_begin_bytes_ = next->begin_bytes;
    if (next->end_bytes - *statement_begin_bytes_ > kStatementBytesMax) {
      error_ = Error(Code::invalid_argument, "the statement is longer than 1,000,000 bytes")
                   .with_sqlstate("54000")
                   .at(next->at)
                   .with_hint("pass large values as parameters $1, or split the statement");
      return token;
    }
  }
  return *std::move(next);
}

const Token& Cursor::peek(std::size_t ahead) {
  DEBUG_ASSERT(ahead < kLookahead);
  for (; count_ <= ahead; ++count_) ring_[(first_ + count_) % kLookahead] = read();
  return ring_[(first_ + ahead) % kLookahead];
}

Token Cursor::take() {
  peek();
  Token token = std::move(ring_[first_]);
  first_ = (first_ + 1) % kLookahead;
  --count_;
  previous_kind_ = token.kind;
  previous_word_ = token.word;
  previous_end_bytes_ = token.end_bytes;
  return token;
}

bool Cursor::at(const char* keyword, std::size_t ahead) {
  const Token& token = peek(ahead);
  return token.kind == TokenKind::identifier && token.value == keyword;
}

bool Cursor::at_operator(std::string_view characters, std::size_t ahead) {
  const Token& token = peek(ahead);
  return token.kind == TokenKind::op && token.value == characters;
}

bool Cursor::accept(TokenKind kind) {
  if (!at(kind)) return false;
  take();
  return true;
}

bool Cursor::accept(const char* keyword) {
  if (!at(keyword)) return false;
  take();
  return true;
}

bool Cursor::accept(const char* first, const char* second) {
  if (!at(first) || !at(second, 1)) return false;
  take();
  take();
  return true;
}

bool Cursor::accept_operator(std::string_view characters) {
  if (!at_operator(characters)) return false;
  take();
  return true;
}

Result<void> Cursor::expect(TokenKind kind, const char* spelled) {
  if (!accept(kind)) return unexpected("\"" + std::string(spelled) + "\"");
  return {};
}

Result<void> Cursor::expect(const char* keyword) {
  if (accept(keyword)) return {};
  std::string upper(keyword);
  for (char& c : upper) c = static_cast<char>(c - (c >= 'a' && c <= 'z' ? 'a' - 'A' : 0));
  return unexpected(upper);
}

Result<void> Cursor::expect(const char* first, const char* second) {
  TRY(expect(first));
  return expect(second);
}

Error Cursor::unexpected(std::string_view expected) {
  const Token& token = peek();
  if (error_ && token.kind == TokenKind::invalid) return *error_;
  if (const auto instead = token.kind == TokenKind::identifier ? instead_of(token.value) : ""; !instead.empty()) {
    return Error(Code::unsupported, describe(token) + " is not supported")
        .with_sqlstate("0A000")
        .at(token.at)
        .with_hint(std::string(instead));
  }
  Error error = Error(Code::invalid_argument, "unexpected " + describe(token) + ", expected " + std::string(expected))
                    .with_sqlstate("42601")
                    .at(token.at);
  std::string advice = hint();
  return advice.empty() ? error : std::move(error).with_hint(std::move(advice));
}

// What was probably meant, from the token and the one before it.
std::string Cursor::hint() {
  const Token& token = peek();
  if (token.kind == TokenKind::op) {
    if (token.value == "==") return "equality is written = in SQL";
    if (token.value == "&&") return "write AND";
    if (token.value == "||" || token.value == "!") return "write OR, NOT; || joins texts";
  }
  if (token.kind == TokenKind::quoted_identifier && previous_word_ == WordClass::column_name) {
    return "text stands in single quotes; double quotes are for names";
  }
  if (previous_kind_ == TokenKind::comma &&
      (token.word == WordClass::reserved || !may_end_value(token.kind, token.word))) {
    return "there is a comma too many before it";
  }
  if (token.kind == TokenKind::identifier && token.word == WordClass::reserved) {
    return "it is a reserved word; as a name it needs double quotes";
  }
  if (may_end_value(previous_kind_, previous_word_) && may_end_value(token.kind, token.word) &&
      token.kind != TokenKind::right_parenthesis) {
    return "a comma or an operator may be missing before it";
  }
  return {};
}

void Cursor::begin_statement() { parameters_ = 0; }

Result<void> Cursor::note_parameter(std::uint32_t number, SourcePosition at) {
  if (number < 1 || number > kParametersMax) {
    return Error(Code::invalid_argument, "parameters are numbered from $1 to $32766").with_sqlstate("42P02").at(at);
  }
  if (number > parameters_) parameters_ = number;
  return {};
}

Result<void> Nesting::check() const {
  if (cursor_.nesting_ <= kNestingMax) return {};
  return too_complex("nested deeper than 64 levels", cursor_.peek().at)
      .with_hint("use a common table expression (WITH) for inner parts");
}

Result<void> Height::grow() {
  if (++cursor_.height_ < kTreeHeightMax) return {};
  return too_complex("a chain of more than 1,000 operators, joins or set operations", cursor_.peek().at)
      .with_hint("AND, OR, IN lists and VALUES may be of any length");
}

}  // namespace mneme::sql
