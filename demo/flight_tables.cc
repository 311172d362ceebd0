#include "flight_tables.h"

#include "import/try.h"
#include "row_reader.h"

namespace mneme::demo {
namespace {

void add_imu(const Moment& moment, std::vector<Row>& rows) {
  for (const ImuSample& s : moment.imu) rows.push_back({Value::timestamp(s.ts_ns), s.ax, s.ay, s.az, s.gx, s.gy, s.gz});
}

void add_fix(const Moment& moment, std::vector<Row>& rows) {
  const GpsFix& fix = moment.fix;
  rows.push_back({Value::timestamp(fix.ts_ns), Value::point(fix.place.longitude, fix.place.latitude), fix.altitude_m});
}

void add_frame(const Moment& moment, std::vector<Row>& rows) {
  const Frame& frame = moment.frame;
  rows.push_back({Value::timestamp(frame.ts_ns), Value::point(frame.place.longitude, frame.place.latitude),
                  Value::blob(std::as_bytes(std::span(frame.image))), Value::vector(frame.embedding)});
}

void add_battery(const Moment& moment, std::vector<Row>& rows) {
  for (const BatteryState& b : moment.battery) rows.push_back({Value::timestamp(b.ts_ns), b.volts, b.percent});
}

void add_forces(const Moment& moment, std::vector<Row>& rows) {
  for (const Force& force : moment.forces) rows.push_back({Value::timestamp(force.ts_ns), force.newtons, force.part});
}

void add_notes(const Moment& moment, std::vector<Row>& rows) {
  for (const Note& note : moment.notes) rows.push_back({Value::timestamp(note.ts_ns), note.text});
}

// Compares a table's rows with those that the flight's first moments put there.
Result<void> survey_table(Connection& connection, const Flight& flight, const FlightTable& table, Survey& result) {
  RowReader reader(TRY(connection.query("SELECT * FROM " + std::string(table.name) + " ORDER BY ts")));
  const auto mismatch = [&](std::size_t moment, std::string_view what) {
    result.mismatches.push_back("table '" + std::string(table.name) + "', moment " + std::to_string(moment) + ": " +
                                std::string(what));
    return Result<void>();
  };
  std::vector<Row> expected;
  for (std::size_t i = 0; i < result.moments; ++i) {
    expected.clear();
    table.add_rows(flight.moment(i), expected);
    for (const Row& row : expected) {
      const auto found = TRY(reader.next());
      if (!found) return mismatch(i, "a row is missing");
      if (*found != row) return mismatch(i, "a row is not what was written");
      ++result.rows;
    }
  }
  if (TRY(reader.next())) return mismatch(result.moments, "more rows than whole moments");
  return {};
}

}  // namespace

const std::vector<FlightTable>& flight_tables() {
  static const std::vector<FlightTable> tables = {
      {"imu",
       "CREATE TABLE IF NOT EXISTS imu (ts TIMESTAMP NOT NULL, ax FLOAT, ay FLOAT, az FLOAT, gx FLOAT, gy FLOAT, "
       "gz FLOAT)",
       "INSERT INTO imu VALUES ($1, $2, $3, $4, $5, $6, $7)", add_imu},
      {"gps", "CREATE TABLE IF NOT EXISTS gps (ts TIMESTAMP NOT NULL, place POINT, altitude FLOAT)",
       "INSERT INTO gps VALUES ($1, $2, $3)", add_fix},
      {"camera",
       "CREATE TABLE IF NOT EXISTS camera (ts TIMESTAMP NOT NULL, place POINT, image BLOB, embedding VECTOR(512))",
       "INSERT INTO camera VALUES ($1, $2, $3, $4)", add_frame},
      {"battery", "CREATE TABLE IF NOT EXISTS battery (ts TIMESTAMP NOT NULL, volts FLOAT, percent INT)",
       "INSERT INTO battery VALUES ($1, $2, $3)", add_battery},
      {"force", "CREATE TABLE IF NOT EXISTS force (ts TIMESTAMP NOT NULL, newtons FLOAT, part TEXT)",
       "INSERT INTO force VALUES ($1, $2, $3)", add_forces},
      {"notes", "CREATE TABLE IF NOT EXISTS notes (ts TIMESTAMP NOT NULL, note TEXT)",
       "INSERT INTO notes VALUES ($1, $2)", add_notes},
  };
  return tables;
}

Result<FlightWriter> FlightWriter::open(Connection& connection) {
  FlightWriter writer(connection);
  for (const FlightTable& table : flight_tables()) {
    TRY(connection.execute(table.create));
    writer.inserts_.push_back(TRY(connection.prepare(table.insert)));
  }
  return writer;
}

Result<void> FlightWriter::write(const Moment& moment) {
  TRY(connection_->execute("BEGIN"));
  for (std::size_t i = 0; i < inserts_.size(); ++i) {
    rows_.clear();
    flight_tables()[i].add_rows(moment, rows_);
    for (const Row& row : rows_) TRY(inserts_[i].execute(row));
  }
  TRY(connection_->execute("COMMIT"));
  return {};
}

Result<Survey> survey(Connection& connection, const Flight& flight) {
  Survey result;
  const auto frames = TRY(connection.execute("SELECT count(*) FROM camera"));  // Every moment has exactly one.
  result.moments = static_cast<std::uint64_t>(frames.value(0, 0).as_int());
  for (const FlightTable& table : flight_tables()) TRY(survey_table(connection, flight, table, result));
  return result;
}

}  // namespace mneme::demo
