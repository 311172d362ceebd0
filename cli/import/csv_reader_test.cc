// CSV: what a record is, what its values become, and where errors are said to be.
#include "import/csv_reader.h"

#include <doctest/doctest.h>

#include <cstdlib>

#include "import/csv_parser.h"
#include "import/read_test.h"
#include "import/scalar_text.h"

namespace {
using namespace mneme;
using namespace mneme::cli;

struct Read : MemoryRead<ImportSummary> {
  explicit Read(const std::string& bytes)
      : MemoryRead(bytes, [](Input& input, TableSink& into) { return read_csv(input, {.table = "t"}, into); }) {}
};

std::string type_of(const std::string& values) {
  const Read read("v\n" + values);
  REQUIRE_MESSAGE(read.summary, read.error());
  return read.columns().substr(2);
}
}  // namespace

TEST_CASE("csv: the header names the columns and their values give the types") {
  const Read read(
      "Name,t,count,Share (%),ok,born,when\n"
      "a,x,1,0.5,true,2020-02-29,2020-02-29 12:00:00\n"
      "b,,-2,3,FALSE,1970-01-02,1970-01-01T00:00:00.000000001Z\n");
  REQUIRE_MESSAGE(read.summary, read.error());
  CHECK(read.columns() == "name TEXT, t TEXT, count INT, share_ FLOAT, ok BOOL, born DATE, when TIMESTAMP");
  CHECK(read.rows() ==
        Rows{{"a", "x", "1", "0.5", "t", "18321", "1582977600000000000"}, {"b", "NULL", "-2", "3", "f", "1", "1"}});
  CHECK(read.summary->rows == 2);
}

TEST_CASE("csv: a quoted field holds delimiters, line ends and doubled quotes") {
  const Read read("a,b\r\n\"x,\"\"y\"\"\",\"two\r\nlines\"\r\n\"\",\"q\"");
  REQUIRE_MESSAGE(read.summary, read.error());
  CHECK(read.rows() == Rows{{"x,\"y\"", "two\r\nlines"}, {"", "q"}});
}

TEST_CASE("csv: LF, CRLF and CR end a line; empty lines are no records; the last line needs no end") {
  for (const std::string end : {"\n", "\r\n", "\r"}) {
    const Read read("a,b" + end + end + "1,2" + end + "3,4");
    REQUIRE_MESSAGE(read.summary, read.error());
    CHECK(read.rows() == Rows{{"1", "2"}, {"3", "4"}});
  }
  CHECK(Read("a\n1\n").rows() == Rows{{"1"}});
  CHECK(Read("a,b\n1,\n").rows() == Rows{{"1", "NULL"}});
  CHECK(Read("a,b\n1,").rows() == Rows{{"1", "NULL"}});
}

TEST_CASE("csv: of one column an empty line is a NULL, as --mode csv writes it") {
  for (const std::string end : {"\n", "\r\n", "\r"}) {
    CHECK(Read(end + "a" + end + "1" + end + end + "3" + end + end).rows() == Rows{{"1"}, {"NULL"}, {"3"}, {"NULL"}});
  }
}

TEST_CASE("csv: an empty field is NULL, a quoted empty one is empty text in a TEXT column only") {
  const Read read("a,b\n,\n\"\",\"\"\nx,1\n");
  CHECK(read.columns() == "a TEXT, b INT");
  CHECK(read.rows() == Rows{{"NULL", "NULL"}, {"", "NULL"}, {"x", "1"}});
}

