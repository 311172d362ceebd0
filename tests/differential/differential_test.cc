// Random lives of random schemas, their answers held against SQLite's, PostgreSQL's where a server is given, and
// against what mneme itself says by other ways.
//
// QUERIES: how many questions. SEED: the first life's. DIFFERENCES: how many are reported before it stops. POSTGRES:
// the folder of a server's socket (./dev differ --postgres starts one). A difference is printed as the smallest script
// that shows it; the seed that found it is added to kFound below.
#include <doctest/doctest.h>

#include <array>
#include <cstdio>
#include <cstdlib>

#include "differential/minimise.h"
#include "support/environment.h"

#ifndef MNEME_QUERIES  // Fewer in a build with sanitizers.
#define MNEME_QUERIES 50'000
#endif

namespace mneme::differential {
namespace {

constexpr std::size_t kMinimiseTriesMax = 3'000;

// Seeds of lives that once showed a bug. What a seed draws changes with the generator, so that each bug has its own
// regression in tests/sql, too: NULL in a row left out by ON CONFLICT (insert.test).
constexpr std::array<std::uint64_t, 3> kFound{30, 41, 238};

OtherSides sides() {
  OtherSides others;
  others.push_back(make_sqlite_side());
  const char* folder = std::getenv("POSTGRES");
  if (folder == nullptr) return others;
  auto postgres = make_postgres_side(folder);
  REQUIRE_MESSAGE(postgres != nullptr, "no PostgreSQL at " << folder << ", or this build has no libpq");
  others.push_back(std::move(postgres));
  return others;
}

void report(std::uint64_t seed, const Life& life, const Difference& found, const OtherSides& others) {
  const Minimal minimal = minimise(life, found, others, kMinimiseTriesMax);
  std::string text = "SEED=" + std::to_string(seed) + ": mneme / " + minimal.difference.between + "\n" +
                     script_of(minimal.life, Dialect::mneme) + minimal.difference.detail + "\n";
  for (const auto& other : others) {
    if (other->name() == minimal.difference.between) {
      text += "-- in " + std::string(other->name()) + ":\n" + script_of(minimal.life, other->dialect());
    }
  }
  FAIL_CHECK(text);
}

// False: a difference, reported.
bool live(std::uint64_t seed, const OtherSides& others, Counts& counts) {
  const Life life = draw_life(seed);
  const auto found = play(life, others, counts);
  if (found) report(seed, life, *found, others);
  return !found;
}

TEST_CASE("differential: seeds that once showed a difference show none") {
  const OtherSides others = sides();
  Counts counts;
  for (const std::uint64_t seed : kFound) live(seed, others, counts);
}

TEST_CASE("differential: random queries are answered as SQLite and PostgreSQL do, and by all of mneme's ways alike") {
  const OtherSides others = sides();
  if (others.size() < 2) std::printf("SKIPPED: PostgreSQL 15: POSTGRES names no server (./dev differ --postgres)\n");
  const std::uint64_t queries = support::environment("QUERIES", MNEME_QUERIES);
  const std::uint64_t differences_max = support::environment("DIFFERENCES", 3);
  const std::uint64_t first = support::environment("SEED", 1);
  Counts counts;
  std::uint64_t lives = 0;
  std::uint64_t differences = 0;
  for (; counts.questions < queries && differences < differences_max; ++lives) {
    if (!live(first + lives, others, counts)) ++differences;
  }
  std::printf(
      "seeds %llu to %llu: %llu queries (%llu held against others, %llu against themselves, %llu with parameters, %llu "
      "without indexes, %llu asked "
      "again), %llu changes, %llu errors on all sides, %llu not there, %llu rows: %llu differences\n",
      static_cast<unsigned long long>(first), static_cast<unsigned long long>(first + lives - 1),
      static_cast<unsigned long long>(counts.questions), static_cast<unsigned long long>(counts.compared),
      static_cast<unsigned long long>(counts.by_themselves), static_cast<unsigned long long>(counts.prepared),
      static_cast<unsigned long long>(counts.unindexed), static_cast<unsigned long long>(counts.again),
      static_cast<unsigned long long>(counts.changes), static_cast<unsigned long long>(counts.errors),
      static_cast<unsigned long long>(counts.unsupported), static_cast<unsigned long long>(counts.rows),
      static_cast<unsigned long long>(differences));
}

}  // namespace
}  // namespace mneme::differential
