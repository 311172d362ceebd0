// The .test format (README.md beside this file): parsed, and a query's rows held against what the file expects.
// Pure functions: thread-safe. tests/support/sql_test.py is the format's other reader.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "mneme/result.h"

namespace mneme::sqltest {

struct Record {
  enum class Kind : std::uint8_t {
    statement_ok,
    statement_count,
    statement_error,
    query,
    connection,
    flush,
    reopen,
  };
  Kind kind = Kind::statement_ok;
  int line = 0;  // Of the directive, from 1.
  std::string sql;
  std::int64_t count = 0;         // statement_count
  std::string sqlstate;           // statement_error; empty: any.
  std::string message;            // statement_error: part of the error's text.
  std::string types;              // query: one letter a column; a column beyond them is text.
  bool row_sort = false;          // query
  std::vector<std::string> rows;  // query
  std::string connection;         // connection
};

// invalid_argument naming the line when a directive is unknown or lacks its arguments.
Result<std::vector<Record>> parse_test_file(std::string_view text);

// One value as a row's text shows it: (empty) for '', \n for a line break.
std::string show_value(std::string_view text, bool is_null);

// Empty if `got` is what `query` expects; otherwise expected and got, for a person.
std::string difference(const Record& query, std::vector<std::string> got);

}  // namespace mneme::sqltest
