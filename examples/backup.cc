// Backup: a copy that opens as a database, made while writers go on, and what check() says of both.
#include "example.h"
#include "mneme/database.h"

namespace {

std::int64_t rows_of(mneme::Database& db) {
  auto connection = db.connect();
  return connection.execute("SELECT count(*) FROM reading").value().value(0, 0).as_int();
}

}  // namespace

int main() {
  const example::Scratch scratch;
  auto db = mneme::Database::open(scratch / "db").value();
  auto connection = db.connect();
  connection.execute("CREATE TABLE reading (id INT PRIMARY KEY, v FLOAT)").value();
  connection.execute("INSERT INTO reading SELECT n, n * 0.5 FROM generate_series(1, 10000) AS s(n)").value();

  db.backup(scratch / "copy").value();
  connection.execute("INSERT INTO reading VALUES (10001, 0)").value();
  example::expect(!db.backup(scratch / "copy"), "a backup never overwrites");

  mneme::Options options;
  options.create_if_missing = false;
  auto copy = mneme::Database::open(scratch / "copy", options).value();
  example::expect(rows_of(copy) == 10'000, "the copy is of the moment it was made");
  example::expect(rows_of(db) == 10'001, "and the original went on");
  example::expect(copy.check().value().problems.empty(), "every block and index of the copy is whole");
  example::expect(db.check().value().problems.empty(), "and of the original");
  copy.close().value();
  db.close().value();
}
