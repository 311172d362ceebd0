// SQLite at its best documented settings: a write-ahead log, prepared statements, a large cache, memory mapping.
#pragma once

#include <sqlite3.h>

#include <string>
#include <string_view>

#include "workload.h"

namespace mneme::bench {

class SqliteStatement;

class Sqlite {  // One thread at a time.
 public:
  // synchronous: "FULL" syncs at every commit, "OFF" never.
  Sqlite(const std::string& directory, const char* synchronous);
  Sqlite(const Sqlite&) = delete;
  Sqlite& operator=(const Sqlite&) = delete;
  ~Sqlite() { sqlite3_close(db_); }
  void execute(const std::string& sql);
  void sync();  // Everything into the database file, and that to the disk.
  [[nodiscard]] sqlite3* handle() const { return db_; }

 private:
  sqlite3* db_ = nullptr;
};

class SqliteStatement {  // One thread at a time.
 public:
  SqliteStatement(const Sqlite& sqlite, const char* sql);
  SqliteStatement(const SqliteStatement&) = delete;
  SqliteStatement& operator=(const SqliteStatement&) = delete;
  ~SqliteStatement() { sqlite3_finalize(statement_); }
  void bind(int index, std::int64_t value) { sqlite3_bind_int64(statement_, index, value); }
  void bind(int index, double value) { sqlite3_bind_double(statement_, index, value); }
  void bind(int index, std::string_view text) {
    sqlite3_bind_text(statement_, index, text.data(), static_cast<int>(text.size()), SQLITE_STATIC);
  }
  void bind(const Reading& row);
  bool step();  // True: a row stands in the columns.
  void run();   // To the end, and ready for the next.
  void reset() { sqlite3_reset(statement_); }
  [[nodiscard]] sqlite3_stmt* handle() const { return statement_; }
  [[nodiscard]] std::int64_t integer(int column) { return sqlite3_column_int64(statement_, column); }
  [[nodiscard]] double floating(int column) { return sqlite3_column_double(statement_, column); }
  [[nodiscard]] std::string_view text(int column) {
    const auto* begin = reinterpret_cast<const char*>(sqlite3_column_text(statement_, column));
    return {begin, static_cast<std::size_t>(sqlite3_column_bytes(statement_, column))};
  }

 private:
  sqlite3_stmt* statement_ = nullptr;
};

}  // namespace mneme::bench
