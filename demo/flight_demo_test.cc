// The whole demo on a small flight and a small log, and its checks shown to fail when they should.
#include "flight_demo.h"

#include <doctest/doctest.h>

#include <filesystem>

#include "flight_tables.h"
#include "log_demo.h"
#include "question.h"
#include "support/environment.h"
#include "support/scratch_directory.h"

using namespace mneme;
using namespace mneme::demo;

namespace {

constexpr FlightOptions kSmall = {2, 20, 1};

}  // namespace

TEST_CASE("demo: a small flight is flown, killed, proved, flown on, asked about and drawn") {
  const support::ScratchDirectory scratch;
  Terminal terminal(Terminal::Voice::quiet);
  const auto done = fly(kSmall, {scratch / "db", scratch / "flight.svg"}, terminal);
  CHECK_MESSAGE(done, (done ? "" : done.error().to_string()));
  CHECK(terminal.failed() == 0);
  CHECK(terminal.checks() == 9);  // Killed, proved, resumed, checked, and five answers.
  CHECK(std::filesystem::file_size(scratch / "flight.svg") > 10'000);
}

TEST_CASE("demo: a real log goes the same way") {
  const std::string log = support::test_data(MNEME_SOURCE_DIR, "ulog/sample_log_small.ulg");
  if (log.empty()) return;
  const support::ScratchDirectory scratch;
  Terminal terminal(Terminal::Voice::quiet);
  const auto done = replay(log, {scratch / "db", scratch / "log.svg"}, terminal);
  CHECK_MESSAGE(done, (done ? "" : done.error().to_string()));
  CHECK(terminal.failed() == 0);
  CHECK(terminal.checks() == 9);
}

TEST_CASE("demo: a missing row and a changed value are noticed") {
  const support::ScratchDirectory scratch;
  const Flight flight(kSmall);
  Database database = Database::open(scratch / "db").value();
  Connection connection = database.connect();
  {
    FlightWriter writer = FlightWriter::open(connection).value();
    for (std::size_t i = 0; i < 30; ++i) writer.write(flight.moment(i)).value();
  }
  CHECK(survey(connection, flight).value().mismatches.empty());
  CHECK(survey(connection, flight).value().moments == 30);
  const auto mismatches_after = [&](const char* sql) {
    connection.execute(sql).value();
    return survey(connection, flight).value().mismatches.size();
  };
  CHECK(mismatches_after("DELETE FROM battery WHERE ts = TIMESTAMP '2026-06-01 09:00:01'") == 1);
  CHECK(mismatches_after("UPDATE imu SET az = az + 1e-9 WHERE ts = TIMESTAMP '2026-06-01 09:00:02'") == 2);
}

TEST_CASE("demo: a wrong, an empty and a failing answer are failed checks") {
  const support::ScratchDirectory scratch;
  Database database = Database::open(scratch / "db").value();
  Connection connection = database.connect();
  Terminal terminal(Terminal::Voice::quiet);
  const auto holds = [&](const char* sql, std::vector<Row> expected) {
    return ask(connection, {"a question", sql, {}, std::move(expected)}, 1, terminal);
  };
  CHECK(holds("SELECT 1, 2.5::FLOAT, 'x'", {{1, 2.5, "x"}}));
  CHECK_FALSE(holds("SELECT 1, 2.5::FLOAT, 'x'", {{1, 2.6, "x"}}));
  CHECK_FALSE(holds("SELECT 1, 2.5::FLOAT, 'x'", {{1, 2.5, "y"}}));
  CHECK_FALSE(holds("SELECT 1 WHERE 1 = 2", {}));
  CHECK_FALSE(holds("SELECT nothing", {{1}}));
  CHECK(terminal.failed() == 4);
}
