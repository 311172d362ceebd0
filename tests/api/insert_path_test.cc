// What a prepared INSERT of one row may cost besides its own work, counted where it happens: what the calling thread
// asks the heap for and which locks it takes, commit and all. Times depend on the machine; these do not.
#include <doctest/doctest.h>

#include <algorithm>
#include <cstdio>
#include <vector>

#include "mneme/database.h"
#include "support/allocations.h"
#include "support/locks.h"
#include "support/scratch_directory.h"

namespace mneme {
namespace {

constexpr int kWarmRows = 100, kRows = 201;

struct Cost {
  std::uint64_t allocations = 0;
  std::uint64_t locks = 0;
};

std::uint64_t middle(std::vector<std::uint64_t> counts) {
  std::ranges::sort(counts);
  return counts[counts.size() / 2];
}

// Of most rows: now and then one makes room for many.
template <class Insert>
Cost cost(const char* what, const Insert& insert) {
  for (int row = 0; row < kWarmRows; ++row) REQUIRE(insert(row).has_value());
  std::vector<std::uint64_t> allocations, locks;
  for (int row = kWarmRows; row < kWarmRows + kRows; ++row) {
    const support::AllocationWatch watch;
    const std::uint64_t before = support::locks_taken();
    const auto inserted = insert(row);
    allocations.push_back(watch.count());
    locks.push_back(support::locks_taken() - before);
    REQUIRE(inserted.has_value());
  }
  const Cost found{middle(allocations), middle(locks)};
  std::printf("insert path, %s: %llu allocations, %llu locks\n", what,
              static_cast<unsigned long long>(found.allocations), static_cast<unsigned long long>(found.locks));
  return found;
}

}  // namespace

TEST_CASE("insert path: a prepared INSERT of one row and its commit ask for little memory and take few locks") {
  const support::ScratchDirectory directory;
  auto database = Database::open(directory / "db");
  REQUIRE(database.has_value());
  Connection connection = database->connect();
  REQUIRE(
      connection.execute("CREATE TABLE t (id INT PRIMARY KEY, ts TIMESTAMP, v INT, x FLOAT, label TEXT)").has_value());
  connection.set_durability(Durability::commit);
  auto statement = connection.prepare("INSERT INTO t VALUES ($1, $2, $3, $4, $5)");
  REQUIRE(statement.has_value());
  const Cost prepared = cost("prepared", [&](int row) {
    return statement->execute(
        {Value(row), Value::timestamp(row), Value(row % 7), Value(row * 0.5), std::string_view("a label")});
  });
  CHECK(prepared.allocations <= 27);
  CHECK(prepared.locks <= 13);
  // The positive control: a plan that is made anew is seen.
  const Cost anew = cost("not prepared", [&](int row) {
    return connection.execute(
        "INSERT INTO t VALUES ($1, $2, $3, $4, $5)",
        {Value(-1 - row), Value::timestamp(row), Value(row % 7), Value(row * 0.5), std::string_view("a label")});
  });
  CHECK(anew.allocations > 2 * prepared.allocations);
  CHECK(prepared.locks > 0);
}

TEST_CASE("insert path: a commit that others came before is judged against them at little cost") {
  const support::ScratchDirectory directory;
  auto database = Database::open(directory / "db");
  REQUIRE(database.has_value());
  Connection connection = database->connect(), other = database->connect();
  REQUIRE(connection.execute("CREATE TABLE t (id INT PRIMARY KEY, v INT)").has_value());
  for (Connection* each : {&connection, &other}) each->set_durability(Durability::os);
  auto begin = connection.prepare("BEGIN"), commit = connection.prepare("COMMIT");
  auto insert = connection.prepare("INSERT INTO t VALUES ($1, 0)"),
       first = other.prepare("INSERT INTO t VALUES ($1, 1)");
  REQUIRE((begin && commit && insert && first));
  std::vector<std::uint64_t> allocations[2], locks[2];
  for (int row = 0; row < kWarmRows + 2 * kRows; ++row) {
    const int with_other = row % 2;
    REQUIRE(begin->execute({}).has_value());
    REQUIRE(insert->execute({Value(2 * row)}).has_value());
    if (with_other != 0) REQUIRE(first->execute({Value(2 * row + 1)}).has_value());
    const support::AllocationWatch watch;
    const std::uint64_t before = support::locks_taken();
    const auto committed = commit->execute({});
    if (row >= kWarmRows) {
      allocations[with_other].push_back(watch.count());
      locks[with_other].push_back(support::locks_taken() - before);
    }
    REQUIRE(committed.has_value());
  }
  const Cost alone{middle(allocations[0]), middle(locks[0])}, judged{middle(allocations[1]), middle(locks[1])};
  std::printf("insert path, COMMIT alone and after another: %llu and %llu allocations, %llu and %llu locks\n",
              static_cast<unsigned long long>(alone.allocations), static_cast<unsigned long long>(judged.allocations),
              static_cast<unsigned long long>(alone.locks), static_cast<unsigned long long>(judged.locks));
  CHECK(judged.allocations <= alone.allocations + 1);
  CHECK(judged.locks <= alone.locks + 2);
  CHECK(judged.locks > alone.locks);  // The positive control: it is judged.
}

}  // namespace mneme
