// Rows and types: create a table, insert, read back. value() ends the program with the error's text if there is one;
// a program that wants to go on looks at the Result instead, as at the end.
#include "example.h"
#include "mneme/database.h"

using mneme::Value;

int main() {
  const example::Scratch scratch;
  auto db = mneme::Database::open(scratch / "db").value();
  auto connection = db.connect();

  connection
      .execute(
          "CREATE TABLE part (id INT PRIMARY KEY, name TEXT NOT NULL, mass FLOAT, price DECIMAL(8, 2), made DATE, "
          "checked TIMESTAMP, data JSON, place POINT)")
      .value();
  connection
      .execute(
          "INSERT INTO part VALUES (1, 'rotor', 0.18, 24.90, '2026-03-01', '2026-03-02 10:00:00', "
          "'{\"blades\": 3}', ST_MakePoint(8.5456, 47.3977)), (2, 'frame', NULL, 110, NULL, NULL, NULL, NULL)")
      .value();

  // Values travel as parameters, never inside the text.
  const auto rotor =
      connection.execute("SELECT name, mass, price, made, place FROM part WHERE id = $1", {Value(1)}).value();
  example::expect(rotor.rows() == 1, "one row has the key");
  example::expect(rotor.value(0, 0).as_text() == "rotor", "TEXT");
  example::expect(rotor.value(0, 1).as_double() == 0.18, "FLOAT");
  example::expect(rotor.value(0, 2).to_text() == "24.90", "DECIMAL keeps its scale");
  example::expect(rotor.value(0, 3).to_text() == "2026-03-01", "DATE");
  example::expect(rotor.value(0, 4) == Value::point(8.5456, 47.3977), "POINT");

  const auto frame = connection.execute("SELECT mass FROM part WHERE id = 2").value();
  example::expect(frame.value(0, 0).is_null(), "NULL stays NULL");

  // An error says what, where, and as PostgreSQL would class it.
  const auto again = connection.execute("INSERT INTO part (id, name) VALUES (1, 'copy')");
  example::expect(!again && again.error().sqlstate() == "23505", "a primary key is unique");

  // The same without SQL.
  auto parts = db.table("part").value();
  parts.insert({{"id", 3}, {"name", "skid"}, {"mass", 0.4}}).value();
  const auto skid = parts.get(3).value();
  example::expect(skid.has_value() && (*skid)[1].as_text() == "skid", "a row by its key");
  example::expect(parts.count().value() == 3, "three rows");
  db.close().value();
}
