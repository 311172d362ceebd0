#include "log_demo.h"

#include <algorithm>
#include <cmath>

#include "crash.h"
#include "demo_steps.h"
#include "import/try.h"
#include "log_questions.h"
#include "log_replay.h"

namespace mneme::demo {
namespace {

// Perception: every pose with what the accelerometer felt until then becomes a row with a vector, a place and a time.
// The log's clock starts at boot, so its `ts` does.
Result<void> add_moments(const LogCopy& log, Database& database) {
  Connection connection = database.connect();
  TRY(connection.execute("CREATE TABLE moments (ts TIMESTAMP NOT NULL, t_us INT, place POINT3, felt VECTOR(48))"));
  Appender appender = TRY(database.appender("moments"));
  for (const LogCopy::Moment& moment : log.moments) {
    const auto& at = moment.at;
    TRY(appender.append(
        moment.t_us * 1'000, moment.t_us,
        Value::point3(static_cast<double>(at[0]), static_cast<double>(at[1]), static_cast<double>(at[2])),
        std::span<const float>(moment.felt)));
  }
  return appender.flush(Durability::commit);
}

Result<void> prove(Database& database, const std::string& log, const Crash& crash, Terminal& terminal) {
  const LogSurvey found = TRY(survey_log(database, log));
  for (const std::string& mismatch : found.mismatches) terminal.check(false, "lost", mismatch);
  terminal.check(
      found.mismatches.empty() && found.present >= crash.acknowledged && found.present <= crash.acknowledged + 1,
      "proved",
      grouped(found.rows) + " rows of " + grouped(found.present) + " whole commits, " + grouped(crash.acknowledged) +
          " acknowledged, value by value");
  return {};
}

Result<void> finish(Database& database, const std::string& log, const LogCopy& copy, Terminal& terminal) {
  const Stopwatch watch;
  TRY(replay_log(database, log, [](std::uint64_t) {}));
  TRY(add_moments(copy, database));
  const double seconds = watch.seconds();
  const LogSurvey found = TRY(survey_log(database, log));
  terminal.check(found.mismatches.empty() && found.present == found.chunks, "resumed",
                 "and replayed to the end after " + duration_text(seconds) + ": " + grouped(found.rows) +
                     " rows, and " + grouped(copy.moments.size()) + " moments with a place and a 48-dimension vector");
  return check_files(database, terminal);
}

// From above; of a log that stayed in its place, from the side: to the right in time, up in height.
class View {
 public:
  explicit View(const ResultSet& poses) {
    float least[2] = {};
    float most[2] = {};
    for (const auto row : poses) {
      for (std::size_t axis = 0; axis < 2; ++axis) {
        const auto at = static_cast<float>(row[1 + axis].as_double());
        least[axis] = std::min(least[axis], at);
        most[axis] = std::max(most[axis], at);
      }
    }
    from_side_ = std::max(most[0] - least[0], most[1] - least[1]) < 0.5F;
    if (poses.rows() == 0) return;
    begin_us_ = poses.value(0, 0).as_int();
    end_us_ = poses.value(poses.rows() - 1, 0).as_int();
  }
  [[nodiscard]] bool from_side() const { return from_side_; }
  // A row of t_us, x (north), y (east), z (down).
  [[nodiscard]] PathPoint operator()(const ResultSet::Row& row) const {
    constexpr double kSideMetres = 3;  // The whole time's width.
    const double seconds = static_cast<double>(row[0].as_int() - begin_us_) / 1e6;
    const double part = static_cast<double>(row[0].as_int() - begin_us_) / static_cast<double>(end_us_ - begin_us_ + 1);
    const Position flat = {row[2].as_double(), row[1].as_double(), 0};
    return {seconds, degrees(from_side_ ? Position{part * kSideMetres, -row[3].as_double(), 0} : flat)};
  }

 private:
  bool from_side_ = false;
  std::int64_t begin_us_ = 0;
  std::int64_t end_us_ = 0;
};

Result<Picture> picture_of(const std::string& log, Connection& connection) {
  const auto poses = TRY(connection.execute("SELECT t_us, x, y, z FROM vehicle_local_position ORDER BY t_us"));
  const View view(poses);
  Picture picture;
  picture.title = "mneme · " + log.substr(log.rfind('/') + 1) + (view.from_side() ? " · height over time" : "");
  for (const auto row : poses) picture.path.push_back(view(row));
  const auto messages =
      TRY(connection.execute("SELECT l.t_us, p.x, p.y, p.z, l.message FROM log_messages l "
                             "ASOF JOIN vehicle_local_position p ON l.t_us >= p.t_us ORDER BY l.t_us"));
  for (const auto row : messages) picture.events.push_back({view(row), std::string(row[4].as_text()), false});
  const auto shakes = TRY(connection.execute(
      "SELECT s.t_us, p.x, p.y, p.z FROM sensor_combined s "
      "ASOF JOIN vehicle_local_position p ON s.t_us >= p.t_us ORDER BY abs(s.accelerometer_m_s2_2) DESC LIMIT 12"));
  for (const auto row : shakes) picture.events.push_back({view(row), "", true});
  return picture;
}

}  // namespace

Result<void> replay(const std::string& log, const DemoPaths& paths, Terminal& terminal) {
  const LogCopy copy = TRY(copy_of_log(log));
  terminal.title("mneme · the flight log " + log);
  const std::uint64_t chunks = TRY(chunks_of_log(log));
  FlightClock clock = log_end_ns(copy);
  const Writer writer = [&](const Acknowledge& acknowledge) -> Result<void> {
    Database database = TRY(open_on(paths.database, clock));
    return replay_log(database, log, acknowledge);
  };
  const Crash crash = TRY(crash_in_flight(writer, chunks * 45 / 100, "commits", terminal));
  terminal.check(crash.killed, "killed", "by SIGKILL after " + grouped(crash.acknowledged) + " of " + grouped(chunks));

  Database database = TRY(reopen(paths.database, clock, terminal));
  TRY(prove(database, log, crash, terminal));
  TRY(finish(database, log, copy, terminal));
  Connection connection = database.connect();
  ask_all(connection, log_questions(copy), terminal);
  const Picture picture = TRY(picture_of(log, connection));
  TRY(draw(picture, paths.picture, terminal));
  return database.close();
}

}  // namespace mneme::demo
