// JSON lines: which kinds become which types, and where errors are said to be.
#include "import/jsonl_reader.h"

#include <doctest/doctest.h>

#include "import/json_record.h"
#include "import/line_reader.h"
#include "import/read_test.h"

namespace {
using namespace mneme;
using namespace mneme::cli;

struct Read : MemoryRead<ImportSummary> {
  explicit Read(const std::string& bytes)
      : MemoryRead(bytes, [](Input& input, TableSink& into) { return read_jsonl(input, "t", into); }) {}
};

bool has(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }
}  // namespace

TEST_CASE("jsonl: members become columns in order of first appearance, missing ones and null are NULL") {
  const Read read("{\"A\": 1, \"b\": true}\r\n\n{\"c\": \"x\\u00e9\\n\", \"A\": null}\n  \n{\"b\": false, \"A\": -2}");
  REQUIRE_MESSAGE(read.summary, read.error());
  CHECK(read.columns() == "a INT, b BOOL, c TEXT");
  CHECK(read.rows() == Rows{{"1", "t", "NULL"}, {"NULL", "NULL", "x\xc3\xa9\n"}, {"-2", "f", "NULL"}});
  CHECK(read.summary->rows == 3);
}

TEST_CASE("jsonl: integers with fractions are FLOAT, ISO strings times, other strings TEXT even if digits") {
  const Read read(
      "{\"n\":1,\"d\":\"2020-01-01\",\"t\":\"1970-01-01T00:00:01Z\",\"s\":\"12\",\"z\":null}\n"
      "{\"n\":0.1,\"d\":\"1970-01-02\",\"t\":\"1970-01-01\",\"s\":\"\"}\n");
  CHECK(read.columns() == "n FLOAT, d DATE, t TIMESTAMP, s TEXT, z TEXT");
  CHECK(read.rows() == Rows{{"1", "18262", "1000000000", "12", "NULL"}, {"0.1", "1", "0", "", "NULL"}});
}

TEST_CASE("jsonl: what is nested or mixed is JSON and keeps its text") {
  const Read read(
      "{\"a\": {\"x\": [1, {\"y\": \"]\"}]}, \"b\": 1.50, \"c\": [1,2]}\n"
      "{\"a\": [], \"b\": \"q\\\"\\\\\\n\", \"c\": [1,2,3]}\n"
      "{\"a\": 18446744073709551615, \"b\": false}\n");
  REQUIRE_MESSAGE(read.summary, read.error());
  CHECK(read.columns() == "a JSON, b JSON, c JSON");
  CHECK(read.rows() == Rows{{"{\"x\": [1, {\"y\": \"]\"}]}", "1.50", "[1,2]"},
                            {"[]", "\"q\\\"\\\\\\u000a\"", "[1,2,3]"},
                            {"18446744073709551615", "false", "NULL"}});
}

TEST_CASE("jsonl: whole numbers that a FLOAT beside fractions would change are JSON") {
  CHECK(Read("{\"n\":9007199254740991}\n{\"n\":0.5}\n").columns() == "n FLOAT");
  CHECK(Read("{\"n\":9007199254740993}\n{\"n\":1}\n").columns() == "n INT");
  const Read read("{\"n\":9007199254740993}\n{\"n\":0.5}\n");
  CHECK(read.columns() == "n JSON");
  CHECK(read.rows() == Rows{{"9007199254740993"}, {"0.5"}});
}

TEST_CASE("jsonl: arrays with a number beyond those that an f32 tells apart are JSON, not vectors") {
  const auto type = [](const std::string& last) {
    return Read("{\"v\":[0.123,2,3,4,5,6,7," + last + "]}\n").columns();
  };
  for (const char* held : {"16777216", "-16777216", "1e-3", "-0.1234567890123"}) {
    CHECK_MESSAGE(type(held) == "v VECTOR(8)", held);
  }
  for (const char* lost : {"16777217", "-16777217", "1700000001", "1700000001.5", "1e30"}) {
    CHECK_MESSAGE(type(lost) == "v JSON", lost);
  }
}

TEST_CASE("jsonl: arrays of the same eight or more numbers are vectors, any other array makes them JSON") {
  const std::string eight = "{\"v\":[1,2.5,3,4,5,6,7,-8]}\n";
  CHECK(Read(eight + "{\"v\":null}\n").columns() == "v VECTOR(8)");
  CHECK(Read(eight + "{\"v\":null}\n").rows() == Rows{{"[1,2.5,3,4,5,6,7,-8]"}, {"NULL"}});
  for (const char* other :
       {"[1,2,3,4,5,6,7,8,9]", "[1,2,3,4,5,6,7,\"8\"]", "[1,2,3,4,5,6,7,[8]]", "[1,2,3,4,5,6,7,null]",
        "[1,2,3,4,5,6,7,1e300]", "[1,2,3,4,5,6,7]", "{\"a\":[1,2,3,4,5,6,7,8]}", "5"}) {
    CHECK_MESSAGE(Read(eight + "{\"v\":" + other + "}\n").columns() == "v JSON", other);
  }
}

TEST_CASE("jsonl: of a name that comes twice the last value counts; names SQL cannot tell apart stay two columns") {
  const Read read("{\"a\":1,\"a\":2,\"A\":3}\n");
  CHECK(read.columns() == "a INT, a_ INT");
  CHECK(read.rows() == Rows{{"2", "3"}});
}

TEST_CASE("jsonl: errors name line and column, and nothing is delivered") {
  const Read broken("{\"a\":1}\n\n{\"a\":}\n");
  CHECK(has(broken.error(), "line 3, column 6: "));
  CHECK(broken.sink.tables().empty());
  CHECK(has(Read("[1]\n").error(), "line 1, column 1: an object was expected, not an array"));
  CHECK(has(Read("5\n").error(), "an object was expected"));
  CHECK(has(Read("{\"a\":1} x\n").error(), "line 1, column 9"));
  CHECK(has(Read("{\"a\":\"\xff\"}\n").error(), "line 1, column 7"));
  CHECK(has(Read("").error(), "holds no member"));
  CHECK(has(Read("{\"a\":\"\\u0000\"}\n").error(), "a string with U+0000"));
  CHECK(has(Read("{\"a\":1}\n{\"a\":\"x\\ude00y\"}\n").error(), "line 2, column "));
  CHECK(has(Read("{\"a\":\"\\ud800\"}\n").error(), "line 1, column"));
  CHECK(has(Read("{\"a\":" + std::string(100'000, '[') + "\n").error(), "nested deeper than 64"));
  CHECK(has(Read("{\"a\":\"" + std::string(LineReader::kLineBytesMax, 'x') + "\"}").error(), "longer than 16 MiB"));
}

TEST_CASE("jsonl: lines across the window's borders are read as in a small file") {
  std::string file;
  Rows want;
  for (int i = 0; file.size() < 3 * Window::kBytes; ++i) {
    const std::string text(static_cast<std::size_t>(i) * 1'001 % 70'000, static_cast<char>('a' + i % 26));
    file += "{\"n\":" + std::to_string(i) + ",\"s\":\"" + text + "\"}\n";
    want.push_back({std::to_string(i), text});
  }
  const Read read(file);
  REQUIRE_MESSAGE(read.summary, read.error());
  CHECK(read.rows() == want);
}
