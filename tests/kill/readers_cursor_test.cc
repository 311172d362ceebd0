// A reader that is in the midst of a query while the writer does its worst to what the query reads: every row, index,
// file and blob of it goes, the table itself goes, the writer is closed and opened anew. The query ends as it
// began. Afterwards nothing of all that is left on the disk.
//   ROUNDS=<n>  so often      SEED=<n>  of the order
#include <doctest/doctest.h>

#include <filesystem>
#include <optional>
#include <random>

#include "mneme/database.h"
#include "support/environment.h"
#include "support/scratch_directory.h"

namespace mneme::kill {
namespace {

constexpr std::int64_t kRows = 6'000;
constexpr std::int64_t kBlobs = 12;
constexpr std::size_t kBlobBytes = 100'000;

Options small(bool read_only) {
  Options options;
  options.memory_budget = std::size_t{8} << 20;
  options.log_file_bytes = std::uint64_t{64} << 10;
  options.read_only = read_only;
  return options;
}

void run(Connection& connection, const std::string& sql) {
  const auto done = connection.execute_script(sql);
  REQUIRE_MESSAGE(done.has_value(), sql, ": ", done ? "" : done.error().to_string());
}

void fill(Database& database) {
  auto connection = database.connect();
  run(connection,
      "CREATE TABLE t (n INT PRIMARY KEY, kind INT, text TEXT); CREATE INDEX by_kind ON t (kind);"
      "CREATE TABLE clip (n INT, bytes BLOB)");
  auto rows = database.appender("t").value();
  for (std::int64_t n = 1; n <= kRows; ++n) rows.append(n, n % 7, "text " + std::to_string(n)).value();
  rows.flush().value();
  for (std::int64_t n = 1; n <= kBlobs; ++n) {
    const std::string bytes(kBlobBytes, static_cast<char>('a' + n));
    connection.execute("INSERT INTO clip VALUES ($1, $2)", {Value(n), Value::blob(std::as_bytes(std::span(bytes)))})
        .value();
  }
}

// What the writer may do while somebody reads. All of it changes or removes what is read.
const char* const kDeeds[] = {
    "UPDATE t SET text = 'other', kind = kind + 1 WHERE n % 2 = 0",
    "DELETE FROM t WHERE n % 3 = 0",
    "VACUUM",
    "ALTER TABLE t ADD COLUMN more INT DEFAULT 5",
    "ALTER TABLE t DROP COLUMN text",
    "DROP INDEX by_kind",
    "DELETE FROM clip WHERE n > 3",
    "VACUUM",
    "UPDATE clip SET bytes = x'00' WHERE n = 2",
    "TRUNCATE t",
    "DROP TABLE t; CREATE TABLE t (n INT PRIMARY KEY); INSERT INTO t VALUES (1)",
    "DROP TABLE clip",
    "VACUUM",
};

std::uint64_t bytes_under(const std::string& directory) {
  std::uint64_t bytes = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(directory)) {
    if (entry.is_regular_file()) bytes += entry.file_size();
  }
  return bytes;
}

// What one batch of the query says, against what was there when it began.
std::int64_t take(const BatchView& batch) {
  for (std::size_t i = 0; i < batch.rows(); ++i) {
    const std::int64_t n = batch.values<std::int64_t>(0)[i];
    REQUIRE(batch.values<std::int64_t>(1)[i] == n % 7);
    REQUIRE(batch.text(2, i) == "text " + std::to_string(n));
  }
  return static_cast<std::int64_t>(batch.rows());
}

void one_round(std::uint64_t seed) {
  std::mt19937_64 random(seed);
  const support::ScratchDirectory folder;
  const std::string directory = folder / "db";
  std::optional<Database> writer(Database::open(directory, small(false)).value());
  fill(*writer);
  auto connection = std::make_optional(writer->connect());
  if (random() % 2 == 0) run(*connection, "VACUUM");

  auto reader = Database::open(directory, small(true)).value();
  auto cursor = reader.connect(), clips = reader.connect(), fresh = reader.connect();
  std::optional stream =
      cursor.query(std::string("SELECT n, kind, text FROM t") + (random() % 2 == 0 ? " ORDER BY n" : "")).value();
  run(clips, "BEGIN");
  CHECK(clips.execute("SELECT count(*) FROM clip").value().value(0, 0).as_int() == kBlobs);
  std::int64_t read = 0;
  for (const char* deed : kDeeds) {
    run(*connection, deed);
    if (random() % 3 == 0) {
      const auto batch = stream->next();
      REQUIRE_MESSAGE(batch.has_value(), deed);
      if (*batch) read += take(**batch);
    }
    if (random() % 6 == 0) {
      connection.reset();
      writer.reset();
      writer.emplace(Database::open(directory, small(false)).value());
      connection.emplace(writer->connect());
    }
    if (random() % 3 == 0) CHECK(fresh.execute("SELECT count(*) FROM t").has_value());
  }
  while (const auto batch = stream->next().value()) read += take(*batch);
  CHECK(read == kRows);
  stream.reset();
  const auto all = clips.execute("SELECT n, bytes FROM clip ORDER BY n").value();
  REQUIRE(all.rows() == kBlobs);
  for (std::int64_t n = 1; n <= kBlobs; ++n) {
    const auto row = static_cast<std::size_t>(n - 1);
    CHECK(all.value(row, 0).as_int() == n);
    CHECK(all.value(row, 1).bytes() == std::string(kBlobBytes, static_cast<char>('a' + n)));
  }
  run(clips, "COMMIT");
  CHECK(fresh.execute("SELECT count(*) FROM t").value().value(0, 0).as_int() == 1);

  // Held back no longer.
  for (int i = 0; i < 5; ++i) {
    run(*connection, "INSERT INTO t VALUES (" + std::to_string(10 + i) + "); VACUUM");
    while (writer->run_maintenance(10'000'000).value()) {
    }
    CHECK(fresh.execute("SELECT count(*) FROM t").value().value(0, 0).as_int() == 2 + i);
  }
  CHECK(bytes_under(directory + "/blob") == 0);
  CHECK(bytes_under(directory + "/seg") < 100'000);
  CHECK(writer->check().value().problems == std::vector<std::string>{});
}

}  // namespace

TEST_CASE("readers: a query that is under way ends as it began, whatever the writer does to what it reads") {
  const std::uint64_t rounds = support::environment("ROUNDS", 3), first = support::environment("SEED", 1);
  for (std::uint64_t seed = first; seed < first + rounds; ++seed) {
    CAPTURE(seed);
    one_round(seed);
  }
}

}  // namespace mneme::kill
