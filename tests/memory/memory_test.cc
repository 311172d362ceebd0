// The law of memory_budget: whatever is asked of a database, the process grows by no more than 1.25 times it, or the
// statement is refused with 53200 and has changed nothing.
#include <doctest/doctest.h>

#include <functional>
#include <string>

#include "memory/child.h"
#include "mneme/database.h"
#include "support/scratch_directory.h"

namespace mneme {
namespace {

using support::in_child;
using support::Outcome;

constexpr std::size_t kBudget = std::size_t{64} << 20;
constexpr double kGrowthMibMax = 1.25 * 64;
constexpr int kRows = 1'000'000;

Result<Database> open(const std::string& directory) { return Database::open(directory, {.memory_budget = kBudget}); }

std::string load(Database& database, int rows) {
  Connection connection = database.connect();
  if (auto made = connection.execute("CREATE TABLE IF NOT EXISTS reading (id INT PRIMARY KEY, v INT, x FLOAT, "
                                     "label TEXT)");
      !made) {
    return made.error().to_string();
  }
  const auto first = connection.execute("SELECT coalesce(max(id) + 1, 0) FROM reading");
  if (!first) return first.error().to_string();
  auto appender = database.appender("reading");
  if (!appender) return appender.error().to_string();
  const std::int64_t from = first->value(0, 0).as_int();
  for (std::int64_t id = from; id < from + rows; ++id) {
    const auto appended =
        appender->append(id, id * 7919 % 100'000, static_cast<double>(id % 977), "label " + std::to_string(id % 5'000));
    if (!appended) return appended.error().to_string();
    if (id % 10'000 != 9'999) continue;
    if (auto flushed = appender->flush(Durability::os); !flushed) return flushed.error().to_string();
  }
  const auto flushed = appender->flush(Durability::os);
  return flushed ? "" : flushed.error().to_string();
}

// Runs the statement, a query's answer streamed: done as a whole, or refused for want of memory.
std::string run(Database& database, const std::string& sql) {
  Connection connection = database.connect();
  const auto said = [](const Error& error) {
    return error.code() == Code::full && error.sqlstate() == "53200" ? "refused" : error.to_string();
  };
  if (!sql.starts_with("SELECT")) {
    const auto result = connection.execute(sql);
    return result ? "done" : said(result.error());
  }
  auto stream = connection.query(sql);
  if (!stream) return said(stream.error());
  for (;;) {
    const auto batch = stream->next();
    if (!batch) return said(batch.error());
    if (!*batch) return "done";
  }
}

std::string answer(Database& database, const std::string& sql) {
  const auto result = database.connect().execute(sql);
  return result ? result->value(0, 0).to_text() : result.error().to_string();
}

std::string must_be(const std::string& what, const std::string& is, const std::string& wanted) {
  return is == wanted ? "" : what + " is " + is + ", not " + wanted + "; ";
}
std::string must_be_done_or_refused(const std::string& what, const std::string& is) {
  return is == "refused" ? "" : must_be(what, is, "done");
}

void check(const std::string& what, const Outcome& outcome) {
  CAPTURE(what);
  CHECK(outcome.trouble == "");
  CHECK(outcome.grown_mib <= kGrowthMibMax);
  MESSAGE(what, ": ", outcome.grown_mib, " MiB");
}

// In a child, with the database closed at the end.
Outcome with_database(const std::string& directory, const std::function<std::string(Database&)>& work) {
  return in_child([&]() -> std::string {
    auto database = open(directory);
    if (!database) return database.error().to_string();
    std::string trouble = work(*database);
    const auto closed = database->close();
    return closed ? trouble : trouble + closed.error().to_string();
  });
}

TEST_CASE("memory: a load, queries, a delete of a third, merges, a kill and what follows stay within the budget") {
  const support::ScratchDirectory scratch;
  const std::string directory = scratch / "db";
  check("load", with_database(directory, [](Database& database) { return load(database, kRows); }));
  check("query", with_database(directory, [](Database& database) {
          std::string trouble;
          trouble += must_be("GROUP BY", run(database, "SELECT v % 1000, count(*) FROM reading GROUP BY 1"), "done");
          trouble += must_be("the scan", run(database, "SELECT * FROM reading"), "done");
          return trouble;
        }));
  check("delete", with_database(directory, [](Database& database) {
          std::string trouble;
          trouble += must_be("DELETE", run(database, "DELETE FROM reading WHERE id % 3 = 0"), "done");
          trouble += must_be("the count", answer(database, "SELECT count(*) FROM reading"), "666666");
          trouble += must_be("VACUUM", run(database, "VACUUM"), "done");
          trouble += must_be("the count", answer(database, "SELECT count(*) FROM reading"), "666666");
          return trouble;
        }));
  check("kill", in_child([&]() -> std::string {
          auto database = open(directory);
          return database ? load(*database, kRows) : database.error().to_string();
        }));
  check("recover", with_database(directory, [](Database& database) {
          return must_be("the count", answer(database, "SELECT count(*) FROM reading"), "1666666");
        }));
}

TEST_CASE("memory: a statement over a million rows stays within the budget, or is refused and has changed nothing") {
  const support::ScratchDirectory scratch;
  const std::string directory = scratch / "db";
  REQUIRE(with_database(directory, [](Database& database) { return load(database, kRows); }).trouble == "");
  check("insert select", with_database(directory, [](Database& database) {
          std::string trouble = run(database, "CREATE TABLE copied (id INT PRIMARY KEY, v INT, x FLOAT, label TEXT)");
          trouble = must_be("CREATE TABLE", trouble, "done");
          const std::string said = run(database, "INSERT INTO copied SELECT * FROM reading");
          trouble += must_be_done_or_refused("INSERT", said);
          trouble += must_be("the copy", answer(database, "SELECT count(*) FROM copied"),
                             said == "done" ? std::to_string(kRows) : "0");
          return trouble;
        }));
  check("update", with_database(directory, [](Database& database) {
          const std::string sum = "SELECT sum(v) FROM reading", was = answer(database, sum);
          const std::string said = run(database, "UPDATE reading SET v = v + 1");
          std::string trouble = must_be_done_or_refused("UPDATE", said);
          trouble +=
              must_be("the sum", answer(database, sum), said == "done" ? std::to_string(std::stoll(was) + kRows) : was);
          return trouble;
        }));
  for (const char* sql : {"SELECT * FROM reading ORDER BY x, label", "SELECT id, count(*) FROM reading GROUP BY id",
                          "SELECT DISTINCT id, label FROM reading",
                          "SELECT a.id FROM reading a JOIN reading b ON a.label = b.label AND a.v = b.v"}) {
    check(sql, with_database(directory,
                             [&](Database& database) { return must_be_done_or_refused(sql, run(database, sql)); }));
  }
  check("index", with_database(directory, [](Database& database) {
          std::string trouble = must_be("CREATE INDEX", run(database, "CREATE INDEX l ON reading (label, x)"), "done");
          trouble += must_be("VACUUM", run(database, "VACUUM"), "done");
          return trouble;
        }));
  check("delete", with_database(directory, [](Database& database) {
          std::string trouble = must_be("DELETE", run(database, "DELETE FROM reading"), "done");
          trouble += must_be("the count", answer(database, "SELECT count(*) FROM reading"), "0");
          return trouble;
        }));
}

TEST_CASE("memory: of a long script no more than one statement's tree is held") {
  const support::ScratchDirectory scratch;
  std::string script = "CREATE TABLE note (id INT, text TEXT);";
  for (int i = 0; i < 30'000; ++i) {
    script += "SELECT " + std::to_string(i) + " + 1, 'a text'::TEXT || 'b', CASE WHEN 1 < 2 THEN 3 ELSE 4 END;\n";
  }
  const auto outcome = in_child([&]() -> std::string {
    auto database = Database::open(scratch / "db", {.memory_budget = std::size_t{16} << 20, .threads = 0});
    if (!database) return database.error().to_string();
    int results = 0;
    const auto done = database->connect().execute_script(script, [&](const ResultSet&) { ++results; });
    return done ? must_be("the results", std::to_string(results), "30001") : done.error().to_string();
  });
  CHECK(outcome.trouble == "");
  CHECK(outcome.grown_mib <= 10);
  MESSAGE("script: ", outcome.grown_mib, " MiB");
}

TEST_CASE("memory: a text, a list or a series is refused before it is made, and long ones come a few at a time") {
  const support::ScratchDirectory scratch;
  const std::string directory = scratch / "db";
  constexpr int kSmallMib = 16;
  const auto in_small = [&](const std::string& what, const std::function<std::string(Database&)>& work) {
    const Outcome outcome = in_child([&]() -> std::string {
      auto database = Database::open(directory, {.memory_budget = std::size_t{kSmallMib} << 20, .threads = 0});
      return database ? work(*database) : database.error().to_string();
    });
    CAPTURE(what);
    CHECK(outcome.trouble == "");
    CHECK(outcome.grown_mib <= 1.25 * kSmallMib);
    MESSAGE(what, ": ", outcome.grown_mib, " MiB");
  };
  for (const char* sql :
       {"SELECT repeat('x', 60000000)", "SELECT length(repeat('x', 60000000))", "SELECT lpad('', 16000000, 'abc')",
        "SELECT rpad('', 16000000, i::TEXT) FROM generate_series(1, 3) s(i)",
        "SELECT replace(repeat('x', 1000000), 'x', repeat('y', 50))",
        "SELECT concat(t, t, t, t, t, t, t, t, t, t, t) "
        "FROM (SELECT repeat('x', 2000000) || i AS t FROM generate_series(1, 2) s(i)) u",
        "SELECT t || t || t || t FROM (SELECT repeat('x', 4000000) || i AS t FROM generate_series(1, 2) s(i)) u",
        "SELECT count(*) FROM generate_series(1, 2000) s(i) WHERE repeat('x', 20000 + i) = ''",
        "SELECT string_agg(i::TEXT, repeat('x', 100000)) FROM generate_series(1, 2000) s(i)",
        "SELECT string_agg(repeat('x', i), '' ORDER BY i) FROM generate_series(1, 20000) s(i)",
        "SELECT max(repeat('x', 20000 + i)) FROM generate_series(1, 2000) s(i) GROUP BY i",
        "SELECT encode(convert_to(repeat('x', 5000000), 'UTF8'), 'hex')"}) {
    in_small(sql, [&](Database& database) { return must_be(sql, run(database, sql), "refused"); });
  }
  for (const char* sql : {"SELECT i, repeat('x', 20000 + i) FROM generate_series(1, 10000) s(i)",
                          "SELECT '[1,2,3]'::VECTOR(3), repeat('y', 300000) FROM generate_series(1, 10000) s(i)",
                          "SELECT i FROM generate_series(1, 10000000) s(i)",
                          "SELECT length(repeat($$abc$$, 1000) || i) FROM generate_series(1, 100000) s(i)"}) {
    in_small(sql, [&](Database& database) { return must_be(sql, run(database, sql), "done"); });
  }
  for (const char* sql : {"SELECT repeat('x', 900000000)", "SELECT lpad('', 900000000)"}) {
    in_small(sql, [&](Database& database) {
      const std::string said = run(database, sql);
      return said.find("longer than 64 MiB") != std::string::npos ? "" : said;
    });
  }
}

}  // namespace
}  // namespace mneme
