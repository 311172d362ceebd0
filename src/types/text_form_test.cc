#include "types/text_form.h"

#include <doctest/doctest.h>

#include <cmath>

#include "mneme/value.h"
#include "types/calendar.h"
#include "types/decimal.h"
#include "types/half.h"
#include "types/sql_type.h"
#include "types/value_column.h"

namespace mneme {
namespace {

Type type(std::string_view name, std::vector<std::string> arguments = {}) {
  const auto found = type_from_sql(name, arguments);
  REQUIRE(found.has_value());
  return *found;
}

// What `text` reads as and prints again, or the SQLSTATE.
std::string through(const Type& t, std::string_view text) {
  const auto value = Value::from_text(t, text);
  return value ? value->to_text() : std::string(value.error().sqlstate());
}
std::string through(std::string_view name, std::string_view text) { return through(type(name), text); }

struct Case {
  std::string_view text;
  std::string_view printed;  // By PostgreSQL 15, or its SQLSTATE.
};
void check_all(const Type& t, std::initializer_list<Case> cases) {
  for (const Case& c : cases) {
    INFO(type_name(t) << " '" << c.text << "'");
    CHECK(through(t, c.text) == c.printed);
  }
}

TEST_CASE("text: BOOL takes the beginnings of its words that say which") {
  check_all(type("bool"), {{"t", "t"},
                           {" TRUE ", "t"},
                           {"tr", "t"},
                           {"yes", "t"},
                           {"on", "t"},
                           {"1", "t"},
                           {"f", "f"},
                           {"no", "f"},
                           {"of", "f"},
                           {"0", "f"},
                           {"o", "22P02"},
                           {"", "22P02"},
                           {"truee", "22P02"},
                           {"2", "22P02"}});
}

TEST_CASE("text: INT reads its extremes and refuses what is beyond them") {
  check_all(type("bigint"), {{"9223372036854775807", "9223372036854775807"},
                             {"-9223372036854775808", "-9223372036854775808"},
                             {" +42\n", "42"},
                             {"-0", "0"},
                             {"9223372036854775808", "22003"},
                             {"1.5", "22P02"},
                             {"", "22P02"},
                             {"+-1", "22P02"},
                             {"1 2", "22P02"},
                             {"0x10", "22P02"}});
}

TEST_CASE("text: FLOAT and REAL print the shortest digits in PostgreSQL's form") {
  check_all(type("float8"), {{"0.1", "0.1"},
                             {"1e15", "1e+15"},
                             {"123456789012345", "123456789012345"},
                             {"0.0001", "0.0001"},
                             {"0.00001", "1e-05"},
                             {"-0", "-0"},
                             {"+1.50", "1.5"},
                             {"1e300", "1e+300"},
                             {"NaN", "NaN"},
                             {"-infinity", "-Infinity"},
                             {"inf", "Infinity"},
                             {"1e400", "22003"},
                             {"1e-400", "22003"},
                             {"0e-400", "0"},
                             {"x", "22P02"},
                             {"1x", "22P02"},
                             {"", "22P02"},
                             {"+-1", "22P02"},
                             {"4.9e-324", "5e-324"}});
  check_all(type("real"),
            {{"0.1", "0.1"}, {"1e6", "1e+06"}, {"999999", "999999"}, {"1e39", "22003"}, {"1e-50", "22003"}});
}

TEST_CASE("text: every double reads back from its text as the same bits") {
  std::uint64_t bits = 0x9e3779b97f4a7c15;
  for (int i = 0; i < 2'000; ++i) {
    bits = bits * 6364136223846793005U + 1442695040888963407U;
    const auto value = std::bit_cast<double>(bits);
    if (std::isnan(value)) continue;
    const auto read = Value::from_text({.kind = TypeKind::floating}, Value(value).to_text());
    REQUIRE(read.has_value());
    CHECK(std::bit_cast<std::uint64_t>(read->as_double()) == bits);
  }
}

TEST_CASE("text: TIMESTAMP takes ISO forms with zones, keeps nanoseconds and prints in UTC") {
  check_all(type("timestamptz"), {{"2024-01-01", "2024-01-01 00:00:00+00"},
                                  {"2024-01-01T12:34:56.789Z", "2024-01-01 12:34:56.789+00"},
                                  {"2024-01-01 12:34:56.123456789", "2024-01-01 12:34:56.123456789+00"},
                                  {"2024-01-01 12:34:56.9999999999", "2024-01-01 12:34:57+00"},
                                  {"2024-01-01 12:00:00+02", "2024-01-01 10:00:00+00"},
                                  {"2024-01-01 12:00:00 -02:30", "2024-01-01 14:30:00+00"},
                                  {"2024-01-01 12:00 UTC", "2024-01-01 12:00:00+00"},
                                  {"20240101T123456+0530", "2024-01-01 07:04:56+00"},
                                  {"2024-2-3 4:05", "2024-02-03 04:05:00+00"},
                                  {"2024-02-29 24:00:00", "2024-03-01 00:00:00+00"},
                                  {"2016-12-31 23:59:60", "2017-01-01 00:00:00+00"},
                                  {"epoch", "1970-01-01 00:00:00+00"},
                                  {"1969-12-31 23:59:59.999999999", "1969-12-31 23:59:59.999999999+00"},
                                  {"2024-02-30", "22008"},
                                  {"2023-02-29", "22008"},
                                  {"2024-13-01", "22008"},
                                  {"2024-01-01 25:00", "22008"},
                                  {"2024-01-01 12:60", "22008"},
                                  {"2263-01-01", "22008"},
                                  {"infinity", "22008"},
                                  {"now", "22007"},
                                  {"x", "22007"},
                                  {"", "22007"},
                                  {"2024-01-01 12:00 nowhere", "22007"},
                                  {"2024-01-01 12:00+99", "22009"},
                                  {"2024-01-01x", "22007"}});
  CHECK(through("timestamp", "2262-04-11 23:47:16.854775807") == "2262-04-11 23:47:16.854775807+00");
  CHECK(through("timestamp", "2262-04-11 23:47:16.854775808") == "22008");
  CHECK(through("timestamp", "1677-09-21 00:12:43.145224192") == "1677-09-21 00:12:43.145224192+00");
  CHECK(through("timestamp", "1677-09-21 00:12:43.145224191") == "22008");
}

TEST_CASE("text: DATE counts days, before the common era too") {
  check_all(type("date"), {{"2024-02-29", "2024-02-29"},
                           {"20240229", "2024-02-29"},
                           {"0044-03-15 BC", "0044-03-15 BC"},
                           {"0001-01-01", "0001-01-01"},
                           {"10000-01-01", "10000-01-01"},
                           {"2024-01-31 23:59", "2024-01-31"},
                           {"epoch", "1970-01-01"},
                           {"2023-02-29", "22008"},
                           {"24-01-01", "22008"},
                           {"today", "22007"}});
  CHECK(Value::from_text(type("date"), "1970-01-01")->as_date_days() == 0);
  CHECK(Value::from_text(type("date"), "2000-03-01")->as_date_days() == 11'017);
}

TEST_CASE("calendar: days and dates are inverse over four centuries and at the ends of DATE") {
  for (std::int64_t day = -150'000; day < 150'000; day += 7) CHECK(days_of(civil_of(day)) == day);
  for (const std::int64_t day : {std::int64_t{INT32_MIN}, std::int64_t{INT32_MAX}})
    CHECK(days_of(civil_of(day)) == day);
  CHECK(day_of_week(0) == 4);  // 1970-01-01 was a Thursday.
}

TEST_CASE("text: INTERVAL reads words, clocks and ISO 8601, and prints as PostgreSQL does") {
  check_all(type("interval"), {{"1 year 2 mons 3 days 04:05:06.789", "1 year 2 mons 3 days 04:05:06.789"},
                               {"3 seconds", "00:00:03"},
                               {"50 ms", "00:00:00.05"},
                               {"50ms", "00:00:00.05"},
                               {"7 ns", "00:00:00.000000007"},
                               {"1.5 days", "1 day 12:00:00"},
                               {"1.5 months", "1 mon 15 days"},
                               {"1.5 years", "1 year 6 mons"},
                               {"2 weeks", "14 days"},
                               {"-1 day", "-1 days"},
                               {"-1 day +02:03:00", "-1 days +02:03:00"},
                               {"1 day ago", "-1 days"},
                               {"1 12:59:10", "1 day 12:59:10"},
                               {"1-2", "1 year 2 mons"},
                               {"90 minutes", "01:30:00"},
                               {"100:00:00", "100:00:00"},
                               {"P1Y2M3DT4H5M6S", "1 year 2 mons 3 days 04:05:06"},
                               {"PT0.5S", "00:00:00.5"},
                               {"5", "00:00:05"},
                               {"0", "00:00:00"},
                               {"-00:00:01", "-00:00:01"},
                               {"1 day -00:00:01", "1 day -00:00:01"},
                               {"1 blah", "22007"},
                               {"", "22007"},
                               {"P", "22007"},
                               {"P1DT", "22007"},
                               {"ago", "22007"},
                               {"1 day 2", "1 day 00:00:02"},
                               {"200000000 years", "22015"}});
}

TEST_CASE("text: DECIMAL rounds half away from zero to its scale and refuses what does not fit") {
  check_all(type("decimal", {"5", "2"}), {{"1.005", "1.01"},
                                          {"-1.005", "-1.01"},
                                          {"1.004", "1.00"},
                                          {"999.99", "999.99"},
                                          {"999.995", "22003"},
                                          {"1e2", "100.00"},
                                          {"1e3", "22003"},
                                          {".5", "0.50"},
                                          {"5.", "5.00"},
                                          {"-0.001", "0.00"},
                                          {"1e-99999", "0.00"},
                                          {"NaN", "22P02"},
                                          {"", "22P02"},
                                          {".", "22P02"},
                                          {"1e", "22P02"}});
  check_all(type("numeric", {"18"}), {{"999999999999999999", "999999999999999999"}, {"1e18", "22003"}});
  check_all(type("numeric", {"18", "18"}), {{"-0.000000000000000001", "-0.000000000000000001"}});
}

TEST_CASE("text: UUID takes either case, braces and hyphens after any group of four") {
  const std::string printed = "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11";
  for (const std::string_view text : {"A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11", "{a0eebc99-9c0b4ef8-bb6d6bb9-bd380a11}",
                                      "a0eebc999c0b4ef8bb6d6bb9bd380a11", "a0ee-bc99-9c0b-4ef8-bb6d-6bb9-bd38-0a11"}) {
    CHECK(through("uuid", text) == printed);
  }
  check_all(type("uuid"), {{"a0eebc99", "22P02"}, {"a0eebc999c0b4ef8bb6d6bb9bd380a11-", "22P02"}, {"{}", "22P02"}});
}

TEST_CASE("text: BLOB is hexadecimal, with PostgreSQL's escapes read too") {
  check_all(type("bytea"), {{"\\xDEADbeef", "\\xdeadbeef"},
                            {"\\x", "\\x"},
                            {"\\xde ad", "\\xdead"},
                            {"a\\\\b", "\\x615c62"},
                            {"\\001", "\\x01"},
                            {"", "\\x"},
                            {"\\xd", "22023"},
                            {"\\xzz", "22023"},
                            {"\\9", "22P02"}});
}

TEST_CASE("text: TEXT must be UTF-8 without a zero byte") {
  check_all(type("text"), {{"na\xC3\xAFve \xF0\x9F\x98\x80", "na\xC3\xAFve \xF0\x9F\x98\x80"},
                           {"\xff", "22021"},
                           {"\xc0\x80", "22021"},
                           {"\xed\xa0\x80", "22021"},
                           {"\xf4\x90\x80\x80", "22021"},
                           {"\xe2\x82", "22021"}});
  CHECK(through("text", std::string_view("a\0b", 3)) == "22021");
}

TEST_CASE("text: vectors keep their element type and refuse another dimension") {
  check_all(type("vector", {"3"}), {{"[1,2,3]", "[1,2,3]"},
                                    {" [ 1 , -2.5 , 1e-3 ] ", "[1,-2.5,0.001]"},
                                    {"[1,2]", "22000"},
                                    {"[1,NaN,3]", "22000"},
                                    {"[1,,3]", "22P02"},
                                    {"1,2,3", "22P02"},
                                    {"[]", "22P02"},
                                    {"[1,2,1e39]", "22003"}});
  check_all(type("vector", {"2", "i8"}), {{"[-128,127]", "[-128,127]"}, {"[128,0]", "22003"}, {"[0.5,0]", "22003"}});
  check_all(type("vector", {"2", "u8"}), {{"[0,255]", "[0,255]"}, {"[-1,0]", "22003"}});
  check_all(type("vector", {"2", "f16"}), {{"[0.5,65504]", "[0.5,65504]"}, {"[70000,0]", "22003"}});
  check_all(
      type("vector", {"10", "bit"}),
      {{"[1,0,1,1,0,0,0,0,0,1]", "[1,0,1,1,0,0,0,0,0,1]"}, {"1011000001", "[1,0,1,1,0,0,0,0,0,1]"}, {"101", "22000"}});
  CHECK(Value::from_text(type("vector"), "[1,2,3,4]")->type().dimension == 4);
}

TEST_CASE("half: every one of the 65,536 halves reads back from its float") {
  for (std::uint32_t bits = 0; bits < 65'536; ++bits) {
    const auto half = static_cast<std::uint16_t>(bits);
    const float value = float_of_half(half);
    if (!std::isnan(value)) REQUIRE(half_of_float(value) == half);
  }
  CHECK(half_of_float(1.0F + 0x1p-11F) == half_of_float(1.0F));  // A tie goes to the even one.
  CHECK(half_of_float(65'519.0F) == 0x7bff);
}

TEST_CASE("text: points are on Earth, and POINT3 is finite") {
  check_all(type("point"), {{"POINT(13.4 52.5)", "POINT(13.4 52.5)"},
                            {"(13.4,52.5)", "POINT(13.4 52.5)"},
                            {"13.4 , 52.5", "POINT(13.4 52.5)"},
                            {"point ( -180 90 )", "POINT(-180 90)"},
                            {"POINT(181 0)", "22003"},
                            {"POINT(0 91)", "22003"},
                            {"POINT(NaN 0)", "22003"},
                            {"POINT(1)", "22P02"},
                            {"POINT(1 2 3)", "22P02"},
                            {"POINT(1 2", "22P02"},
                            {"", "22P02"}});
  check_all(type("point3"), {{"POINT Z (1 2 3)", "POINT(1 2 3)"},
                             {"(1,2,3)", "POINT(1 2 3)"},
                             {"POINT(1 2)", "22P02"},
                             {"POINT(inf 0 0)", "22003"}});
}

TEST_CASE("text: a long text in a message is cut between characters") {
  std::string text(79, 'x');
  for (int i = 0; i < 40; ++i) text += "\xC3\xA4";
  const auto read = Value::from_text(type("int"), text);
  REQUIRE_FALSE(read.has_value());
  CHECK(read.error().message() == "invalid input syntax for type integer: \"" + text.substr(0, 79) + "...\"");
}

TEST_CASE("types: SQL's names and aliases, and PostgreSQL's errors for the rest") {
  for (const auto& [name, printed] : {std::pair<std::string_view, std::string_view>{"INT8", "INT"},
                                      {"serial", "INT"},
                                      {"Double Precision", "FLOAT"},
                                      {"float4", "REAL"},
                                      {"character varying", "TEXT"},
                                      {"bytea", "BLOB"},
                                      {"timestamp without time zone", "TIMESTAMP"},
                                      {"jsonb", "JSON"},
                                      {"numeric", "DECIMAL(18, 6)"},
                                      {"uuid", "UUID"},
                                      {"interval", "INTERVAL"}}) {
    CHECK(type_name(type(name)) == printed);
  }
  CHECK(type_name(type("decimal", {"10", "2"})) == "DECIMAL(10, 2)");
  CHECK(type_name(type("vector", {"128", "i8"})) == "VECTOR(128, i8)");
  CHECK(type_name(type("float", {"24"})) == "REAL");
  CHECK(type_name(type("varchar", {"20"})) == "TEXT");
  const auto refused = [](std::string_view name, std::vector<std::string> arguments) {
    const auto found = type_from_sql(name, arguments);
    return found ? type_name(*found) : std::string(found.error().sqlstate());
  };
  CHECK(refused("money", {}) == "42704");
  CHECK(refused("int", {"3"}) == "22023");
  CHECK(refused("decimal", {"19"}) == "22023");
  CHECK(refused("decimal", {"5", "6"}) == "22023");
  CHECK(refused("vector", {"0"}) == "22023");
  CHECK(refused("vector", {"16001"}) == "22023");
  CHECK(refused("vector", {"3", "f64"}) == "22023");
}

TEST_CASE("values: what goes into a column comes out of it, NULL with the column's type") {
  for (const auto& [t, text] : {std::pair<Type, std::string_view>{type("text"), "a"},
                                {type("interval"), "1 day 00:00:01"},
                                {type("vector", {"2"}), "[1,2]"},
                                {type("bool"), "t"}}) {
    Column column(t);
    append_value(column, *Value::from_text(t, text));
    append_value(column, Value());
    CHECK(value_at(column, 0).to_text() == text);
    CHECK(value_at(column, 1) == Value::null(t));
  }
}

}  // namespace
}  // namespace mneme
