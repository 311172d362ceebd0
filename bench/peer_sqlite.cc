#include "peer_sqlite.h"

namespace mneme::bench {

namespace {

// Each connection stays on one thread, so SQLite need not lock a mutex in every call (its "multi-thread" mode); nor
// need it count what it allocates, under one mutex of the process. Both are its documentation's advice for speed. Only
// before the first connection: later calls change nothing.
void configure() {
  sqlite3_config(SQLITE_CONFIG_MULTITHREAD);
  sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}

}  // namespace

Sqlite::Sqlite(const std::string& directory, const char* synchronous) {
  configure();
  constexpr int kFlags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
  if (sqlite3_open_v2((directory + "/sqlite.db").c_str(), &db_, kFlags, nullptr) != SQLITE_OK) {
    fail("cannot open SQLite");
  }
  execute("PRAGMA journal_mode = WAL");
  execute(std::string("PRAGMA synchronous = ") + synchronous);
  execute("PRAGMA cache_size = -262144");    // KiB: the 256 MiB that mneme has.
  execute("PRAGMA mmap_size = 4294967296");  // Whatever the database's size, up to 4 GiB.
  execute("PRAGMA temp_store = MEMORY");
}

void Sqlite::execute(const std::string& sql) {
  if (sqlite3_exec(db_, sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK) fail(sql + ": " + sqlite3_errmsg(db_));
}

void Sqlite::sync() {
  execute("PRAGMA synchronous = FULL");
  execute("PRAGMA wal_checkpoint(TRUNCATE)");
}

SqliteStatement::SqliteStatement(const Sqlite& sqlite, const char* sql) {
  if (sqlite3_prepare_v3(sqlite.handle(), sql, -1, SQLITE_PREPARE_PERSISTENT, &statement_, nullptr) != SQLITE_OK) {
    fail(std::string(sql) + ": " + sqlite3_errmsg(sqlite.handle()));
  }
}

void SqliteStatement::bind(const Reading& row) {
  bind(1, row.id);
  bind(2, row.ts_ns);
  bind(3, row.v);
  bind(4, row.x);
  bind(5, row.label_text());
}

bool SqliteStatement::step() {
  const int code = sqlite3_step(statement_);
  if (code != SQLITE_ROW && code != SQLITE_DONE) fail(sqlite3_errmsg(sqlite3_db_handle(statement_)));
  return code == SQLITE_ROW;
}

void SqliteStatement::run() {
  while (step()) {
  }
  reset();
}

}  // namespace mneme::bench
