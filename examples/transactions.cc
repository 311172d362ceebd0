// Transactions: all or nothing over several tables, savepoints, and two writers of one row.
#include "example.h"
#include "mneme/database.h"

namespace {

std::int64_t number(mneme::Connection& connection, const char* sql) {
  return connection.execute(sql).value().value(0, 0).as_int();
}

}  // namespace

int main() {
  const example::Scratch scratch;
  auto db = mneme::Database::open(scratch / "db").value();
  auto one = db.connect();
  auto two = db.connect();
  one.execute("CREATE TABLE cell (id INT PRIMARY KEY, charge INT NOT NULL)").value();
  one.execute("CREATE TABLE transfer (from_cell INT, to_cell INT, amount INT)").value();
  one.execute("INSERT INTO cell VALUES (1, 100), (2, 0)").value();

  one.execute("BEGIN").value();
  one.execute("UPDATE cell SET charge = charge - 30 WHERE id = 1").value();
  one.execute("UPDATE cell SET charge = charge + 30 WHERE id = 2").value();
  one.execute("INSERT INTO transfer VALUES (1, 2, 30)").value();
  example::expect(number(one, "SELECT charge FROM cell WHERE id = 2") == 30, "a transaction reads its own writes");
  example::expect(number(two, "SELECT charge FROM cell WHERE id = 2") == 0, "nobody else does before COMMIT");
  one.execute("COMMIT").value();
  example::expect(number(two, "SELECT charge FROM cell WHERE id = 2") == 30, "and everybody after it");

  one.execute("BEGIN").value();
  one.execute("INSERT INTO transfer VALUES (2, 1, 1)").value();
  one.execute("SAVEPOINT before_doubt").value();
  one.execute("DELETE FROM cell").value();
  one.execute("ROLLBACK TO SAVEPOINT before_doubt").value();
  one.execute("COMMIT").value();
  example::expect(number(one, "SELECT count(*) FROM cell") == 2, "a savepoint takes back what came after it");
  example::expect(number(one, "SELECT count(*) FROM transfer") == 2, "and only that");

  // Both change one row from the same snapshot: the first to commit wins, the other learns it and runs again.
  one.execute("BEGIN").value();
  two.execute("BEGIN").value();
  example::expect(number(two, "SELECT charge FROM cell WHERE id = 1") == 70, "two has its snapshot");
  one.execute("UPDATE cell SET charge = charge + 1 WHERE id = 1").value();
  one.execute("COMMIT").value();
  auto lost = two.execute("UPDATE cell SET charge = charge + 1 WHERE id = 1");
  if (lost) lost = two.execute("COMMIT");
  example::expect(!lost && lost.error().code() == mneme::Code::conflict, "first committer wins (40001)");
  if (two.in_transaction()) two.execute("ROLLBACK").value();
  two.execute("UPDATE cell SET charge = charge + 1 WHERE id = 1").value();
  example::expect(number(one, "SELECT charge FROM cell WHERE id = 1") == 72, "no update is lost");
  db.close().value();
}
