// Prepared statements: parsed and planned once, run often.
#include "example.h"
#include "mneme/database.h"

using mneme::Value;

int main() {
  const example::Scratch scratch;
  auto db = mneme::Database::open(scratch / "db").value();
  auto connection = db.connect();
  connection.execute("CREATE TABLE square (n INT PRIMARY KEY, nn INT)").value();

  auto insert = connection.prepare("INSERT INTO square VALUES ($1, $2)").value();
  example::expect(insert.parameters() == 2 && !insert.is_query(), "a change with two parameters");
  connection.execute("BEGIN").value();  // One commit for all of them.
  for (std::int64_t n = 0; n < 5'000; ++n) insert.execute({Value(n), Value(n * n)}).value();
  connection.execute("COMMIT").value();

  auto by_key = connection.prepare("SELECT nn FROM square WHERE n = $1").value();
  for (const std::int64_t n : {std::int64_t{0}, std::int64_t{7}, std::int64_t{4'999}}) {
    example::expect(by_key.execute({Value(n)}).value().value(0, 0).as_int() == n * n, "the square by its root");
  }
  example::expect(by_key.execute({Value(5'000)}).value().rows() == 0, "no row is no error");
  example::expect(!by_key.execute({}), "too few parameters are one");
  db.close().value();
}
