// Every tests/sql/*.test as three test cases: as written, flushed after each change, and reopened after each change
// outside a transaction. Where rows lie, and whether the process that wrote them lives, must not change an answer.
//
// Sees the public API only. The cases are listed by CMake (sql_files.inc), one line a file.
#include <doctest/doctest.h>

#include <cstdio>
#include <cstdlib>
#include <map>
#include <optional>
#include <string>

#include "mneme/database.h"
#include "sql/test_file.h"
#include "support/scratch_directory.h"

namespace mneme::sqltest {
namespace {

enum class Mode : std::uint8_t { as_written, flushed, reopened };

std::string read_file(const std::string& path) {
  std::FILE* file = std::fopen(path.c_str(), "rb");
  REQUIRE_MESSAGE(file != nullptr, path);
  std::string text;
  char block[4096];
  for (std::size_t bytes = 0; (bytes = std::fread(block, 1, sizeof block, file)) > 0;) text.append(block, bytes);
  std::fclose(file);
  return text;
}

std::vector<std::string> rows_of(const ResultSet& result) {
  std::vector<std::string> rows;
  for (const auto row : result) {
    std::string text;
    for (std::size_t column = 0; column < row.size(); ++column) {
      const Value value = row[column];
      if (column > 0) text += " | ";
      text += show_value(value.to_text(), value.is_null());
    }
    rows.push_back(std::move(text));
  }
  return rows;
}

// The database of one file and its connections. One thread at a time.
class Session {
 public:
  Session(std::string file, Mode mode) : file_(std::move(file)), mode_(mode) { open(); }

  void run(const Record& record) {
    switch (record.kind) {
      case Record::Kind::connection: current_ = record.connection; return;
      case Record::Kind::flush: flush(record); return;
      case Record::Kind::reopen: reopen(); return;
      default: execute(record);
    }
    if (record.kind == Record::Kind::query) return;
    if (mode_ == Mode::flushed) flush(record);
    if (mode_ == Mode::reopened && !in_transaction()) reopen();
  }

 private:
  void open() {
    auto opened = Database::open(folder_ / "db");
    REQUIRE_MESSAGE(opened, opened.error().to_string());
    database_ = *std::move(opened);
  }

  void reopen() {
    connections_.clear();
    const auto closed = database_->close();
    REQUIRE_MESSAGE(closed, closed.error().to_string());
    database_.reset();
    open();
  }

  void flush(const Record& record) {
    const auto done = database_->connect().execute("CHECKPOINT");
    if (!done) fail(record, "flush failed with " + done.error().to_string());
  }

  [[nodiscard]] bool in_transaction() const {
    for (const auto& [name, connection] : connections_) {
      if (connection.in_transaction()) return true;
    }
    return false;
  }

  Connection& connection() {
    const auto found = connections_.find(current_);
    return found != connections_.end() ? found->second
                                       : connections_.emplace(current_, database_->connect()).first->second;
  }

  void execute(const Record& record) {
    const auto result = connection().execute(record.sql);
    if (!result) {
      check_error(record, result.error());
      return;
    }
    if (record.kind == Record::Kind::statement_error) {
      fail(record, "expected error " + record.sqlstate + " " + record.message + ", got success");
    } else if (record.kind == Record::Kind::statement_count) {
      const auto changed = static_cast<std::int64_t>(result->changed_rows());
      if (changed != record.count) {
        fail(record, "expected " + std::to_string(record.count) + " changed rows, got " + std::to_string(changed));
      }
    } else if (record.kind == Record::Kind::query) {
      const std::string differs = difference(record, rows_of(*result));
      if (!differs.empty()) fail(record, differs);
    }
  }

  void check_error(const Record& record, const Error& error) {
    const std::string text = error.to_string();
    const std::string got = "got " + std::string(error.sqlstate()) + " " + text;
    if (record.kind != Record::Kind::statement_error) return fail(record, "expected success, " + got);
    const bool state_fits = record.sqlstate.empty() || record.sqlstate == error.sqlstate();
    const bool text_fits = record.message.empty() || text.find(record.message) != std::string::npos;
    if (!state_fits || !text_fits)
      fail(record, "expected error " + record.sqlstate + " " + record.message + ", " + got);
  }

  void fail(const Record& record, const std::string& what) {
    ADD_FAIL_CHECK_AT(file_.c_str(), record.line, record.sql << "\n" << what);
  }

  const std::string file_;
  const Mode mode_;
  support::ScratchDirectory folder_;
  std::optional<Database> database_;
  std::map<std::string, Connection> connections_;  // Ends before the database does.
  std::string current_ = "main";
};

void run_file(const std::string& stem, Mode mode) {
  const std::string path = std::string(MNEME_SOURCE_DIR) + "/tests/sql/" + stem + ".test";
  const auto records = parse_test_file(read_file(path));
  REQUIRE_MESSAGE(records, path << ": " << records.error().to_string());
  Session session(path, mode);
  for (const Record& record : *records) session.run(record);
}

#define MNEME_SQL_FILE(stem)                                                                \
  TEST_CASE("sql: " stem ", as written") { run_file(stem, Mode::as_written); }              \
  TEST_CASE("sql: " stem ", flushed after every change") { run_file(stem, Mode::flushed); } \
  TEST_CASE("sql: " stem ", reopened after every change") { run_file(stem, Mode::reopened); }
#include "sql_files.inc"
#undef MNEME_SQL_FILE

}  // namespace
}  // namespace mneme::sqltest
