// Point reads by a random key, all five columns copied out, through a prepared statement, in the shape that maintenance
// leaves; then again after one row in ten was updated.
#include "peer_lmdb.h"
#include "peer_sqlite.h"
#include "workload.h"

namespace mneme::bench {
namespace {

constexpr std::int64_t kUpdateEvery = 10;

// What was read, so that no read can be left out, and all engines can be compared.
struct Sum {
  std::uint64_t of = 0;
  void add(const Reading& row) {
    of += static_cast<std::uint64_t>(row.id ^ row.ts_ns ^ row.v) + static_cast<std::uint64_t>(row.x) +
          static_cast<unsigned char>(row.label[11]);
  }
};

Reading copied(std::int64_t id, std::int64_t ts_ns, std::int64_t v, double x, std::string_view label) {
  Reading row{id, ts_ns, v, x, {}};
  label.copy(row.label.data(), row.label.size());
  return row;
}

class Ours {
 public:
  Ours(const std::string& directory, std::span<const Reading> rows)
      : database_(filled(directory, rows)), connection_(database_.connect()) {}
  Reading get(std::int64_t id) {
    const ResultSet result = must(select_.execute({Value(id)}));
    const BatchView batch = result.batch(0);
    return copied(batch.values<std::int64_t>(0)[0], batch.values<std::int64_t>(1)[0], batch.values<std::int64_t>(2)[0],
                  batch.values<double>(3)[0], batch.text(4, 0));
  }
  void update() {
    must(connection_.execute("UPDATE reading SET v = v + 1 WHERE id % 10 = 0"));
    settle(database_);
  }

 private:
  static Database filled(const std::string& directory, std::span<const Reading> rows) {
    Database database = open_database(directory);
    must(database.connect().execute(kCreateReading));
    append_readings(database, rows);
    settle(database);
    must(database.close());
    return open_database(directory);
  }
  Database database_;
  Connection connection_;
  Statement select_ = must(connection_.prepare("SELECT id, ts, v, x, label FROM reading WHERE id = $1"));
};

class SqliteReads {
 public:
  SqliteReads(const std::string& directory, std::span<const Reading> rows) : sqlite_(directory, "OFF") {
    sqlite_.execute("CREATE TABLE reading (id INTEGER PRIMARY KEY, ts INTEGER, v INTEGER, x REAL, label TEXT)");
    SqliteStatement insert(sqlite_, "INSERT INTO reading VALUES (?, ?, ?, ?, ?)");
    sqlite_.execute("BEGIN");
    for (const Reading& row : rows) {
      insert.bind(row);
      insert.run();
    }
    sqlite_.execute("COMMIT");
    sqlite_.sync();
    select_ = std::make_unique<SqliteStatement>(sqlite_, "SELECT id, ts, v, x, label FROM reading WHERE id = ?");
  }
  Reading get(std::int64_t id) {
    select_->bind(1, id);
    if (!select_->step()) fail("SQLite lost a row");
    const Reading row =
        copied(select_->integer(0), select_->integer(1), select_->integer(2), select_->floating(3), select_->text(4));
    select_->reset();
    return row;
  }
  void update() {
    sqlite_.execute("UPDATE reading SET v = v + 1 WHERE id % 10 = 0");
    sqlite_.sync();
  }

 private:
  Sqlite sqlite_;
  std::unique_ptr<SqliteStatement> select_;
};

double microseconds_a_read(std::span<const std::int64_t> ids, Sum& sum, auto get) {
  const double seconds = seconds_of([&] {
    for (const std::int64_t id : ids) sum.add(get(id));
  });
  return seconds * 1e6 / static_cast<double>(ids.size());
}

void measure(World& world, const std::string& what, Ours& ours, SqliteReads& sqlite, const Lmdb& lmdb) {
  std::vector<double> of_ours, of_sqlite, of_lmdb;
  std::vector<std::int64_t> ids(world.sizes.lookups);
  const Lmdb::Reader lmdb_reader(lmdb);
  for (std::size_t round = 0; round < world.sizes.rounds; ++round) {
    for (std::size_t i = 0; i < ids.size(); ++i) {
      ids[i] = static_cast<std::int64_t>(mixed(round * ids.size() + i + 1) % world.sizes.read_rows);
    }
    Sum a, b, c;
    of_ours.push_back(microseconds_a_read(ids, a, [&](std::int64_t id) { return ours.get(id); }));
    of_sqlite.push_back(microseconds_a_read(ids, b, [&](std::int64_t id) { return sqlite.get(id); }));
    of_lmdb.push_back(microseconds_a_read(ids, c, [&](std::int64_t id) { return lmdb_reader.get(id); }));
    if (a.of != b.of || b.of != c.of) fail("the engines disagree on what they read");
  }
  const double our_us = world.report.line({what, "mneme", "-", "us", of_ours});
  const double sqlite_us = world.report.line({what, "SQLite", "-", "us", of_sqlite});
  const double lmdb_us = world.report.line({what, "LMDB", "-", "us", of_lmdb});
  world.report.verdict({what + " to SQLite", our_us / sqlite_us, "x", Want::at_most, 0.5, ""});
  world.report.verdict({what + " to LMDB", our_us / lmdb_us, "x", Want::nothing, 0, ""});
}

}  // namespace

void bench_point_read(World& world) {
  const std::size_t count = world.sizes.read_rows;
  world.report.section("Point reads over " + number_text(static_cast<double>(count)) + " rows");
  world.report.note("warm; each engine the same keys, " + number_text(static_cast<double>(world.sizes.lookups)) +
                    " a round, in turn; LMDB's reader keeps one transaction open");
  const std::vector<Reading> rows = readings(count);
  Ours ours(fresh_directory(world, "point"), rows);
  const std::string peers = fresh_directory(world, "point_peers");
  SqliteReads sqlite(peers, rows);
  Lmdb lmdb(peers);
  lmdb.insert(rows);
  measure(world, "read by key", ours, sqlite, lmdb);
  ours.update();
  sqlite.update();
  lmdb.update(kUpdateEvery, static_cast<std::int64_t>(count));
  measure(world, "read by key, 10 % updated", ours, sqlite, lmdb);
}

}  // namespace mneme::bench
