// The reader of .test files: a reader that skipped a record, or took every answer for right, would make all tests
// green.
#include "sql/test_file.h"

#include <doctest/doctest.h>

#include <utility>

namespace mneme::sqltest {
namespace {

using Kind = Record::Kind;

Record only(std::string_view text) {
  auto records = parse_test_file(text);
  REQUIRE(records);
  REQUIRE(records->size() == 1);
  return (*records)[0];
}

Record query_of(std::string_view head, std::vector<std::string> rows) {
  Record record = only(std::string(head) + "\nSELECT 1");
  record.rows = std::move(rows);
  return record;
}

TEST_CASE("test files: every directive becomes a record with its line, and comments and skips do not") {
  const auto records = parse_test_file(
      "# a comment\n\nstatement ok\nCREATE TABLE t\n(a INT)\n\nskip postgres ours: no such thing\nstatement count 2\n"
      "INSERT\n\nstatement error 23505 t_pkey is taken\nINSERT\n\nflush\n\nreopen\n\nconnection b\n\n"
      "query IR rowsort\nSELECT\n----\n1 | 2\n3 | NULL\n\nquery\nSELECT 2\n----");
  REQUIRE(records);
  const auto& r = *records;
  REQUIRE(r.size() == 8);
  CHECK(r[0].kind == Kind::statement_ok);
  CHECK(r[0].line == 3);
  CHECK(r[0].sql == "CREATE TABLE t\n(a INT)");
  CHECK(r[1].kind == Kind::statement_count);
  CHECK(r[1].count == 2);
  CHECK(r[1].line == 8);
  CHECK(r[2].sqlstate == "23505");
  CHECK(r[2].message == "t_pkey is taken");
  CHECK(r[3].kind == Kind::flush);
  CHECK(r[4].kind == Kind::reopen);
  CHECK(r[5].connection == "b");
  CHECK(r[6].types == "IR");
  CHECK(r[6].row_sort);
  CHECK(r[6].rows == std::vector<std::string>{"1 | 2", "3 | NULL"});
  CHECK(r[7].rows.empty());
}

TEST_CASE("test files: an error's SQLSTATE and message may each be left out") {
  CHECK(only("statement error\nx").sqlstate.empty());
  CHECK(only("statement error\nx").message.empty());
  CHECK(only("statement error 42P01\nx").sqlstate == "42P01");
  CHECK(only("statement error 42P01\nx").message.empty());
  CHECK(only("statement error no such table\nx").sqlstate.empty());
  CHECK(only("statement error no such table\nx").message == "no such table");
  CHECK(only("statement error WRONG\nx").message == "WRONG");  // A word without a digit is no SQLSTATE.
}

TEST_CASE("test files: a directive that is not known is an error with its line") {
  for (const char* text :
       {"\nstatment ok\nx", "\nstatement maybe\nx", "\nstatement count many\nx", "\nconnection", "\n-"}) {
    const auto records = parse_test_file(text);
    REQUIRE(!records);
    CHECK(records.error().message().find("line 2") != std::string::npos);
  }
}

TEST_CASE("test files: rows are the same only if each value is, in number and in order") {
  CHECK(difference(query_of("query", {"1 | a", "2 | b"}), {"1 | a", "2 | b"}).empty());
  CHECK(!difference(query_of("query", {"1 | a", "2 | b"}), {"2 | b", "1 | a"}).empty());
  CHECK(difference(query_of("query rowsort", {"1 | a", "2 | b"}), {"2 | b", "1 | a"}).empty());
  CHECK(!difference(query_of("query rowsort", {"1", "1"}), {"1", "2"}).empty());
  CHECK(!difference(query_of("query", {"1"}), {}).empty());
  CHECK(!difference(query_of("query", {}), {"1"}).empty());
  CHECK(!difference(query_of("query", {"1 | 2"}), {"1"}).empty());
  CHECK(!difference(query_of("query", {"1"}), {"1.0"}).empty());
}

TEST_CASE("test files: a column R compares numbers, and only to twelve digits") {
  CHECK(difference(query_of("query TR", {"a | 2.0000000000000000"}), {"a | 2"}).empty());
  CHECK(difference(query_of("query R", {"0.3333333333333333"}), {"0.33333333333333331"}).empty());
  CHECK(!difference(query_of("query R", {"0.3333333333"}), {"0.33333333333333331"}).empty());
  CHECK(!difference(query_of("query R", {"NULL"}), {"0"}).empty());
  CHECK(difference(query_of("query R", {"NULL"}), {"NULL"}).empty());
  CHECK(difference(query_of("query R", {"NaN"}), {"NaN"}).empty());
  CHECK(!difference(query_of("query R", {"NaN"}), {"1"}).empty());
}

TEST_CASE("test files: NULL, the empty text and a line break each have a look of their own") {
  CHECK(show_value("", true) == "NULL");
  CHECK(show_value("", false) == "(empty)");
  CHECK(show_value("a\nb", false) == "a\\nb");
  CHECK(show_value("a b", false) == "a b");
}

}  // namespace
}  // namespace mneme::sqltest
