#include "question.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>

#include "import/try.h"

namespace mneme::demo {
namespace {

using Rows = std::vector<std::vector<Value>>;
constexpr std::size_t kRowsShown = 5;

struct Answer {
  std::vector<std::string> names;
  Rows rows;
  std::string plan;
  double first_seconds = 0;
  double again_seconds = 0;  // The median of five.
};

double seconds_of(Statement& statement, const Question& question, Result<ResultSet>& result) {
  const auto begin = std::chrono::steady_clock::now();
  result = statement.execute(question.parameters);
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

Result<Answer> answer(Connection& connection, const Question& question) {
  Answer answer;
  const auto plan = TRY(connection.execute("EXPLAIN " + question.sql, question.parameters));
  for (const auto row : plan) answer.plan += std::string(row[0].as_text()) + "\n";
  Statement statement = TRY(connection.prepare(question.sql));
  Result<ResultSet> result = Error(Code::cancelled, "not run yet");
  answer.first_seconds = seconds_of(statement, question, result);
  std::array<double, 5> again{};
  for (double& seconds : again) {
    if (!result) return std::move(result).error();
    seconds = seconds_of(statement, question, result);
  }
  std::ranges::sort(again);
  answer.again_seconds = again[again.size() / 2];
  const ResultSet rows = TRY(std::move(result));
  for (const ColumnInfo& column : rows.columns()) answer.names.push_back(column.name);
  for (const auto row : rows) {
    auto& values = answer.rows.emplace_back();
    for (std::size_t column = 0; column < row.size(); ++column) values.push_back(row[column]);
  }
  return answer;
}

bool same(const Value& found, const Value& expected, double tolerance) {
  if (found.is_null() || expected.is_null()) return found.is_null() == expected.is_null();
  const TypeKind kind = expected.type().kind;
  if (kind != TypeKind::floating && kind != TypeKind::real) return found == expected;
  if (found.type().kind != TypeKind::floating && found.type().kind != TypeKind::real) return false;
  const double want = expected.as_double();
  return std::abs(found.as_double() - want) <= tolerance * std::max(1.0, std::abs(want));
}

bool same(const Rows& found, const Rows& expected, double tolerance) {
  return std::ranges::equal(found, expected, [&](const auto& a, const auto& b) {
    return std::ranges::equal(a, b, [&](const Value& x, const Value& y) { return same(x, y, tolerance); });
  });
}

}  // namespace

bool ask(Connection& connection, const Question& question, std::size_t number, Terminal& terminal) {
  terminal.heading(number, question.title);
  terminal.code(question.sql);
  const auto answered = answer(connection, question);
  if (!answered) return terminal.check(false, "     error", answered.error().to_string());
  terminal.code(answered->plan);
  auto shown_rows = answered->rows;
  shown_rows.resize(std::min(shown_rows.size(), kRowsShown));
  terminal.table(answered->names, shown_rows);
  const bool right = !question.expected.empty() && same(answered->rows, question.expected, question.tolerance);
  if (!right) terminal.table(answered->names, question.expected);
  return terminal.check(right, "     =>",
                        std::to_string(answered->rows.size()) + " rows, " + (right ? "" : "not ") +
                            "as predicted, in " + duration_text(answered->first_seconds) + ", then " +
                            duration_text(answered->again_seconds));
}

}  // namespace mneme::demo
