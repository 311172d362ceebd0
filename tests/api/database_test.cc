// What the public API promises beyond its statements: files, processes, checks.
#include "mneme/database.h"

#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>

namespace mneme {
namespace {

struct Directory {
  std::string path = [] {
    std::string made = (std::filesystem::temp_directory_path() / "mneme-api-XXXXXX").string();
    REQUIRE(::mkdtemp(made.data()) != nullptr);
    return made;
  }();
  ~Directory() { std::filesystem::remove_all(path); }
  [[nodiscard]] std::string db() const { return path + "/db"; }
};

std::int64_t number(Connection& connection, std::string_view sql) {
  return connection.execute(sql).value().value(0, 0).as_int();
}

}  // namespace

TEST_CASE(
    "database: an index larger than maintenance's memory is built through scratch files, and none of them stays") {
  const Directory directory;
  Options options;
  options.memory_budget = 4 << 20;
  options.threads = 0;
  {
    auto db = Database::open(directory.db(), options).value();
    auto connection = db.connect();
    connection.execute("CREATE TABLE t (id INT PRIMARY KEY, name TEXT)").value();
    connection.execute("CREATE INDEX t_name ON t (name)").value();
    for (int batch = 0; batch < 40; ++batch) {
      const std::string first = std::to_string(batch * 5'000), last = std::to_string(batch * 5'000 + 4'999);
      connection
          .execute("INSERT INTO t SELECT n, md5(CAST(n AS TEXT)) FROM generate_series(" + first + ", " + last +
                   ") AS s(n)")
          .value();
      while (db.run_maintenance(1'000'000'000).value()) {
      }
    }
    CHECK(number(connection, "SELECT count(*) FROM t") == 200'000);
    CHECK(number(connection, "SELECT id FROM t WHERE name = md5('123456')") == 123'456);
    CHECK(db.check().value().problems.empty());
    CHECK(db.info().value().tables[0].segments <= 24);  // Merges go on; they do not wait for memory that never comes.
    db.close().value();
  }
  const std::string left = directory.db() + "/seg/sort-7.tmp";  // As a crash may leave it.
  REQUIRE(std::fclose(std::fopen(left.c_str(), "w")) == 0);
  auto db = Database::open(directory.db(), options).value();
  for (int round = 0; round < 3; ++round) {  // Files go after two later syncs.
    auto connection = db.connect();
    connection.execute("INSERT INTO t VALUES ($1, 'x')", {std::int64_t{1'000'000 + round}}).value();
    while (db.run_maintenance(1'000'000'000).value()) {
    }
  }
  for (const auto& entry : std::filesystem::directory_iterator(directory.db() + "/seg")) {
    CHECK(entry.path().extension() != ".tmp");
  }
}

}  // namespace mneme
