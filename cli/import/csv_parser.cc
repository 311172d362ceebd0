// A state machine over chunks of the window; runs of plain bytes are found by one scan and copied at once.
#include "import/csv_parser.h"

#include <algorithm>
#include <array>

#include "import/try.h"
#include "import/utf8.h"

namespace mneme::cli {
namespace {

constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";

std::string at_text(std::uint64_t line, std::uint64_t column) {
  return "line " + std::to_string(line) + ", column " + std::to_string(column);
}

}  // namespace

Error CsvParser::error(const std::string& what) const {
  const std::uint64_t column = window_.position() + chunk_at_ - line_begin_ + 1;
  return Error(Code::invalid_argument, at_text(line_, column) + ": " + what);
}

void CsvParser::end_line(char c) noexcept {
  after_cr_ = c == '\r';
  ++line_;
  line_begin_ = window_.position() + chunk_at_ + 1;
}

Result<void> CsvParser::end_field(bool quoted) {
  ends_.push_back({text_.size(), quoted});
  if (ends_.size() > kFieldsMax) return error("more than 900 fields");
  return {};
}

// Up to the next delimiter or line end; a begun field goes on in the next chunk.
Result<void> CsvParser::take_unquoted(std::string_view chunk, std::size_t& at) {
  const std::size_t begin = at;
  while (at < chunk.size() && chunk[at] != delimiter_ && chunk[at] != '\n' && chunk[at] != '\r') ++at;
  text_.append(chunk.substr(begin, at - begin));
  state_ = State::unquoted;
  if (at == chunk.size()) return {};
  chunk_at_ = at;
  const bool empty_line = first_fields_ != 1 && chunk[at] != delimiter_ && ends_.empty() && text_.empty();
  if (!empty_line) TRY(end_field(false));
  state_ = State::begin_field;
  if (chunk[at] != delimiter_) {
    end_line(chunk[at]);
    if (!empty_line) state_ = State::done;
  }
  ++at;
  return {};
}

Result<void> CsvParser::take_quoted(std::string_view chunk, std::size_t& at) {
  const std::size_t begin = at;
  while (at < chunk.size() && chunk[at] != '"') {
    if (chunk[at] == '\n') {
      ++line_;
      line_begin_ = window_.position() + at + 1;
    }
    ++at;
  }
  text_.append(chunk.substr(begin, at - begin));
  if (at < chunk.size()) {
    state_ = State::after_quote;
    ++at;
  }
  return {};
}

// What follows a quote within a quoted field: another one (the two are one character), or the field's end.
Result<void> CsvParser::after_quote(char c) {
  if (c == '"') {
    text_ += c;
    state_ = State::quoted;
    return {};
  }
  if (c != delimiter_ && c != '\n' && c != '\r') return error("text behind a closing quote");
  TRY(end_field(true));
  state_ = State::begin_field;
  if (c != delimiter_) {
    end_line(c);
    state_ = State::done;
  }
  return {};
}

Result<void> CsvParser::step(std::string_view chunk, std::size_t& at) {
  chunk_at_ = at;
  switch (state_) {
    case State::begin_field:
      if (chunk[at] == '\n' && after_cr_) {
        after_cr_ = false;
        line_begin_ = window_.position() + ++at;
        return {};
      }
      after_cr_ = false;
      if (ends_.empty()) record_line_ = line_;
      if (chunk[at] != '"') return take_unquoted(chunk, at);
      state_ = State::quoted;
      quote_line_ = line_;
      quote_column_ = window_.position() + at - line_begin_ + 1;
      ++at;
      return {};
    case State::unquoted: return take_unquoted(chunk, at);
    case State::quoted: return take_quoted(chunk, at);
    case State::after_quote:
      TRY(after_quote(chunk[at]));
      ++at;
      return {};
    case State::done: return {};
  }
  return {};
}

Result<void> CsvParser::begin_file() {
  begun_ = true;
  if (TRY(window_.peek(kByteOrderMark.size())) == kByteOrderMark) window_.skip(kByteOrderMark.size());
  line_begin_ = window_.position();
  return {};
}

Result<bool> CsvParser::next() {
  if (!begun_) TRY(begin_file());
  text_.clear();
  ends_.clear();
  state_ = State::begin_field;
  while (state_ != State::done) {
    const std::string_view chunk = TRY(window_.peek_all(1));
    if (chunk.empty()) break;
    std::size_t at = 0;
    while (at < chunk.size() && state_ != State::done) {
      TRY(step(chunk, at));
      if (text_.size() > kRecordBytesMax) return error("a record of more than 16 MiB; is a quote left open?");
    }
    window_.skip(at);
    chunk_at_ = 0;
  }
  return finish();
}

// Well-formed as one text, and no border between fields within a code point: so each field is well-formed.
bool CsvParser::fields_are_utf8() const noexcept {
  const auto within = [this](const End& end) {
    return end.at < text_.size() && (static_cast<unsigned char>(text_[end.at]) & 0xc0) == 0x80;
  };
  return is_utf8(text_) && std::ranges::none_of(ends_, within);
}

// The last record need not end in a line end.
Result<bool> CsvParser::finish() {
  if (state_ == State::quoted) {
    return Error(Code::invalid_argument, at_text(quote_line_, quote_column_) + ": this quote is never closed");
  }
  const bool pending = state_ == State::after_quote || state_ == State::unquoted || !ends_.empty();
  if (state_ != State::done && pending) TRY(end_field(state_ == State::after_quote));
  if (text_.find('\0') != std::string::npos) {
    return Error(Code::invalid_argument, at_text(record_line_, 1) + ": a byte 0; this is no text");
  }
  if (!fields_are_utf8()) {
    return Error(Code::invalid_argument, at_text(record_line_, 1) + ": the record is not UTF-8 text")
        .with_hint("convert the file first, for example with iconv -f latin1 -t utf-8");
  }
  fields_.clear();
  std::size_t begin = 0;
  for (const End& end : ends_) {
    fields_.push_back({std::string_view(text_).substr(begin, end.at - begin), end.quoted});
    begin = end.at;
  }
  if (first_fields_ == 0) first_fields_ = fields_.size();
  return !fields_.empty();
}

Result<char> detect_delimiter(Input& input) {
  constexpr std::string_view kCandidates = ",;\t|";
  Window window(input);
  std::array<std::size_t, kCandidates.size()> counts{};
  bool quoted = false;
  for (const char c : TRY(window.peek_all(1))) {
    if (c == '"') quoted = !quoted;
    if (!quoted && (c == '\n' || c == '\r')) break;
    if (const std::size_t found = kCandidates.find(c); !quoted && found != std::string_view::npos) ++counts[found];
  }
  const auto most = std::ranges::max_element(counts);
  return kCandidates[static_cast<std::size_t>(most - counts.begin())];
}

}  // namespace mneme::cli
