// CSV as RFC 4180 has it: records of fields, fields that may be quoted and then hold delimiters, line ends and doubled
// quotes. Lines end in LF, CRLF or CR. Empty lines are passed over, but where the first record has one field: there
// each is a record of an empty one. Errors name line and column, both from 1, columns in bytes.
//
// More lenient than the RFC in one thing: a quote within an unquoted field is a character like any other.
#pragma once

#include "import/input.h"

namespace mneme::cli {

struct CsvField {
  std::string_view text;  // Good until the next record.
  bool quoted = false;
};

class CsvParser {  // One thread at a time.
 public:
  static constexpr std::size_t kRecordBytesMax = 16 * 1024 * 1024;
  static constexpr std::size_t kFieldsMax = 900;

  CsvParser(Input& input, char delimiter) : window_(input), delimiter_(delimiter) {}

  // Reads the next record into fields(); false at the end. invalid_argument: a quote that is never closed or followed
  // by text, a record beyond the bounds, bytes that are not UTF-8 or 0.
  Result<bool> next();
  [[nodiscard]] const std::vector<CsvField>& fields() const noexcept { return fields_; }
  [[nodiscard]] std::uint64_t line() const noexcept { return record_line_; }  // Where the record begins.
  [[nodiscard]] std::uint64_t position() const noexcept { return window_.position(); }
  [[nodiscard]] Error error(const std::string& what) const;  // At the parser's line and column.

 private:
  enum class State { begin_field, unquoted, quoted, after_quote, done };
  struct End {
    std::size_t at;
    bool quoted;
  };
  Result<void> begin_file();
  Result<void> step(std::string_view chunk, std::size_t& at);
  Result<void> take_unquoted(std::string_view chunk, std::size_t& at);
  Result<void> take_quoted(std::string_view chunk, std::size_t& at);
  Result<void> after_quote(char c);
  Result<void> end_field(bool quoted);
  void end_line(char c) noexcept;
  [[nodiscard]] bool fields_are_utf8() const noexcept;
  Result<bool> finish();

  Window window_;
  const char delimiter_;
  State state_ = State::begin_field;
  bool after_cr_ = false;  // The last record ended in CR: an LF that follows belongs to it.
  bool begun_ = false;
  std::string text_;  // Of all fields of the record, one after another.
  std::vector<End> ends_;
  std::vector<CsvField> fields_;
  std::size_t first_fields_ = 0;  // Of the first record; 0: it is still to come.
  std::uint64_t line_ = 1;
  std::uint64_t line_begin_ = 0;  // Offset of the line's first byte.
  std::uint64_t record_line_ = 1;
  std::uint64_t quote_line_ = 0;  // Where the open quote stands.
  std::uint64_t quote_column_ = 0;
  std::size_t chunk_at_ = 0;  // How much of the chunk behind window_.position() has been taken.
};

// The delimiter that stands most often in the first line outside quotes: , ; tab or |. A comma if there is none.
Result<char> detect_delimiter(Input& input);

}  // namespace mneme::cli
