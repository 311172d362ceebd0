// Batch insert of five-column rows in transactions of 10,000, nothing synced until the end, then one sync; reopened and
// counted.
#include "peer_duckdb.h"
#include "peer_sqlite.h"
#include "workload.h"

namespace mneme::bench {
namespace {

constexpr std::size_t kRowsPerCommit = 10'000;
using Rows = std::span<const Reading>;

void each_transaction(Rows rows, const std::function<void(Rows)>& insert) {
  for (std::size_t at = 0; at < rows.size(); at += kRowsPerCommit) {
    insert(rows.subspan(at, std::min(kRowsPerCommit, rows.size() - at)));
  }
}

void must_be(std::int64_t found, Rows rows, const char* engine) {
  if (found != static_cast<std::int64_t>(rows.size())) fail(std::string(engine) + " lost rows");
}

double insert_ours(World& world, Rows rows) {
  const std::string directory = fresh_directory(world, "insert");
  double seconds = 0;
  {
    Database database = open_database(directory);
    Connection connection = database.connect();
    must(connection.execute(kCreateReading));
    seconds = seconds_of([&] {
      append_readings(database, rows);
      must(database.sync());
    });
    must(database.close());
  }
  Database database = open_database(directory);
  Connection connection = database.connect();
  must_be(must(connection.execute("SELECT count(*) FROM reading")).value(0, 0).as_int(), rows, "mneme");
  return static_cast<double>(rows.size()) / seconds;
}

double insert_sqlite(World& world, Rows rows) {
  const std::string directory = fresh_directory(world, "insert_sqlite");
  double seconds = 0;
  {
    Sqlite sqlite(directory, "OFF");
    sqlite.execute("CREATE TABLE reading (id INTEGER PRIMARY KEY, ts INTEGER, v INTEGER, x REAL, label TEXT)");
    SqliteStatement insert(sqlite, "INSERT INTO reading VALUES (?, ?, ?, ?, ?)");
    seconds = seconds_of([&] {
      each_transaction(rows, [&](Rows some) {
        sqlite.execute("BEGIN");
        for (const Reading& row : some) {
          insert.bind(row);
          insert.run();
        }
        sqlite.execute("COMMIT");
      });
      sqlite.sync();
    });
  }
  Sqlite sqlite(directory, "OFF");
  SqliteStatement count(sqlite, "SELECT count(*) FROM reading");
  count.step();
  must_be(count.integer(0), rows, "SQLite");
  return static_cast<double>(rows.size()) / seconds;
}

double insert_duckdb(World& world, Rows rows, bool one_transaction) {
  const std::string directory = fresh_directory(world, "insert_duckdb");
  double seconds = 0;
  {
    DuckDb duckdb(world.duckdb, directory);
    duckdb.execute("SET threads = 1");
    duckdb.execute("CREATE TABLE reading (id BIGINT PRIMARY KEY, ts TIMESTAMP_NS, v BIGINT, x DOUBLE, label VARCHAR)");
    seconds = seconds_of([&] {
      if (one_transaction) return duckdb.append(rows);
      each_transaction(rows, [&](Rows some) {
        duckdb.execute("BEGIN");
        duckdb.append(some);
        duckdb.execute("COMMIT");
      });
    });
  }
  DuckDb duckdb(world.duckdb, directory);
  must_be(duckdb.integer("SELECT count(*) FROM reading"), rows, "DuckDB");
  return static_cast<double>(rows.size()) / seconds;
}

}  // namespace

void bench_insert(World& world) {
  world.report.section("Batch insert of " + number_text(static_cast<double>(world.sizes.insert_rows)) + " rows");
  world.report.note(
      "mneme: appender; SQLite: prepared insert, WAL, synchronous=OFF, then a full checkpoint with synchronous=FULL; "
      "DuckDB: appender by data chunks; it syncs at every commit and has no other level, so it is shown with one "
      "transaction for all rows, too");
  const std::vector<Reading> rows = readings(world.sizes.insert_rows);
  std::vector<double> ours, sqlite, duckdb, duckdb_once;
  for (std::size_t round = 0; round < world.sizes.insert_rounds; ++round) {
    ours.push_back(insert_ours(world, rows));
    sqlite.push_back(insert_sqlite(world, rows));
    if (world.duckdb.empty()) continue;
    duckdb.push_back(insert_duckdb(world, rows, false));
    duckdb_once.push_back(insert_duckdb(world, rows, true));
  }
  Report& report = world.report;
  const double our_rate = report.line({"10,000-row transactions", "mneme", "one sync", "rows/s", ours});
  const double sqlite_rate = report.line({"10,000-row transactions", "SQLite", "one sync", "rows/s", sqlite});
  report.verdict({"insert to SQLite", our_rate / sqlite_rate, "x", Want::at_least, 3, ""});
  if (duckdb.empty()) return report.note("DuckDB's library is not here: no line of it");
  report.line({"10,000-row transactions", "DuckDB", "commit", "rows/s", duckdb});
  const double once = report.line({"one transaction", "DuckDB", "one sync", "rows/s", duckdb_once});
  report.verdict({"insert to DuckDB, one transaction", our_rate / once, "x", Want::nothing, 0, ""});
}

}  // namespace mneme::bench
