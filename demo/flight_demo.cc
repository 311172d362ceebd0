#include "flight_demo.h"

#include "demo_steps.h"
#include "flight_questions.h"
#include "flight_tables.h"
#include "import/try.h"

namespace mneme::demo {
namespace {

Result<void> write_moments(const Flight& flight, std::size_t from, FlightClock& clock, Connection& connection,
                           const Acknowledge& acknowledge) {
  FlightWriter writer = TRY(FlightWriter::open(connection));
  for (std::size_t i = from; i < flight.moments(); ++i) {
    clock.store(flight.start_ns() + static_cast<std::int64_t>(i) * kMomentNs, std::memory_order_relaxed);
    TRY(writer.write(flight.moment(i)));
    acknowledge(i);
  }
  return {};
}

std::string flight_seconds(std::uint64_t moments) {
  return std::to_string(moments / 10) + "." + std::to_string(moments % 10) + " s";
}

Result<Crash> fly_and_crash(const Flight& flight, const std::string& directory, Terminal& terminal) {
  const Writer writer = [&](const Acknowledge& acknowledge) -> Result<void> {
    FlightClock clock = flight.start_ns();
    Database database = TRY(open_on(directory, clock));
    Connection connection = database.connect();
    return write_moments(flight, 0, clock, connection, acknowledge);
  };
  const Crash crash = TRY(crash_in_flight(writer, flight.moments() * 45 / 100, "moments of all sensors", terminal));
  terminal.check(crash.killed, "killed", "by SIGKILL at flight time " + flight_seconds(crash.acknowledged));
  return crash;
}

// Every acknowledged moment must be there, whole, and none but the one in flight besides.
Result<Survey> prove(const Flight& flight, const Crash& crash, Connection& connection, Terminal& terminal) {
  Survey found = TRY(survey(connection, flight));
  for (const std::string& mismatch : found.mismatches) terminal.check(false, "lost", mismatch);
  terminal.check(
      found.mismatches.empty() && found.moments >= crash.acknowledged && found.moments <= crash.acknowledged + 1,
      "proved",
      grouped(found.rows) + " rows of " + grouped(found.moments) + " whole moments, " + grouped(crash.acknowledged) +
          " acknowledged, bit for bit");
  return found;
}

Result<void> fly_on(const Flight& flight, std::uint64_t from, FlightClock& clock, Database& database,
                    Connection& connection, Terminal& terminal) {
  const Stopwatch watch;
  TRY(write_moments(flight, from, clock, connection, [](std::uint64_t) {}));
  clock.store(flight.end_ns(), std::memory_order_relaxed);
  const double seconds = watch.seconds();
  const Survey found = TRY(survey(connection, flight));
  terminal.check(found.mismatches.empty() && found.moments == flight.moments(), "resumed",
                 "at " + flight_seconds(from) + ", landed at " + flight_seconds(flight.moments()) + " after " +
                     duration_text(seconds) + ": " + grouped(found.rows) + " rows");
  return check_files(database, terminal);
}

// Drawn from what the database says, not from the flight.
Result<Picture> picture_of(const Flight& flight, Connection& connection) {
  Picture picture;
  picture.title = "mneme · " + std::to_string(flight.options().laps) + " laps of a simulated flight";
  const auto point_of = [&](const Value& ts, const Value& longitude, const Value& latitude) {
    return PathPoint{static_cast<double>(ts.as_timestamp_ns() - flight.start_ns()) / static_cast<double>(kSecondNs),
                     {longitude.as_double(), latitude.as_double()}};
  };
  for (const auto row : TRY(connection.execute("SELECT ts, ST_X(place), ST_Y(place) FROM camera ORDER BY ts"))) {
    picture.path.push_back(point_of(row[0], row[1], row[2]));
  }
  const auto touches = TRY(connection.execute(
      "SELECT t.ts, ST_X(c.place), ST_Y(c.place) FROM force t ASOF JOIN camera c ON t.ts >= c.ts WHERE t.newtons > 2"));
  for (const auto row : touches) picture.events.push_back({point_of(row[0], row[1], row[2]), "", true});
  const auto notes =
      TRY(connection.execute("SELECT n.ts, ST_X(c.place), ST_Y(c.place), n.note FROM notes n ASOF JOIN camera c ON "
                             "n.ts >= c.ts ORDER BY n.ts"));
  for (const auto row : notes) {
    picture.events.push_back({point_of(row[0], row[1], row[2]), std::string(row[3].as_text()), false});
  }
  return picture;
}

}  // namespace

Result<void> fly(const FlightOptions& options, const DemoPaths& paths, Terminal& terminal) {
  const Flight flight(options);
  terminal.title("mneme · a simulated flight of " + std::to_string(options.laps * options.lap_seconds) +
                 " s: IMU 200 Hz, GPS 10 Hz, camera 10 Hz with 512-dimension embeddings, battery, forces, notes");
  const Crash crash = TRY(fly_and_crash(flight, paths.database, terminal));

  FlightClock clock = flight.start_ns() + static_cast<std::int64_t>(crash.acknowledged) * kMomentNs;
  Database database = TRY(reopen(paths.database, clock, terminal));
  Connection connection = database.connect();
  const Survey survived = TRY(prove(flight, crash, connection, terminal));
  TRY(fly_on(flight, survived.moments, clock, database, connection, terminal));

  ask_all(connection, flight_questions(flight, whole_log(flight)), terminal);
  const Picture picture = TRY(picture_of(flight, connection));
  TRY(draw(picture, paths.picture, terminal));
  return database.close();
}

}  // namespace mneme::demo
