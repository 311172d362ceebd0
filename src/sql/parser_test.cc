#include "sql/parser.h"

#include <doctest/doctest.h>

namespace mneme::sql {
namespace {

TEST_CASE("parser: a whole query of the robot's kind parses") {
  const auto parsed = parse(
      "SELECT f.ts, f.image, f.embedding <=> $1 AS distance, i.ax FROM camera f ASOF JOIN imu i ON f.ts >= i.ts "
      "WITHIN INTERVAL '1 second' WHERE f.ts > now() - INTERVAL '3 seconds' AND EXISTS (SELECT 1 FROM force t WHERE "
      "t.newtons > 2 AND t.ts BETWEEN f.ts - INTERVAL '50 ms' AND f.ts) AND ST_DWithin(f.place, $2, 3.0) "
      "ORDER BY distance LIMIT 5;");
  REQUIRE_MESSAGE(parsed.has_value(), (parsed ? "" : parsed.error().to_string()));
  REQUIRE(parsed->size() == 1);
  CHECK(parsed->front().parameters == 2);
}

}  // namespace
}  // namespace mneme::sql
