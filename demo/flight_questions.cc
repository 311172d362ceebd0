#include "flight_questions.h"

#include <algorithm>
#include <cmath>
#include <map>

namespace mneme::demo {
namespace {

using Rows = std::vector<std::vector<Value>>;
constexpr double kDistanceTolerance = 1e-5;  // The database computes distances in 32-bit floats.

std::string seconds_literal(std::size_t seconds) { return "INTERVAL '" + std::to_string(seconds) + " seconds'"; }

Value point(Degrees at) { return Value::point(at.longitude, at.latitude); }

double cosine_distance(const std::vector<float>& a, const std::vector<float>& b) {
  double dot = 0;
  double a2 = 0;
  double b2 = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const auto x = static_cast<double>(a[i]);
    const auto y = static_cast<double>(b[i]);
    dot += x * y;
    a2 += x * x;
    b2 += y * y;
  }
  return 1 - dot / std::sqrt(a2 * b2);
}

// The last of `samples`, which are in the order of time, that is not after ts_ns. REQUIRES: there is one.
template <class Sample>
const Sample& as_of(const std::vector<Sample>& samples, std::int64_t ts_ns) {
  return *std::prev(std::ranges::upper_bound(samples, ts_ns, {}, &Sample::ts_ns));
}

std::int64_t bucket(std::int64_t ts_ns, std::size_t seconds) {
  const auto width = static_cast<std::int64_t>(seconds) * kSecondNs;
  return ts_ns / width * width;
}

// design.md's question over five modalities: vector, place, time, events, and a sensor's state.
Question pad_question(const Flight& flight, const FlightLog& log) {
  Question question;
  question.title = "I just touched something here: which pictures show the pad best, and how did I move?";
  question.sql =
      "SELECT f.ts, f.image, f.embedding <=> $1 AS distance, i.ax, i.ay, i.az\n"
      "FROM   camera f ASOF JOIN imu i ON f.ts >= i.ts\n"
      "WHERE  f.ts > now() - INTERVAL '3 seconds'\n"
      "  AND  EXISTS (SELECT 1 FROM force t WHERE t.newtons > 2 AND t.ts BETWEEN f.ts - INTERVAL '50 ms' AND f.ts)\n"
      "  AND  ST_DWithin(f.place, $2, 3.0)\n"
      "ORDER BY distance LIMIT 5";
  const std::vector<float>& pad = log.frames.front().embedding;
  const Degrees here = degrees(kStationList[kPad].at);
  question.parameters = {Value::vector(pad), point(here)};
  question.tolerance = kDistanceTolerance;

  std::vector<std::pair<double, const Frame*>> found;
  for (const Frame& frame : log.frames) {
    const bool recent = frame.ts_ns > flight.end_ns() - 3 * kSecondNs;
    const bool touched = std::ranges::any_of(log.forces, [&](const Force& force) {
      return force.newtons > 2 && force.ts_ns >= frame.ts_ns - 50'000'000 && force.ts_ns <= frame.ts_ns;
    });
    if (!recent || !touched || metres_between(frame.place, here) > 3) continue;
    found.emplace_back(cosine_distance(frame.embedding, pad), &frame);
  }
  std::ranges::sort(found);
  for (const auto& [distance, frame] : found) {
    const ImuSample& imu = as_of(log.imu, frame->ts_ns);
    if (question.expected.size() < 5) {
      question.expected.push_back({Value::timestamp(frame->ts_ns), Value::blob(std::as_bytes(std::span(frame->image))),
                                   distance, imu.ax, imu.ay, imu.az});
    }
  }
  return question;
}

Question seen_before_question(const Flight& flight, const FlightLog& log) {
  const std::size_t ago_seconds = flight.options().lap_seconds / 2;
  Question question;
  question.title = "Have I seen this before?";
  question.sql = "SELECT ts, place, embedding <=> $1 AS distance\nFROM   camera\nWHERE  ts < now() - " +
                 seconds_literal(ago_seconds) + "\nORDER BY embedding <=> $1 LIMIT 3";
  const std::vector<float>& now = log.frames.back().embedding;
  question.parameters = {Value::vector(now)};
  question.tolerance = kDistanceTolerance;

  std::vector<std::pair<double, const Frame*>> found;
  for (const Frame& frame : log.frames) {
    if (frame.ts_ns >= flight.end_ns() - static_cast<std::int64_t>(ago_seconds) * kSecondNs) continue;
    found.emplace_back(cosine_distance(frame.embedding, now), &frame);
  }
  std::ranges::sort(found);
  found.resize(3);
  for (const auto& [distance, frame] : found) {
    question.expected.push_back({Value::timestamp(frame->ts_ns), point(frame->place), distance});
  }
  return question;
}

Question gust_question(const FlightLog& log) {
  Question question;
  question.title = "Where was I when the wind hit me, and how full was the battery?";
  question.sql =
      "SELECT n.ts, n.note, g.place, b.volts, b.percent\n"
      "FROM   notes n ASOF JOIN gps g ON n.ts >= g.ts ASOF JOIN battery b ON n.ts >= b.ts\n"
      "WHERE  n.note LIKE 'gust%' ORDER BY n.ts";
  for (const Note& note : log.notes) {
    if (!note.text.starts_with("gust")) continue;
    const BatteryState& battery = as_of(log.battery, note.ts_ns);
    question.expected.push_back({Value::timestamp(note.ts_ns), note.text, point(as_of(log.fixes, note.ts_ns).place),
                                 battery.volts, battery.percent});
  }
  return question;
}

Question shake_question(const FlightLog& log) {
  Question question;
  question.title = "In which ten seconds was I shaken most?";
  question.sql =
      "SELECT time_bucket(INTERVAL '10 seconds', ts) AS began, count(*) AS samples, max(abs(az - 9.80665)) AS shake\n"
      "FROM   imu GROUP BY began ORDER BY shake DESC LIMIT 3";
  struct Bucket {
    std::int64_t samples = 0;
    double shake = 0;
  };
  std::map<std::int64_t, Bucket> buckets;
  for (const ImuSample& sample : log.imu) {
    Bucket& at = buckets[bucket(sample.ts_ns, 10)];
    ++at.samples;
    at.shake = std::max(at.shake, std::abs(sample.az - 9.80665));
  }
  std::vector<std::pair<std::int64_t, Bucket>> ranked(buckets.begin(), buckets.end());
  std::ranges::sort(ranked, std::greater(), [](const auto& entry) { return entry.second.shake; });
  ranked.resize(3);
  for (const auto& [began, at] : ranked) {
    question.expected.push_back({Value::timestamp(began), at.samples, at.shake});
  }
  return question;
}

Question tank_question(const Flight& flight, const FlightLog& log) {
  const std::size_t lap_seconds = flight.options().lap_seconds;
  Question question;
  question.title = "When was I at the tank, for how long, and how hard did I press each time?";
  question.sql = "WITH visits AS (\n  SELECT time_bucket(" + seconds_literal(lap_seconds) +
                 ", ts) AS lap, min(ts) AS came, max(ts) AS went\n"
                 "  FROM   gps WHERE ST_DWithin(place, $1, 5.0) GROUP BY lap)\n"
                 "SELECT v.came, v.went - v.came AS stayed, count(f.ts) AS touches, max(f.newtons) AS hardest\n"
                 "FROM   visits v LEFT JOIN force f ON f.ts BETWEEN v.came AND v.went\n"
                 "GROUP BY v.came, v.went ORDER BY v.came";
  const Degrees tank = degrees(kStationList[kTank].at);
  question.parameters = {point(tank)};

  std::map<std::int64_t, std::pair<std::int64_t, std::int64_t>> visits;  // By lap: came and went.
  for (const GpsFix& fix : log.fixes) {
    if (metres_between(fix.place, tank) > 5) continue;
    auto& visit = visits.try_emplace(bucket(fix.ts_ns, lap_seconds), fix.ts_ns, fix.ts_ns).first->second;
    visit.second = fix.ts_ns;
  }
  for (const auto& [lap, visit] : visits) {
    std::int64_t touches = 0;
    double hardest = 0;
    for (const Force& force : log.forces) {
      if (force.ts_ns < visit.first || force.ts_ns > visit.second) continue;
      ++touches;
      hardest = std::max(hardest, force.newtons);
    }
    question.expected.push_back(
        {Value::timestamp(visit.first), Interval{0, 0, visit.second - visit.first}, touches, hardest});
  }
  return question;
}

}  // namespace

std::vector<Question> flight_questions(const Flight& flight, const FlightLog& log) {
  return {pad_question(flight, log), seen_before_question(flight, log), gust_question(log), shake_question(log),
          tank_question(flight, log)};
}

}  // namespace mneme::demo
