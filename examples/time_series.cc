// Time series: two sensors that tick at different rates, brought together by ASOF JOIN, and summed up by time_bucket.
#include "example.h"
#include "mneme/database.h"

using mneme::Value;

namespace {
constexpr std::int64_t kSecondNs = 1'000'000'000;
constexpr std::int64_t kStartNs = 1'780'304'400 * kSecondNs;  // 2026-06-01 09:00:00 UTC.
}  // namespace

int main() {
  const example::Scratch scratch;
  auto db = mneme::Database::open(scratch / "db").value();
  auto connection = db.connect();
  connection.execute("CREATE TABLE motor (ts TIMESTAMP, rpm INT)").value();
  connection.execute("CREATE TABLE heat (ts TIMESTAMP, celsius FLOAT)").value();

  auto motor = db.appender("motor").value();  // 10 Hz for a minute.
  for (std::int64_t i = 0; i < 600; ++i) motor.append(kStartNs + i * kSecondNs / 10, 1'000 + i).value();
  motor.flush().value();
  auto heat = db.appender("heat").value();  // Once in 7 s.
  for (std::int64_t i = 0; i < 9; ++i) heat.append(kStartNs + i * 7 * kSecondNs, 20.0 + static_cast<double>(i)).value();
  heat.flush().value();

  // To each row of the left the last of the right that is not after it. 30 s: the reading of 28 s, the fifth.
  const auto joined = connection
                          .execute(
                              "SELECT m.rpm, h.celsius FROM motor m ASOF JOIN heat h ON m.ts >= h.ts "
                              "WHERE m.ts = TIMESTAMP '2026-06-01 09:00:30'")
                          .value();
  example::expect(joined.rows() == 1 && joined.value(0, 0).as_int() == 1'300, "the motor at 30 s");
  example::expect(joined.value(0, 1).as_double() == 24, "and the heat as of then");

  const auto buckets =
      connection
          .execute(
              "SELECT time_bucket(INTERVAL '20 seconds', ts) AS began, count(*), avg(rpm), first(rpm, ts), "
              "last(rpm, ts) FROM motor GROUP BY began ORDER BY began")
          .value();
  example::expect(buckets.rows() == 3, "a minute has three buckets of 20 s");
  example::expect(buckets.value(1, 0) == Value::timestamp(kStartNs + 20 * kSecondNs), "a bucket is named by its begin");
  example::expect(buckets.value(1, 1).as_int() == 200, "200 ticks each");
  example::expect(buckets.value(1, 3).as_int() == 1'200 && buckets.value(1, 4).as_int() == 1'399, "first and last");

  const auto recent =
      connection.execute("SELECT count(*) FROM motor WHERE ts >= $1", {Value::timestamp(kStartNs + 50 * kSecondNs)})
          .value();
  example::expect(recent.value(0, 0).as_int() == 100, "a range of time");
  db.close().value();
}
