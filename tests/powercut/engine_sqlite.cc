// SQLite with its write-ahead log. FULL syncs the log at every commit; NORMAL only before and after a checkpoint: its
// documentation promises consistency after a power cut, not the last transactions.
#include <sqlite3.h>

#include "powercut/engine.h"

namespace mneme::powercut {
namespace {

class Sqlite final : public Engine {
 public:
  explicit Sqlite(sqlite3* db) : db_(db) {}
  ~Sqlite() override { sqlite3_close_v2(db_); }

  Result<void> prepare(const std::string& synchronous) {
    TRY(run("PRAGMA journal_mode = WAL"));
    TRY(run("PRAGMA synchronous = FULL"));
    TRY(run("PRAGMA wal_autocheckpoint = 100"));
    TRY(run("CREATE TABLE IF NOT EXISTS journal (key TEXT PRIMARY KEY, body BLOB)"));
    TRY(run("CREATE TABLE IF NOT EXISTS slots (key TEXT PRIMARY KEY, body BLOB)"));
    return run("PRAGMA synchronous = " + synchronous);
  }

  Result<void> commit(const std::vector<Change>& changes) override {
    TRY(run("BEGIN IMMEDIATE"));
    for (const Change& change : changes) TRY(make(change));
    return run("COMMIT");
  }

  Result<State> read() override {
    State state;
    TRY(read_table("SELECT key, body FROM journal", state.journal));
    TRY(read_table("SELECT key, body FROM slots", state.slots));
    return state;
  }

  Result<void> check() override {
    sqlite3_stmt* statement = TRY(prepared("PRAGMA integrity_check"));
    sqlite3_step(statement);
    const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement, 0));
    const std::string said = text == nullptr ? sqlite3_errmsg(db_) : text;
    sqlite3_finalize(statement);
    if (said != "ok") return Error(Code::corrupt, "integrity_check: " + said);
    return {};
  }

  Result<void> close() override {
    if (sqlite3_close(db_) != SQLITE_OK) return failed();
    db_ = nullptr;
    return {};
  }

 private:
  Error failed() { return Error(Code::corrupt, std::string("SQLite: ") + sqlite3_errmsg(db_)); }

  Result<void> run(const std::string& sql) {
    if (sqlite3_exec(db_, sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK) return failed();
    return {};
  }

  Result<sqlite3_stmt*> prepared(const std::string& sql) {
    sqlite3_stmt* statement = nullptr;
    if (sqlite3_prepare_v2(db_, sql.c_str(), -1, &statement, nullptr) != SQLITE_OK) return failed();
    return statement;
  }

  Result<void> make(const Change& change) {
    const std::string table = change.in_journal ? "journal" : "slots";
    sqlite3_stmt* statement = TRY(prepared(change.body ? "INSERT OR REPLACE INTO " + table + " VALUES (?1, ?2)"
                                                       : "DELETE FROM " + table + " WHERE key = ?1"));
    sqlite3_bind_text(statement, 1, change.key.data(), static_cast<int>(change.key.size()), SQLITE_STATIC);
    if (change.body) {
      sqlite3_bind_blob(statement, 2, change.body->data(), static_cast<int>(change.body->size()), SQLITE_STATIC);
    }
    const bool done = sqlite3_step(statement) == SQLITE_DONE;
    sqlite3_finalize(statement);
    if (!done) return failed();
    return {};
  }

  static std::string column(sqlite3_stmt* statement, int index) {
    const auto* bytes = static_cast<const char*>(sqlite3_column_blob(statement, index));
    return std::string(bytes, static_cast<std::size_t>(sqlite3_column_bytes(statement, index)));
  }

  Result<void> read_table(const std::string& sql, std::map<std::string, std::string>& rows) {
    sqlite3_stmt* statement = TRY(prepared(sql));
    int code = SQLITE_ROW;
    while ((code = sqlite3_step(statement)) == SQLITE_ROW) rows[column(statement, 0)] = column(statement, 1);
    sqlite3_finalize(statement);
    if (code != SQLITE_DONE) return failed();
    return {};
  }

  sqlite3* db_;
};

}  // namespace

Opened open_sqlite(const std::string& directory, const std::string& synchronous) {
  sqlite3* db = nullptr;
  const int code = sqlite3_open((directory + "/sqlite.db").c_str(), &db);
  auto engine = std::make_unique<Sqlite>(db);
  if (code != SQLITE_OK) return Error(Code::corrupt, "SQLite does not open");
  TRY(engine->prepare(synchronous));
  return std::unique_ptr<Engine>(std::move(engine));
}

}  // namespace mneme::powercut
