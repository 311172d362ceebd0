#include "log_questions.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>

namespace mneme::demo {
namespace {

using Moment = LogCopy::Moment;
constexpr double kDistanceTolerance = 1e-5;  // The log's numbers have 32 bits, and so have their distances.
constexpr std::int64_t kSecondUs = 1'000'000;

double widened(float x) { return static_cast<double>(x); }

double l2(const auto& a, const auto& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += (widened(a[i]) - widened(b[i])) * (widened(a[i]) - widened(b[i]));
  return std::sqrt(sum);
}

Value point(const std::array<float, 3>& at) { return Value::point3(widened(at[0]), widened(at[1]), widened(at[2])); }

// Half way between the value at `part` of the sorted values and the next different one, so that nothing lies on it.
double threshold(std::vector<double> values, double part) {
  std::ranges::sort(values);
  const double at = values[static_cast<std::size_t>(part * static_cast<double>(values.size() - 1))];
  const auto next = std::ranges::upper_bound(values, at);
  return next == values.end() ? at + 1 : (at + *next) / 2;
}

// The last of `samples`, which are in the order of time, that is not after t_us; null: none.
template <class Sample>
const Sample* as_of(const std::vector<Sample>& samples, std::int64_t t_us) {
  const auto after = std::ranges::upper_bound(samples, t_us, {}, &Sample::t_us);
  return after == samples.begin() ? nullptr : &*std::prev(after);
}

struct Near {
  double unlike;
  const Moment* moment;
  friend bool operator<(const Near& a, const Near& b) { return a.unlike < b.unlike; }
};

std::vector<const Moment*> moments_between(const LogCopy& log, std::int64_t from_us, std::int64_t to_us) {
  std::vector<const Moment*> found;
  for (const Moment& moment : log.moments) {
    if (moment.t_us > from_us && moment.t_us < to_us) found.push_back(&moment);
  }
  return found;
}

std::vector<Near> ranked(const std::vector<const Moment*>& moments, const std::vector<float>& felt, std::size_t limit) {
  std::vector<Near> near;
  for (const Moment* moment : moments) near.push_back({l2(moment->felt, felt), moment});
  std::ranges::sort(near, std::less());
  near.resize(std::min(near.size(), limit));
  return near;
}

bool shaken_before(const LogCopy& log, std::int64_t t_us, double hard) {
  const auto first = std::ranges::lower_bound(log.imu, t_us - 50'000, {}, &LogCopy::Imu::t_us);
  const auto last = std::ranges::upper_bound(log.imu, t_us, {}, &LogCopy::Imu::t_us);
  return std::any_of(first, last, [&](const auto& sample) { return std::abs(widened(sample.acceleration[2])) > hard; });
}

Question shaken_here_question(const LogCopy& log) {
  const Moment& now = log.moments.back();
  std::vector<const Moment*> recent = moments_between(log, now.t_us - 10 * kSecondUs, now.t_us + 1);
  std::vector<double> accelerations;
  for (const auto& sample : log.imu) accelerations.push_back(std::abs(widened(sample.acceleration[2])));
  std::vector<double> distances;
  for (const Moment* moment : recent) distances.push_back(l2(moment->at, now.at));
  const double hard = threshold(accelerations, 0.7);
  const double radius = threshold(distances, 0.8);

  Question question;
  question.title = "Just now and near here: which moments after a hard shake felt most like this one?";
  question.sql =
      "SELECT m.t_us, m.felt <-> $1 AS unlike, ST_Distance(m.place, $2) AS metres, a.q_0, a.q_3\n"
      "FROM   moments m ASOF JOIN vehicle_attitude a ON m.t_us >= a.t_us\n"
      "WHERE  m.ts > now() - INTERVAL '10 seconds'\n"
      "  AND  EXISTS (SELECT 1 FROM sensor_combined s\n"
      "               WHERE abs(s.accelerometer_m_s2_2) > $3 AND s.t_us BETWEEN m.t_us - 50000 AND m.t_us)\n"
      "  AND  ST_DWithin(m.place, $2, $4)\n"
      "ORDER BY unlike LIMIT 5";
  question.parameters = {Value::vector(now.felt), point(now.at), hard, radius};
  question.tolerance = kDistanceTolerance;
  std::erase_if(recent, [&](const Moment* moment) {
    return l2(moment->at, now.at) > radius || !shaken_before(log, moment->t_us, hard) ||
           as_of(log.attitudes, moment->t_us) == nullptr;
  });
  for (const auto& [unlike, moment] : ranked(recent, now.felt, 5)) {
    const auto& q = as_of(log.attitudes, moment->t_us)->q;
    question.expected.push_back({moment->t_us, unlike, l2(moment->at, now.at), q[0], q[3]});
  }
  return question;
}

Question felt_before_question(const LogCopy& log) {
  const Moment& now = log.moments.back();
  Question question;
  question.title = "When have I felt like this before?";
  question.sql =
      "SELECT t_us, place, felt <-> $1 AS unlike\nFROM   moments\nWHERE  ts < now() - INTERVAL '5 seconds'\n"
      "ORDER BY felt <-> $1 LIMIT 3";
  question.parameters = {Value::vector(now.felt)};
  question.tolerance = kDistanceTolerance;
  for (const auto& [unlike, moment] : ranked(moments_between(log, -1, now.t_us - 5 * kSecondUs), now.felt, 3)) {
    question.expected.push_back({moment->t_us, point(moment->at), unlike});
  }
  return question;
}

Question message_question(const LogCopy& log) {
  Question question;
  question.title = "What did I say, and where was I then?";
  question.sql =
      "SELECT l.t_us, l.level_name, l.message, p.x, p.y, p.z\n"
      "FROM   log_messages l ASOF LEFT JOIN vehicle_local_position p ON l.t_us >= p.t_us\n"
      "ORDER BY l.t_us, l.message";
  std::vector<LogCopy::Message> messages = log.messages;
  std::ranges::sort(messages, {}, [](const auto& message) { return std::pair(message.t_us, message.text); });
  for (const LogCopy::Message& message : messages) {
    const LogCopy::Pose* pose = as_of(log.poses, message.t_us);
    const auto axis = [&](std::size_t i) { return pose == nullptr ? Value() : Value(pose->at[i]); };
    question.expected.push_back({message.t_us, message.level, message.text, axis(0), axis(1), axis(2)});
  }
  return question;
}

Question shake_question(const LogCopy& log) {
  Question question;
  question.title = "In which five seconds was I shaken most?";
  question.sql =
      "SELECT t_us / 5000000 AS five_seconds, count(*) AS samples, max(abs(accelerometer_m_s2_2)) AS hardest\n"
      "FROM   sensor_combined GROUP BY five_seconds ORDER BY hardest DESC, five_seconds LIMIT 3";
  std::map<std::int64_t, std::pair<std::int64_t, float>> buckets;
  for (const auto& sample : log.imu) {
    auto& [samples, hardest] = buckets[sample.t_us / (5 * kSecondUs)];
    ++samples;
    hardest = std::max(hardest, std::abs(sample.acceleration[2]));
  }
  std::vector<std::pair<std::int64_t, std::pair<std::int64_t, float>>> all(buckets.begin(), buckets.end());
  std::ranges::stable_sort(all, std::greater(), [](const auto& bucket) { return bucket.second.second; });
  all.resize(std::min<std::size_t>(all.size(), 3));
  for (const auto& [bucket, of] : all) question.expected.push_back({bucket, of.first, of.second});
  return question;
}

Question speed_question(const LogCopy& log) {
  Question question;
  question.title = "When was I fastest, and how high?";
  question.sql =
      "SELECT t_us, sqrt(vx * vx + vy * vy + vz * vz) AS speed, -z AS height\n"
      "FROM   vehicle_local_position ORDER BY speed DESC, t_us LIMIT 3";
  question.tolerance = kDistanceTolerance;
  std::vector<std::pair<double, const LogCopy::Pose*>> poses;
  for (const auto& pose : log.poses) poses.emplace_back(l2(pose.velocity, std::array<float, 3>{}), &pose);
  std::ranges::stable_sort(poses, std::greater(), [](const auto& entry) { return entry.first; });
  poses.resize(std::min<std::size_t>(poses.size(), 3));
  for (const auto& [speed, pose] : poses) question.expected.push_back({pose->t_us, speed, -pose->at[2]});
  return question;
}

}  // namespace

std::int64_t log_end_ns(const LogCopy& log) { return log.moments.back().t_us * 1'000; }

std::vector<Question> log_questions(const LogCopy& log) {
  std::vector<Question> questions = {shaken_here_question(log), felt_before_question(log), shake_question(log),
                                     speed_question(log)};
  if (!log.messages.empty()) questions.insert(questions.begin() + 2, message_question(log));
  return questions;
}

}  // namespace mneme::demo
