// The law of memory_budget: whatever is asked of a database, the process grows by no more than 1.25 times it, or the
// statement is refused with 53200 and has changed nothing.
//
// Each piece of work is done in a child of its own, which tells how far its resident memory ever went above where it
// began: a parent's past peak is nobody's.
#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <functional>
#include <string>

#include "mneme/database.h"
#include "support/scratch_directory.h"

namespace mneme {
namespace {

constexpr std::size_t kBudget = std::size_t{64} << 20;
constexpr double kGrowthMibMax = 1.25 * 64;
constexpr int kRows = 1'000'000;

double status_mib(const std::string& field) {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with(field + ":")) return std::stod(line.substr(field.size() + 1)) / 1024;
  }
  return 0;
}

struct Outcome {
  double grown_mib = 0;
  std::string trouble;  // Empty: `work` said so.
};

// `work` returns what went wrong. It may kill its process once it wrote that.
Outcome in_child(const std::function<std::string()>& work) {
  int ends[2];
  REQUIRE(::pipe(ends) == 0);
  std::fflush(nullptr);
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    std::ofstream("/proc/self/clear_refs") << "5";  // The peak counts from here.
    const double before = status_mib("VmRSS");
    const std::string trouble = work();
    const std::string told = std::to_string(status_mib("VmHWM") - before) + " " + trouble;
    if (::write(ends[1], told.data(), told.size()) < 0) ::_exit(2);
    ::_exit(0);  // Like a kill: nobody closes what `work` left open.
  }
  ::close(ends[1]);
  std::string told;
  char buffer[512];
  for (ssize_t got = 0; (got = ::read(ends[0], buffer, sizeof buffer)) > 0;) told.append(buffer, std::size_t(got));
  ::close(ends[0]);
  int status = 0;
  ::waitpid(child, &status, 0);
  if (status != 0 || told.empty()) return {0, "the child ended with status " + std::to_string(status)};
  const auto space = told.find(' ');
  return {std::stod(told.substr(0, space)), told.substr(space + 1)};
}

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

}  // namespace
}  // namespace mneme
