// Questions over 300,000 orders: all of them copied out, a filtered count, and groups, few and many.
#include <array>

#include "peer_sqlite.h"
#include "workload.h"

namespace mneme::bench {
namespace {

constexpr std::array<const char*, 5> kRegions = {"north", "south", "east", "west", "centre"};

struct Order {
  std::int64_t id;
  std::string customer;
  double amount;
  std::string region;
};

Order order(std::size_t i) {
  return {static_cast<std::int64_t>(i), "cust_" + std::to_string(i % 30'000),
          static_cast<double>(mixed(i + 1) % 100'000) / 100, kRegions[mixed(i + 7) % kRegions.size()]};
}

void fill(Database& database, std::size_t rows) {
  must(
      database.connect().execute("CREATE TABLE orders (id INT PRIMARY KEY, customer TEXT, amount FLOAT, region TEXT)"));
  Appender appender = must(database.appender("orders"));
  for (std::size_t i = 0; i < rows; ++i) {
    const Order o = order(i);
    must(appender.append(o.id, std::string_view(o.customer), o.amount, std::string_view(o.region)));
  }
  must(appender.flush());
  settle(database);
}

void fill(Sqlite& sqlite, std::size_t rows) {
  sqlite.execute("CREATE TABLE orders (id INTEGER PRIMARY KEY, customer TEXT, amount REAL, region TEXT)");
  sqlite.execute("BEGIN");
  SqliteStatement insert(sqlite, "INSERT INTO orders VALUES (?, ?, ?, ?)");
  for (std::size_t i = 0; i < rows; ++i) {
    const Order o = order(i);
    insert.bind(1, o.id);
    insert.bind(2, std::string_view(o.customer));
    insert.bind(3, o.amount);
    insert.bind(4, std::string_view(o.region));
    insert.run();
  }
  sqlite.execute("COMMIT");
  sqlite.sync();
}

using Orders = std::vector<Order>;

Orders scan(Connection& connection, std::size_t rows) {
  Orders orders;
  orders.reserve(rows);  // For both: what a growing vector costs is neither engine's.
  RowStream stream = must(connection.query("SELECT id, customer, amount, region FROM orders"));
  while (const auto batch = must(stream.next())) {
    const auto* ids = batch->values<std::int64_t>(0);
    const auto* amounts = batch->values<double>(2);
    for (std::size_t i = 0; i < batch->rows(); ++i) {
      orders.push_back({ids[i], std::string(batch->text(1, i)), amounts[i], std::string(batch->text(3, i))});
    }
  }
  return orders;
}

Orders scan(Sqlite& sqlite, std::size_t rows) {
  Orders orders;
  orders.reserve(rows);
  SqliteStatement select(sqlite, "SELECT id, customer, amount, region FROM orders");
  while (select.step()) {
    orders.push_back({select.integer(0), std::string(select.text(1)), select.floating(2), std::string(select.text(3))});
  }
  return orders;
}

// Of any question: how many rows came, and their last column (an integer) summed.
struct Answer {
  std::size_t rows = 0;
  std::int64_t sum = 0;
  friend bool operator==(const Answer&, const Answer&) = default;
};

Answer ask(Connection& connection, const char* sql) {
  Answer answer;
  RowStream stream = must(connection.query(sql));
  const std::size_t last = stream.columns().size() - 1;
  while (const auto batch = must(stream.next())) {
    for (std::size_t i = 0; i < batch->rows(); ++i) answer.sum += batch->values<std::int64_t>(last)[i];
    answer.rows += batch->rows();
  }
  return answer;
}

Answer ask(Sqlite& sqlite, const char* sql) {
  Answer answer;
  SqliteStatement select(sqlite, sql);
  const int last = sqlite3_column_count(select.handle()) - 1;
  for (; select.step(); ++answer.rows) answer.sum += select.integer(last);
  return answer;
}

// Runs both in turn and reports them.
void compare(World& world, const std::string& what, auto of_ours, auto of_sqlite) {
  std::vector<double> ours, sqlite;
  for (std::size_t round = 0; round < 2 * world.sizes.rounds + 1; ++round) {
    const double our_ms = 1e3 * seconds_of(of_ours);
    const double sqlite_ms = 1e3 * seconds_of(of_sqlite);
    if (round == 0) continue;  // Warms up.
    ours.push_back(our_ms);
    sqlite.push_back(sqlite_ms);
  }
  const double our_ms = world.report.line({what, "mneme", "-", "ms", ours});
  const double sqlite_ms = world.report.line({what, "SQLite", "-", "ms", sqlite});
  world.report.verdict({what + ": faster than SQLite", sqlite_ms / our_ms, "x", Want::at_least, 2, ""});
}

}  // namespace

void bench_queries(World& world) {
  const std::size_t rows = world.sizes.query_rows;
  world.report.section("Questions over " + number_text(static_cast<double>(rows)) + " rows");
  Database database = open_database(fresh_directory(world, "queries"));
  fill(database, rows);
  Connection connection = database.connect();
  Sqlite sqlite(fresh_directory(world, "queries_sqlite"), "OFF");
  fill(sqlite, rows);

  compare(
      world, "full scan, every value copied out",
      [&] {
        if (scan(connection, rows).size() != rows) fail("mneme: scan");
      },
      [&] {
        if (scan(sqlite, rows).size() != rows) fail("SQLite: scan");
      });
  const std::array<std::pair<const char*, const char*>, 3> questions = {
      {{"filtered count", "SELECT count(*) FROM orders WHERE amount > 500 AND region = 'north'"},
       {"GROUP BY region (5 groups)", "SELECT region, sum(amount), count(*) FROM orders GROUP BY region"},
       {"GROUP BY customer (30,000 groups)", "SELECT customer, sum(amount), count(*) FROM orders GROUP BY customer"}}};
  for (const auto& [what, sql] : questions) {
    Answer ours, theirs;
    compare(
        world, what, [&, text = sql] { ours = ask(connection, text); },
        [&, text = sql] { theirs = ask(sqlite, text); });
    if (ours != theirs) fail(std::string("the engines disagree: ") + sql);
  }
}

}  // namespace mneme::bench
