#include "sql/parser.h"

#include <doctest/doctest.h>

#include <string>

#include "sql/print.h"

namespace mneme::sql {
namespace {

std::string repeated(std::string_view part, std::size_t times) {
  std::string out;
  for (std::size_t i = 0; i < times; ++i) out += part;
  return out;
}

// "message (line 1, column 2) hint", or "ok".
std::string outcome(std::string_view text) {
  const auto parsed = parse(text);
  if (parsed) return "ok";
  const Error& error = parsed.error();
  CHECK(error.code() == Code::invalid_argument);
  REQUIRE(error.position().has_value());
  return error.message() + " @" + std::to_string(error.position()->line) + ":" +
         std::to_string(error.position()->column) + " " + std::string(error.hint());
}
std::string sqlstate(std::string_view text) {
  const auto parsed = parse(text);
  return parsed ? "ok" : std::string(parsed.error().sqlstate());
}
bool starts(const std::string& text, std::string_view with) { return text.starts_with(with); }
bool holds(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

TEST_CASE("parser: a whole query of the robot's kind parses, and counts its parameters") {
  const auto parsed = parse(
      "SELECT f.ts, f.image, f.embedding <=> $1 AS distance, i.ax FROM camera f ASOF JOIN imu i ON f.ts >= i.ts "
      "WITHIN INTERVAL '1 second' WHERE f.ts > now() - INTERVAL '3 seconds' AND EXISTS (SELECT 1 FROM force t WHERE "
      "t.newtons > 2 AND t.ts BETWEEN f.ts - INTERVAL '50 ms' AND f.ts) AND ST_DWithin(f.place, $2, 3.0) "
      "ORDER BY distance LIMIT 5; SELECT $7; ; SELECT 1");
  REQUIRE(parsed.has_value());
  REQUIRE(parsed->size() == 3);
  CHECK((*parsed)[0].parameters == 2);
  CHECK((*parsed)[1].parameters == 7);
  CHECK((*parsed)[2].parameters == 0);
}

TEST_CASE("parser: an error names the token, what was expected, and its line and column in characters") {
  CHECK(starts(outcome("SELECT a\nFROM ;"), "unexpected \";\", expected a table @2:6"));
  CHECK(starts(outcome("SELECT 'äöü' +"), "unexpected end of the text, expected an expression @1:15"));
  CHECK(starts(outcome("SELEC 1"), "unexpected \"selec\", expected a statement"));
  CHECK(starts(outcome("SELECT 'a"), "a text '...' is not closed @1:8"));
  CHECK(starts(outcome("SELECT 12ab"), "letters follow a number"));
  CHECK(sqlstate("SELECT ,") == "42601");
}

TEST_CASE("parser: the common slips get a hint") {
  CHECK(holds(outcome("SELECT 1 == 2"), "= in SQL"));
  CHECK(holds(outcome("SELECT a, FROM t"), "comma too many"));
  CHECK(holds(outcome("INSERT INTO t VALUES (1 2)"), "comma or an operator may be missing"));
  CHECK(holds(outcome("CREATE TABLE t (a INT b INT)"), "comma or an operator may be missing"));
  CHECK(holds(outcome("SELECT order FROM t"), "reserved word"));
  CHECK(holds(outcome("SELECT INTERVAL(3) \"1 day\""), "single quotes"));
  CHECK(holds(outcome("SELECT [1, 2]"), "'[1, 2, 3]'"));
}

TEST_CASE("parser: what PostgreSQL has and we have not is unsupported, with its place and what to do instead") {
  for (const char* text :
       {"CREATE VIEW v AS SELECT 1", "CREATE TEMP TABLE t (a INT)", "COPY t FROM 'x'", "SELECT * FROM t FOR UPDATE",
        "SELECT ARRAY[1]", "MERGE INTO t USING s ON true", "SELECT a INTO b FROM t", "GRANT ALL ON t TO u",
        "CREATE INDEX CONCURRENTLY i ON t (a)", "SELECT a COLLATE \"de_DE\" FROM t", "PREPARE p AS SELECT 1"}) {
    const auto parsed = parse(text);
    REQUIRE(!parsed);
    CHECK_MESSAGE(parsed.error().code() == Code::unsupported, text);
    CHECK(parsed.error().sqlstate() == "0A000");
    CHECK(parsed.error().position().has_value());
    CHECK(!parsed.error().hint().empty());
  }
}

TEST_CASE("parser: such words are names where a name stands") {
  CHECK(outcome("SELECT type, view, temp, schema FROM sequence AS function WHERE copy = merge") == "ok");
}

TEST_CASE("parser: COLLATE \"C\" is the order there is, and goes without saying") {
  CHECK(outcome("SELECT a COLLATE \"C\" || b FROM t ORDER BY a COLLATE \"C\" DESC, b COLLATE \"POSIX\"") == "ok");
}

TEST_CASE("parser: texts on lines of their own are one; on one line they are two") {
  const auto parsed = parse("SELECT 'one '\n  'two '\n'three'");
  REQUIRE(parsed);
  CHECK(print((*parsed)[0]) == "SELECT 'one two three'");
  CHECK(sqlstate("SELECT 'one ' 'two'") == "42601");
}

TEST_CASE("parser: what does not chain in PostgreSQL asks for parentheses") {
  CHECK(holds(outcome("SELECT a < b < c"), "parentheses"));
  CHECK(holds(outcome("SELECT a LIKE b LIKE c"), "parentheses"));
  CHECK(outcome("SELECT (a < b) < c") == "ok");
}

TEST_CASE("parser: operators end where PostgreSQL ends them") {
  CHECK(outcome("SELECT a<-1, a*-1, a<->-1, a=-1") == "ok");
  CHECK(outcome("SELECT a--1") == "ok");  // A comment.
}

TEST_CASE("parser: 64 levels of nesting pass and 65 do not, whatever nests") {
  const std::pair<std::string_view, std::string_view> nests[] = {
      {"(", ")"}, {"(SELECT ", ")"}, {"CASE WHEN TRUE THEN ", " END"}, {"NOT ", ""}, {"- ", ""}, {"f(", ")"}};
  for (const auto& [open, close] : nests) {
    CAPTURE(open);
    const auto nested = [&](std::size_t levels) {
      return "SELECT " + repeated(open, levels) + "1" + repeated(close, levels);
    };
    CHECK(outcome(nested(63)) == "ok");
    CHECK(outcome(nested(64)) == "ok");
    CHECK(sqlstate(nested(65)) == "54001");
    CHECK(sqlstate(nested(100'000)) == "54001");
  }
  const auto from = [](std::size_t n) {
    return "SELECT * FROM " + repeated("(", n) + "a CROSS JOIN b" + repeated(")", n);
  };
  CHECK(outcome(from(64)) == "ok");
  CHECK(sqlstate(from(65)) == "54001");
}

TEST_CASE("parser: chains of AND, OR and commas are wide and not deep; other chains end at 1,000") {
  CHECK(outcome("SELECT a" + repeated(" AND a", 10'000)) == "ok");
  CHECK(outcome("SELECT a" + repeated(" OR a = 1", 10'000)) == "ok");
  CHECK(outcome("SELECT a IN (1" + repeated(", 1", 10'000) + ")") == "ok");
  CHECK(outcome("SELECT 1" + repeated(" + 1", 999)) == "ok");
  CHECK(sqlstate("SELECT 1" + repeated(" + 1", 1'000)) == "54001");
  CHECK(sqlstate("SELECT 1" + repeated(" UNION SELECT 1", 1'000)) == "54001");
  CHECK(sqlstate("SELECT * FROM a" + repeated(" CROSS JOIN a", 1'000)) == "54001");
  CHECK(sqlstate("SELECT 1" + repeated("::int", 1'000)) == "54001");
}

TEST_CASE("parser: a statement of 1,000,000 bytes passes, one more byte does not, and each statement counts alone") {
  const auto of_bytes = [](std::size_t bytes) { return "SELECT '" + std::string(bytes - 9, 'x') + "'"; };
  CHECK(outcome(of_bytes(999'999)) == "ok");
  CHECK(outcome(of_bytes(1'000'000)) == "ok");
  CHECK(sqlstate(of_bytes(1'000'001)) == "54000");
  CHECK(outcome(of_bytes(900'000) + ";" + of_bytes(900'000)) == "ok");
}

TEST_CASE("parser: parameters run from $1 to $32766") {
  CHECK(outcome("SELECT $32765") == "ok");
  CHECK(outcome("SELECT $32766") == "ok");
  for (const auto* text : {"SELECT $32767", "SELECT $0", "SELECT $99999999999999999999"})
    CHECK(sqlstate(text) == "42P02");
}

TEST_CASE("parser: invalid UTF-8 and zero bytes are errors, wherever they stand") {
  for (const std::string_view bad : {"SELECT '\xff'", "SELECT 1 -- \xc3", "\xed\xa0\x80", "SELECT \"\xc0\x80\""}) {
    CHECK(sqlstate(bad) == "22021");
  }
  CHECK(sqlstate(std::string_view("SELECT 1\0", 9)) == "22021");
  CHECK(sqlstate("SELECT E'\\xff'") == "22021");
  CHECK(outcome("SELECT 'Grüße 你好 🤖', \"ünï\"") == "ok");
}

TEST_CASE("parser: literals have the value that PostgreSQL gives them") {
  const auto text = [](std::string_view sql) {
    const auto parsed = parse_expression(sql);
    REQUIRE(parsed.has_value());
    const auto* literal = std::get_if<Literal>(&(*parsed)->node);
    REQUIRE(literal != nullptr);
    return literal->text;
  };
  CHECK(text("'it''s'") == "it's");
  CHECK(text("'a\\n'") == "a\\n");
  CHECK(text("E'a\\n\\x41\\101\\u00e4\\''") == "a\nAA\xc3\xa4'");
  CHECK(text("E'\\ud83e\\udd16'") == "\xf0\x9f\xa4\x96");
  CHECK(text("$$it's$$") == "it's");
  CHECK(text("$a$ $$ $a$") == " $$ ");
  CHECK(text("x'00fF'") == std::string("\0\xff", 2));
  CHECK(text(".5e-3") == ".5e-3");
  CHECK(text("/* a /* b */ c */ 1") == "1");
}

TEST_CASE("parser: a shell's text is complete once its last statement is ended outside of quotes and comments") {
  for (const auto* whole : {"", "  -- note", "SELECT 1;", "SELECT ';' ; -- end", "SELECT 1; ;", "SELECT $$;$$;"}) {
    CHECK(is_complete(whole));
  }
  for (const auto* part :
       {"SELECT 1", "SELECT ';", "SELECT 1; SELECT", "SELECT /* ;", "SELECT $$;", "SELECT \";", "E'\\"}) {
    CHECK_FALSE(is_complete(part));
  }
}

}  // namespace
}  // namespace mneme::sql
