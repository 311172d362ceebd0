// Vectors: store embeddings, ask for the nearest by several metrics, and filter in the same statement.
#include <array>
#include <cmath>
#include <vector>

#include "example.h"
#include "mneme/database.h"

using mneme::Value;

int main() {
  const example::Scratch scratch;
  auto db = mneme::Database::open(scratch / "db").value();
  auto connection = db.connect();
  connection.execute("CREATE TABLE face (id INT PRIMARY KEY, name TEXT, embedding VECTOR(3), small VECTOR(3, i8))")
      .value();

  const std::array<std::array<float, 3>, 4> embeddings = {{{1, 0, 0}, {0, 2, 0}, {3, 4, 0}, {0.9F, 0.1F, 0}}};
  const std::array<const char*, 4> names = {"ada", "ben", "cid", "ada"};
  auto insert = connection.prepare("INSERT INTO face VALUES ($1, $2, $3, $4)").value();
  for (int i = 0; i < 4; ++i) {
    const auto& e = embeddings[static_cast<std::size_t>(i)];
    const std::array<std::int8_t, 3> small = {static_cast<std::int8_t>(e[0]), static_cast<std::int8_t>(e[1]), 0};
    insert.execute({Value(i), Value(names[static_cast<std::size_t>(i)]), Value::vector(e), Value::vector(small)})
        .value();
  }

  const std::array<float, 3> query = {1, 0, 0};
  const auto nearest = connection
                           .execute("SELECT id, embedding <-> $1 AS l2 FROM face ORDER BY embedding <-> $1 LIMIT 3",
                                    {Value::vector(query)})
                           .value();
  example::expect(nearest.rows() == 3 && nearest.value(0, 0).as_int() == 0, "the same vector is the nearest");
  example::expect(nearest.value(0, 1).as_double() == 0, "at distance 0");
  example::expect(nearest.value(1, 0).as_int() == 3 && nearest.value(2, 0).as_int() == 1, "then the others in order");
  example::expect(std::abs(nearest.value(2, 1).as_double() - std::sqrt(5.0)) < 1e-6, "by Euclid: sqrt(1 + 4)");

  // Cosine distance: 3-4-5, so 1 - 3/5. The negative inner product: -3.
  const auto others =
      connection.execute("SELECT embedding <=> $1, embedding <#> $1 FROM face WHERE id = 2", {Value::vector(query)})
          .value();
  example::expect(std::abs(others.value(0, 0).as_double() - 0.4) < 1e-6, "<=> is the cosine distance");
  example::expect(others.value(0, 1).as_double() == -3, "<#> is the negative inner product");

  // A filter is exact: it decides what is searched, not what is thrown away afterwards.
  const auto among =
      connection
          .execute("SELECT id FROM face WHERE name <> 'ada' ORDER BY embedding <-> $1 LIMIT 1", {Value::vector(query)})
          .value();
  example::expect(among.rows() == 1 && among.value(0, 0).as_int() == 1, "the nearest that is not ada");

  const auto stored = connection.execute("SELECT embedding FROM face WHERE id = 2").value().value(0, 0);
  example::expect(stored == Value::vector(embeddings[2]), "a vector comes back bit for bit");
  db.close().value();
}
