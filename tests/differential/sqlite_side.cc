#include <sqlite3.h>

#include <cstdlib>

#include "differential/other_side.h"

namespace mneme::differential {
namespace {

class SqliteSide final : public OtherSide {  // One thread at a time.
 public:
  SqliteSide() { open(); }
  ~SqliteSide() override { sqlite3_close(database_); }

  Outcome execute(const std::string& sql) override {
    Outcome outcome;
    sqlite3_stmt* statement = nullptr;
    int status = sqlite3_prepare_v2(database_, sql.c_str(), -1, &statement, nullptr);
    while (status == SQLITE_OK || status == SQLITE_ROW) {
      status = sqlite3_step(statement);
      if (status == SQLITE_ROW) outcome.rows.push_back(row_of(statement));
    }
    const bool changes = statement != nullptr && sqlite3_stmt_readonly(statement) == 0;
    if (status == SQLITE_DONE) {
      if (changes && !is_definition(sql)) outcome.changed = static_cast<std::uint64_t>(sqlite3_changes(database_));
    } else {
      outcome.ok = false;
      outcome.message = sqlite3_errmsg(database_);
    }
    sqlite3_finalize(statement);
    return outcome;
  }

  void restart() override {
    sqlite3_close(database_);
    open();
  }
  [[nodiscard]] std::string_view name() const override { return "SQLite"; }
  [[nodiscard]] Dialect dialect() const override { return Dialect::sqlite; }

 private:
  void open() {
    if (sqlite3_open(":memory:", &database_) != SQLITE_OK) std::abort();
  }

  // The count of changes is that of the last INSERT, UPDATE or DELETE: other statements leave it.
  static bool is_definition(const std::string& sql) {
    return !sql.starts_with("INSERT") && !sql.starts_with("UPDATE") && !sql.starts_with("DELETE");
  }

  static Row row_of(sqlite3_stmt* statement) {
    Row row;
    for (int i = 0; i < sqlite3_column_count(statement); ++i) {
      if (sqlite3_column_type(statement, i) == SQLITE_NULL) {
        row.emplace_back();
      } else if (sqlite3_column_type(statement, i) == SQLITE_FLOAT) {
        char text[40];  // SQLite's own text has 15 digits only.
        sqlite3_snprintf(sizeof text, text, "%!.17g", sqlite3_column_double(statement, i));
        row.emplace_back(text);
      } else {
        row.emplace_back(std::string(reinterpret_cast<const char*>(sqlite3_column_text(statement, i)),
                                     static_cast<std::size_t>(sqlite3_column_bytes(statement, i))));
      }
    }
    return row;
  }

  sqlite3* database_ = nullptr;
};

}  // namespace

std::unique_ptr<OtherSide> make_sqlite_side() { return std::make_unique<SqliteSide>(); }

}  // namespace mneme::differential