TEST_CASE("csv: a column's type is the narrowest that loses nothing, whichever row decides it") {
  CHECK(type_of("1\n2\n") == "INT");
  CHECK(type_of("9223372036854775807\n") == "INT");
  CHECK(type_of("1\n2.5\n") == "FLOAT");
  CHECK(type_of("1e3\n-inf\nnan\n") == "FLOAT");
  CHECK(type_of("1e308\n") == "FLOAT");
  CHECK(type_of("1e309\n") == "TEXT");
  CHECK(type_of("1\n2.5\nx\n") == "TEXT");
  CHECK(type_of("007\n") == "TEXT");
  CHECK(type_of("0\n0.5\n-0.5\n+3.5\n") == "FLOAT");
  CHECK(type_of("true\nFalse\n") == "BOOL");
  CHECK(type_of("true\n1\n") == "TEXT");
  CHECK(type_of("2020-01-01\n") == "DATE");
  CHECK(type_of("2020-01-01\n2020-01-01 10:00\n") == "TIMESTAMP");
  CHECK(type_of("2020-02-30\n") == "TEXT");
  CHECK(type_of("2020-01-01\n5\n") == "TEXT");
  CHECK(type_of("\n") == "TEXT");
  CHECK(type_of("1\n" + std::string(3'000, '\n') + "x\n") == "TEXT");
}

TEST_CASE("csv: a whole number that its column's type would change stays text") {
  const Read read("id\n18446744073709551615\n1\n");
  CHECK(read.columns() == "id TEXT");
  CHECK(read.rows() == Rows{{"18446744073709551615"}, {"1"}});
  CHECK(type_of("9223372036854775808\n1.5\n") == "TEXT");
  CHECK(type_of("-9223372036854775808\n9007199254740993\n") == "INT");
  CHECK(type_of("9007199254740991\n-9007199254740991\n0.5\n") == "FLOAT");
  CHECK(type_of("9007199254740993\n0.5\n") == "TEXT");  // A double has no odd number beyond 2^53: it were ...992.
  CHECK(type_of("0.5\n-9007199254740993\n") == "TEXT");
  CHECK(type_of("+41791234567\n+41791234568\n") == "TEXT");
  CHECK(type_of("0.5\n+41791234567\n") == "TEXT");
  CHECK(type_of("1e-400\n") == "TEXT");  // A double has nothing but 0 for it.
  CHECK(type_of("0e-400\n") == "FLOAT");
}

TEST_CASE("csv: a first line of numbers that no type holds is data nevertheless") {
  CHECK(Read("18446744073709551615,+41791234567,007\n").columns() == "column_1 TEXT, column_2 TEXT, column_3 TEXT");
}

TEST_CASE("csv: times are UTC unless they say otherwise") {
  constexpr std::int64_t kHourNs = 3'600'000'000'000;
  CHECK(parse_timestamp("1970-01-01T01:00Z") == kHourNs);
  CHECK(parse_timestamp("1970-01-01 01:00:00+01:00") == 0);
  CHECK(parse_timestamp("1970-01-01 01:00:00-0130") == kHourNs * 5 / 2);
  CHECK(parse_timestamp("1969-12-31 23:00+00") == -kHourNs);
  CHECK(parse_timestamp(" 1970-01-01 00:00:00.5 ") == 500'000'000);
  for (const char* wrong :
       {"1970-01-01 24:00", "1970-01-01 00:60", "1970-1-1", "1970-01-01X00:00", "1970-01-01 00", "1970-01-01 00:00:00.",
        "1970-01-01 00:00:00.1234567891", "1970-01-01 00:00 CET", "", "3000-01-01"}) {
    CHECK_MESSAGE(!parse_timestamp(wrong), wrong);
  }
}

TEST_CASE("csv: a first line of nothing but values is data, and columns are numbered") {
  const Read read("1,2020-01-01\n2,2020-01-02\n");
  CHECK(read.columns() == "column_1 INT, column_2 DATE");
  CHECK(read.rows().size() == 2);
}

TEST_CASE("csv: names that repeat, are empty or begin with a digit become usable and different") {
  CHECK(Read("a,A,,2nd\n1,2,3,4\n").columns() == "a INT, a_ INT, column_3 INT, _2nd INT");
}

TEST_CASE("csv: the delimiter is the one the first line uses; a byte order mark is passed over") {
  CHECK(Read("\xef\xbb\xbf"
             "a;b;c,d\n1;2;3\n")
            .columns() == "a INT, b INT, c_d INT");
  CHECK(Read("a\tb\n1\t2\n").rows() == Rows{{"1", "2"}});
  CHECK(Read("\"a,b;,\"|b\n1|2\n").rows() == Rows{{"1", "2"}});
}

TEST_CASE("csv: errors name line and column") {
  CHECK(Read("a,b\n1,2\n1,2,3\n").error() == "line 3, column 1: 3 fields, where the first line has 2");
  CHECK(Read("a,b\n\"x\ny\",2\n1\n").error() == "line 4, column 1: 1 fields, where the first line has 2");
  CHECK(Read("a,b\n1,\"x\n\n").error() == "line 2, column 3: this quote is never closed");
  CHECK(Read("a,b\n1,\"x\"y\n").error() == "line 2, column 6: text behind a closing quote");
  CHECK(Read("a\r\n1\r\n\"x\"y").error() == "line 3, column 4: text behind a closing quote");
  CHECK(Read("a\n1\n\xff\n").error() == "line 3, column 1: the record is not UTF-8 text");
  CHECK(Read("a,b\n\xd6,\x8e\n").error() == "line 2, column 1: the record is not UTF-8 text");  // As one text it were.
  CHECK(Read(std::string("a\n1\nx\0y\n", 8)).error() == "line 3, column 1: a byte 0; this is no text");
  CHECK(Read("\xff\xfe"
             "a\n")
            .error() == "line 1, column 1: the record is not UTF-8 text");  // UTF-16.
  CHECK(Read("").error() == "line 1, column 1: the file holds no record");
  CHECK(Read("a\n\"" + std::string(CsvParser::kRecordBytesMax + 1, 'x') + "\"\n").error().find("more than 16 MiB") !=
        std::string::npos);
  CHECK(Read(std::string(1'000, ',') + "\n").error().find("more than 900 fields") != std::string::npos);
}

TEST_CASE("csv: nothing is delivered of a file with a broken record") {
  CHECK(Read("a,b\n1,2\n3\n").sink.tables().empty());
}

TEST_CASE("csv: records across the window's borders are read as in a small file") {
  std::string file = "n,text\n";
  Rows want;
  for (int i = 0; file.size() < 3 * Window::kBytes; ++i) {
    const std::string text(static_cast<std::size_t>(i * 37 % 900), static_cast<char>('a' + i % 26));
    file += std::to_string(i) + ",\"" + text + "\"\"\r\n\"\r\n";
    want.push_back({std::to_string(i), text + "\"\r\n"});
  }
  const Read read(file);
  REQUIRE_MESSAGE(read.summary, read.error());
  CHECK(read.rows() == want);
}
