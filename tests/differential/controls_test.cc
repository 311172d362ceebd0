// The checker is checked: bugs planted into mneme's answers are found, each by the comparison it is meant for, and made
// small.
#include <doctest/doctest.h>

#include <algorithm>

#include "differential/minimise.h"

namespace mneme::differential {
namespace {

constexpr std::uint64_t kSeedsMax = 30;

struct Found {
  std::uint64_t seed = 0;
  Life life;
  Difference difference;
};

// The first difference that a planted bug shows between any of `wanted`.
std::optional<Found> find(const Tamper& tamper, const OtherSides& others, const std::vector<std::string>& wanted) {
  for (std::uint64_t seed = 1; seed <= kSeedsMax; ++seed) {
    Life life = draw_life(seed);
    Counts counts;
    auto difference = play(life, others, counts, tamper);
    if (!difference || std::ranges::find(wanted, difference->between) == wanted.end()) continue;
    return Found{.seed = seed, .life = std::move(life), .difference = *std::move(difference)};
  }
  return std::nullopt;
}

OtherSides sqlite_only() {
  OtherSides others;
  others.push_back(make_sqlite_side());
  return others;
}

bool says(const Way& way, std::string_view text) { return way.sql.find(text) != std::string_view::npos; }

// Loses the last of several rows.
void lose(Outcome& outcome) {
  if (outcome.rows.size() > 1) outcome.rows.pop_back();
}

TEST_CASE("differential controls: without a planted bug the same lives show nothing") {
  const OtherSides others = sqlite_only();
  CHECK(!find({}, others, {"SQLite", "itself", "without indexes", "with parameters", "committed", "after a flush"}));
}

TEST_CASE("differential controls: a row lost by a comparison is found by SQLite, and made a short script") {
  const OtherSides others = sqlite_only();
  const Tamper tamper = [](const Way& way, Outcome& outcome) {
    if (way.sql.starts_with("SELECT") && says(way, " > ")) lose(outcome);
  };
  const auto found = find(tamper, others, {"SQLite"});
  REQUIRE(found);
  const Minimal minimal = minimise(found->life, found->difference, others, 2'000, tamper);
  CHECK(minimal.difference.between == "SQLite");
  CHECK(minimal.life.size() <= 4);  // A table or two, their rows, the query.
  CHECK(script_of(minimal.life, Dialect::mneme).size() < script_of(found->life, Dialect::mneme).size() / 10);
}

TEST_CASE("differential controls: a wrong value and a missing error are found by SQLite") {
  const OtherSides others = sqlite_only();
  CHECK(find(
      [](const Way& way, Outcome& outcome) {
        if (says(way, "sum(") && !outcome.rows.empty() && outcome.rows[0].back()) outcome.rows[0].back() = "12345";
      },
      others, {"SQLite"}));
  CHECK(find([](const Way&, Outcome& outcome) { outcome.ok = true; }, others, {"a change / SQLite"}));
}

TEST_CASE("differential controls: an order that is not the asked one is found") {
  CHECK(find(
      [](const Way& way, Outcome& outcome) {
        if (says(way, " ORDER BY ")) std::ranges::reverse(outcome.rows);
      },
      sqlite_only(), {"SQLite"}));
}

TEST_CASE("differential controls: a condition that leaves out a row too many contradicts itself") {
  CHECK(find(
      [](const Way& way, Outcome& outcome) {
        if (way.sql.starts_with("SELECT count(*) FROM") && says(way, " WHERE ") && !outcome.rows.empty())
          outcome.rows[0][0] = "0";
      },
      {}, {"itself"}));
  CHECK(find(
      [](const Way& way, Outcome& outcome) {
        if (says(way, " WHERE (NOT ")) lose(outcome);
      },
      {}, {"itself"}));
  CHECK(find(
      [](const Way& way, Outcome& outcome) {
        if (says(way, " UNION ")) lose(outcome);
      },
      {}, {"itself"}));
}

TEST_CASE("differential controls: a row lost on one way only is found by asking on another") {
  CHECK(find(
      [](const Way& way, Outcome& outcome) {
        if (way.prepared && outcome.ok) outcome.rows.clear();
      },
      {}, {"with parameters"}));
  CHECK(find(
      [](const Way& way, Outcome& outcome) {
        if (!says(way, "pt") && way.sql.starts_with("SELECT")) lose(outcome);
      },
      {}, {"without indexes"}));
  CHECK(find(
      [](const Way& way, Outcome& outcome) {
        if (way.flushed) lose(outcome);
      },
      {}, {"after a flush", "after a merge", "after reopening"}));
  CHECK(find(
      [](const Way& way, Outcome& outcome) {
        if (way.in_transaction && !says(way, " p ")) lose(outcome);
      },
      {}, {"committed", "itself"}));
}

}  // namespace
}  // namespace mneme::differential
