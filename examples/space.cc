// Space: points on the Earth, in metres around a place, in a box, and the nearest of them.
#include <cmath>

#include "example.h"
#include "mneme/database.h"

using mneme::Value;

int main() {
  const example::Scratch scratch;
  auto db = mneme::Database::open(scratch / "db").value();
  auto connection = db.connect();
  connection.execute("CREATE TABLE station (name TEXT, place POINT, room POINT3)").value();
  // Longitude, then latitude. One degree of latitude is about 111.2 km everywhere.
  connection
      .execute(
          "INSERT INTO station VALUES ('dock', ST_MakePoint(8.5456, 47.3977), ST_MakePoint(0, 0, 0)), "
          "('mast', ST_MakePoint(8.5456, 47.3986), ST_MakePoint(3, 4, 0)), "
          "('lake', ST_MakePoint(8.5417, 47.3500), ST_MakePoint(3, 4, 12))")
      .value();
  const Value here = Value::point(8.5456, 47.3977);

  const auto near =
      connection.execute("SELECT name FROM station WHERE ST_DWithin(place, $1, 200) ORDER BY name", {here}).value();
  example::expect(near.rows() == 2 && near.value(1, 0).as_text() == "mast", "two stand within 200 m");

  const auto ranked =
      connection.execute("SELECT name, ST_Distance(place, $1) AS m FROM station ORDER BY m", {here}).value();
  example::expect(ranked.value(0, 1).as_double() == 0, "the dock is here");
  example::expect(std::abs(ranked.value(1, 1).as_double() - 100.1) < 0.5, "the mast 0.0009 degrees north: 100 m");
  example::expect(ranked.value(2, 0).as_text() == "lake", "the lake is the farthest");

  // POINT3 is in metres: 3, 4, 12 are 13 from the origin.
  const auto room =
      connection.execute("SELECT ST_Distance(room, $1) FROM station WHERE name = 'lake'", {Value::point3(0, 0, 0)})
          .value();
  example::expect(room.value(0, 0).as_double() == 13, "3, 4, 12 are 13 m");
  db.close().value();
}
