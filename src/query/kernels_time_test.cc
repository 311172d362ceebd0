#include "query/testing.h"

namespace mneme::query {
namespace {

using testing::apply;
using testing::Arg;
using testing::call;

Arg ts(const char* text) { return {"TIMESTAMP", text}; }
Arg date(const char* text) { return {"DATE", text}; }
Arg interval(const char* text) { return {"INTERVAL", text}; }
Arg integer(const char* text) { return {"INT", text}; }
Arg number(const char* text) { return {"FLOAT", text}; }

// Expected values are PostgreSQL 15's, unless a comment says otherwise.

TEST_CASE("time: months go first and cut the day, then days, then time") {
  CHECK(apply("+", {ts("2024-01-31"), interval("1 month")}) == "2024-02-29 00:00:00+00");
  CHECK(apply("+", {ts("2023-01-31 12:00"), interval("1 mon 1 day 13:00")}) == "2023-03-02 01:00:00+00");
  CHECK(apply("-", {ts("2024-03-31"), interval("1 month")}) == "2024-02-29 00:00:00+00");
  CHECK(apply("+", {interval("1 day"), ts("2024-02-28")}) == "2024-02-29 00:00:00+00");
  CHECK(apply("+", {ts("2024-01-01"), "3 seconds"}) == "2024-01-01 00:00:03+00");
  CHECK(apply("-", {ts("1970-01-01"), interval("1 ns")}) == "1969-12-31 23:59:59.999999999+00");
  CHECK(apply("+", {ts("2262-01-01"), interval("1 year")}) == "22008");
  CHECK(apply("+", {ts("2024-01-01"), interval("100000 years")}) == "22008");
  CHECK(apply("+", {ts(nullptr), interval("1 day")}) == "NULL");
}

TEST_CASE("time: a difference of timestamps is in days and time, of dates a number of days") {
  CHECK(apply("-", {ts("2024-03-01 06:00"), ts("2024-02-01")}) == "29 days 06:00:00");
  CHECK(apply("-", {ts("2024-02-01"), ts("2024-03-01 06:00")}) == "-29 days -06:00:00");
  CHECK(apply("-", {ts("2262-04-11"), ts("1677-09-22")}) == "213502 days");  // More nanoseconds than 64 bits hold.
  CHECK(apply("-", {ts("2024-01-02"), "2024-01-01"}) == "1 day");
  CHECK(apply("-", {date("2024-03-01"), date("2024-02-01")}) == "29");
  CHECK(apply("+", {date("2024-02-28"), integer("2")}) == "2024-03-01");
  CHECK(apply("-", {date("2024-03-01"), integer("1")}) == "2024-02-29");
  CHECK(apply("+", {date("2024-01-31"), interval("1 month")}) == "2024-02-29 00:00:00+00");
  CHECK(apply("-", {ts("2024-01-02"), date("2024-01-01")}) == "1 day");
  CHECK(apply("+", {date("2024-01-01"), integer("9223372036854775807")}) == "22008");
  CHECK(apply("+", {ts("2024-01-01"), ts("2024-01-01")}) == "42883");
}

TEST_CASE("time: intervals add, scale and compare by their length") {
  CHECK(apply("+", {interval("1 mon 1 day"), interval("2 mons -1 day 1 hour")}) == "3 mons 01:00:00");
  CHECK(apply("-", {interval("1 day"), interval("1 hour")}) == "1 day -01:00:00");
  CHECK(apply("-", {interval("1 mon 2 days 03:00")}) == "-1 mons -2 days -03:00:00");
  CHECK(apply("*", {interval("1 day 02:00"), integer("3")}) == "3 days 06:00:00");
  CHECK(apply("*", {number("1.5"), interval("1 month")}) == "1 mon 15 days");
  CHECK(apply("*", {interval("1 day"), number("0.5")}) == "12:00:00");
  CHECK(apply("/", {interval("1 day"), integer("4")}) == "06:00:00");
  CHECK(apply("/", {interval("1 year"), integer("5")}) == "2 mons 12 days");
  CHECK(apply("/", {interval("1 day"), integer("0")}) == "22012");
  CHECK(apply("*", {interval("1 day"), number("1e30")}) == "22008");
  CHECK(apply("=", {interval("1 mon"), interval("30 days")}) == "t");
  CHECK(apply(">", {interval("25 hours"), interval("1 day")}) == "t");
}

TEST_CASE("time: extract reads every field, weeks by ISO 8601") {
  const auto field = [](const char* name, const char* of) { return call("extract", {name, ts(of)}); };
  const char* instant = "2024-12-30 13:14:15.123456";  // A Monday of the first week of 2025.
  CHECK(field("year", instant) == "2024");
  CHECK(field("isoyear", instant) == "2025");
  CHECK(field("week", instant) == "1");
  CHECK(field("dow", instant) == "1");
  CHECK(field("isodow", "2024-12-29") == "7");
  CHECK(field("dow", "2024-12-29") == "0");
  CHECK(field("doy", instant) == "365");
  CHECK(field("quarter", instant) == "4");
  CHECK(field("MONTH", instant) == "12");
  CHECK(field("hour", instant) == "13");
  CHECK(field("minute", instant) == "14");
  CHECK(field("second", instant) == "15.123456");
  CHECK(field("milliseconds", instant) == "15123.456");
  CHECK(field("epoch", instant) == "1735564455.123456");
  CHECK(field("epoch", "1969-12-31 23:59:59.5") == "-0.5");
  CHECK(field("century", "2000-01-01") == "20");
  CHECK(field("century", "2001-01-01") == "21");
  CHECK(field("millennium", "2001-01-01") == "3");
  CHECK(field("decade", "1999-01-01") == "199");
  CHECK(field("julian", "2024-01-01 12:00") == "2460311.5");
  CHECK(field("week", "2021-01-03") == "53");
  CHECK(field("fortnight", instant) == "22023");
  CHECK(call("date_part", {"day", date("2024-02-29")}) == "29");
  CHECK(call("extract", {"epoch", interval("1 year 1 mon 1 day 00:00:01.5")}) == "34236001.5");
  CHECK(call("extract", {"hour", interval("50:30:00")}) == "50");
  CHECK(call("extract", {"dow", interval("1 day")}) == "0A000");
}

TEST_CASE("time: date_trunc goes back to where the unit began, before the epoch too") {
  const auto truncated = [](const char* unit, const char* of) { return call("date_trunc", {unit, ts(of)}); };
  CHECK(truncated("hour", "1969-12-31 23:30:00") == "1969-12-31 23:00:00+00");
  CHECK(truncated("day", "2024-02-29 13:00") == "2024-02-29 00:00:00+00");
  CHECK(truncated("week", "2024-12-29") == "2024-12-23 00:00:00+00");
  CHECK(truncated("month", "2024-02-29 13:00") == "2024-02-01 00:00:00+00");
  CHECK(truncated("quarter", "2024-12-29") == "2024-10-01 00:00:00+00");
  CHECK(truncated("century", "2000-06-01") == "1901-01-01 00:00:00+00");
  CHECK(truncated("milliseconds", "2024-01-01 00:00:00.123456789") == "2024-01-01 00:00:00.123+00");
  CHECK(truncated("century", "1699-06-01") == "22008");  // 1601 is before the first TIMESTAMP.
  CHECK(truncated("dow", "2024-01-01") == "0A000");
  CHECK(call("date_trunc", {"hour", interval("1 day 12:34:56")}) == "1 day 12:00:00");
  CHECK(call("date_trunc", {"year", interval("2 years 3 mons")}) == "2 years");
}

TEST_CASE("time: makers check their fields") {
  CHECK(call("make_date", {integer("2024"), integer("2"), integer("29")}) == "2024-02-29");
  CHECK(call("make_date", {integer("2023"), integer("2"), integer("29")}) == "22008");
  CHECK(call("make_date", {integer("-44"), integer("3"), integer("15")}) == "0044-03-15 BC");
  CHECK(call("make_timestamp", {integer("2024"), integer("1"), integer("2"), integer("3"), integer("4"),
                                number("5.25")}) == "2024-01-02 03:04:05.25+00");
  CHECK(call("make_interval", {integer("1"), integer("2"), integer("3"), integer("4"), integer("5"), integer("6"),
                               number("7.5")}) == "1 year 2 mons 25 days 05:06:07.5");
  CHECK(call("make_interval", {integer("0"), integer("0"), integer("0"), integer("10")}) == "10 days");
  CHECK(call("to_timestamp", {number("1704067200.5")}) == "2024-01-01 00:00:00.5+00");
  CHECK(call("to_timestamp", {integer("-1")}) == "1969-12-31 23:59:59+00");
  CHECK(call("to_timestamp", {number("1e300")}) == "22008");
  CHECK(call("epoch_ns", {ts("1970-01-01 00:00:01.000000007")}) == "1000000007");
  CHECK(call("from_epoch_ms", {integer("-1")}) == "1969-12-31 23:59:59.999+00");
  CHECK(call("from_epoch_us", {integer("9223372036854775807")}) == "22008");
}

TEST_CASE("time: age counts in years, months and days, borrowing the earlier month") {
  CHECK(call("age", {ts("2001-04-10"), ts("1957-06-13")}) == "43 years 9 mons 27 days");
  CHECK(call("age", {ts("2024-03-01"), ts("2024-01-31")}) == "1 mon 1 day");
  CHECK(call("age", {ts("2024-01-31"), ts("2024-03-01")}) == "-1 mons -1 days");
  CHECK(call("justify_hours", {interval("27:00:00")}) == "1 day 03:00:00");
  CHECK(call("justify_days", {interval("35 days")}) == "1 mon 5 days");
  CHECK(call("justify_interval", {interval("1 mon -1 hour")}) == "29 days 23:00:00");
}

// Expected values follow TimescaleDB's documentation: origin Monday 2000-01-03, months from 2000-01-01.
TEST_CASE("time: buckets begin at multiples of their width from the origin, on and across boundaries") {
  CHECK(call("time_bucket", {interval("5 minutes"), ts("2024-01-01 12:07:30")}) == "2024-01-01 12:05:00+00");
  CHECK(call("time_bucket", {interval("5 minutes"), ts("2024-01-01 12:05:00")}) == "2024-01-01 12:05:00+00");
  CHECK(call("time_bucket", {interval("5 minutes"), ts("2024-01-01 12:04:59.999999999")}) == "2024-01-01 12:00:00+00");
  CHECK(call("time_bucket", {"1 week", ts("2024-01-03")}) == "2024-01-01 00:00:00+00");
  CHECK(call("time_bucket", {interval("1 day"), ts("1969-12-31 12:00")}) == "1969-12-31 00:00:00+00");
  CHECK(call("time_bucket", {interval("3 months"), ts("2024-06-15")}) == "2024-04-01 00:00:00+00");
  CHECK(call("time_bucket", {interval("1 hour"), ts("2024-01-01 12:20"), ts("2024-01-01 00:15")}) ==
        "2024-01-01 12:15:00+00");
  CHECK(call("time_bucket", {interval("1 week"), date("2024-01-03")}) == "2024-01-01");
  CHECK(call("time_bucket", {interval("0 s"), ts("2024-01-01")}) == "22023");
  CHECK(call("time_bucket", {interval("1 mon 1 day"), ts("2024-01-01")}) == "22023");
  CHECK(call("time_bucket", {integer("10"), integer("-1")}) == "-10");
  CHECK(call("time_bucket", {integer("10"), integer("25"), integer("3")}) == "23");
  CHECK(call("time_bucket", {integer("0"), integer("25")}) == "22023");
  CHECK(call("date_bin", {interval("15 min"), ts("2020-02-11 15:44:17"), ts("2001-01-01")}) ==
        "2020-02-11 15:30:00+00");
  CHECK(call("date_bin", {interval("1 mon"), ts("2020-02-11"), ts("2001-01-01")}) == "0A000");
}

}  // namespace
}  // namespace mneme::query
