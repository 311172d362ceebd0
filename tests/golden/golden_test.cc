// Databases of every format version that was ever released open, whole, with the present code.
//
// tests/golden/format-<n>-segments-<m> is a database as a process left it that was killed after tests/golden/rows.sql:
// rows in segments of format m, ended rows, blob files, and a log behind them; without a number they are of format 1.
// What it must hold is what the same statements make today. The zeros at the ends of its files are not kept; sizes.txt
// says how long they are. MAKE=1 makes the present version's.
#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <map>

#include "mneme/database.h"
#include "mneme/salvage.h"
#include "storage/file_header.h"
#include "storage/segment_format.h"
#include "support/environment.h"
#include "support/scratch_directory.h"

namespace mneme {
namespace {

namespace fs = std::filesystem;
const std::string kGolden = MNEME_SOURCE_DIR "/tests/golden";

std::string present() {
  return kGolden + "/format-" + std::to_string(kFormatVersion) + "-segments-" + std::to_string(kSegmentFormatVersion);
}

std::string read_file(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  REQUIRE(file);
  return {std::istreambuf_iterator<char>(file), {}};
}

void write_file(const fs::path& path, const std::string& bytes) {
  fs::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary) << bytes;
}

// A database of what rows.sql says, in this process. Nothing is closed.
Database work(const std::string& directory) {
  auto database = Database::open(directory);
  REQUIRE(database);
  auto connection = database->connect();
  const auto done = connection.execute_script(read_file(kGolden + "/rows.sql"));
  INFO((done ? "" : done.error().to_string()));
  REQUIRE(done);
  return *std::move(database);
}

void make(const std::string& golden) {
  const support::ScratchDirectory scratch;
  const Database database = work(scratch / "db");
  std::ofstream sizes;
  fs::create_directories(golden);
  sizes.open(golden + "/sizes.txt");
  for (const auto& entry : fs::recursive_directory_iterator(scratch / "db")) {
    if (!entry.is_regular_file() || entry.path().filename() == "LOCK") continue;
    std::string bytes = read_file(entry.path());
    const std::string name = fs::relative(entry.path(), scratch / "db").string();
    sizes << name << ' ' << bytes.size() << '\n';
    bytes.resize(bytes.find_last_not_of('\0') + 1);
    write_file(fs::path(golden) / name, bytes);
  }
}

void restore(const std::string& golden, const std::string& directory) {
  std::ifstream sizes(golden + "/sizes.txt");
  std::string name;
  for (std::uint64_t bytes = 0; sizes >> name >> bytes;) {
    const fs::path path = fs::path(directory) / name;
    write_file(path, read_file(fs::path(golden) / name));
    REQUIRE(::truncate(path.c_str(), static_cast<off_t>(bytes)) == 0);
  }
  fs::create_directories(directory + "/blob");
}

std::vector<std::string> released() {
  std::vector<std::string> found;
  for (const auto& entry : fs::directory_iterator(kGolden)) {
    if (entry.is_directory()) found.push_back(entry.path().string());
  }
  return found;
}

// Every row of every table, as text.
std::map<std::string, std::vector<std::string>> content(Database& database) {
  std::map<std::string, std::vector<std::string>> tables;
  auto connection = database.connect();
  for (const char* table : {"every_kind", "reading", "clip"}) {
    const auto rows = connection.execute(std::string("SELECT * FROM ") + table + " ORDER BY id");
    INFO((rows ? "" : rows.error().to_string()));
    REQUIRE(rows);
    for (const auto row : *rows) {
      std::string& text = tables[table].emplace_back();
      for (std::size_t i = 0; i < row.size(); ++i) text += row[i].to_text() + "|";
    }
  }
  return tables;
}

}  // namespace

TEST_CASE("golden: a database of any released format opens with all its rows, is sound and takes new ones") {
  if (support::environment("MAKE", 0) != 0) make(present());
  const support::ScratchDirectory scratch;
  Database today = work(scratch / "today");
  const auto expected = content(today);
  CHECK(expected.at("reading").size() == 2750);  // 3,000 without each tenth, and 50.
  CHECK(expected.at("clip").size() == 3);
  CHECK(fs::exists(present()));
  CHECK(released().size() >= 2);  // Segments of format 1 and 2.
  for (const std::string& golden : released()) {
    INFO(golden);
    const std::string directory = scratch / fs::path(golden).filename().string();
    restore(golden, directory);
    for (const bool again : {false, true}) {
      auto database = Database::open(directory);
      INFO((database ? "" : database.error().to_string()));
      REQUIRE(database);
      CHECK(content(*database) == expected);
      const auto report = database->check();
      REQUIRE(report);
      CHECK(report->problems.empty());
      auto connection = database->connect();
      CHECK(connection.execute("SELECT count(*) FROM gone").error().code() == Code::not_found);
      if (!again) continue;
      CHECK(connection.execute("INSERT INTO every_kind (id, t) VALUES (9, 'one')").error().code() == Code::constraint);
      CHECK(connection.execute("INSERT INTO every_kind (id, t) VALUES (9, 'nine')"));
    }
  }
}

TEST_CASE("golden: a salvage of a database of any released format has all its rows") {
  const support::ScratchDirectory scratch;
  Database today = work(scratch / "today");
  for (const std::string& golden : released()) {
    INFO(golden);
    const std::string name = fs::path(golden).filename().string();
    restore(golden, scratch / name);
    const auto report = salvage(scratch / name, scratch / ("saved_" + name));
    INFO((report ? "" : report.error().to_string()));
    REQUIRE(report);
    CHECK(report->complete());
    auto saved = Database::open(scratch / ("saved_" + name));
    REQUIRE(saved);
    CHECK(content(*saved) == content(today));
    CHECK(saved->check()->problems.empty());
  }
}

TEST_CASE("golden: a file of a format yet to come is refused by name, and nothing is changed") {
  const support::ScratchDirectory scratch;
  const std::string golden = present();
  int refused = 0;
  for (const auto& entry : fs::recursive_directory_iterator(golden)) {
    const std::string name = fs::relative(entry.path(), golden).string();
    if (!name.starts_with("MANIFEST-") && !name.ends_with(".log")) continue;
    const std::string directory = scratch / ("db" + std::to_string(refused));
    restore(golden, directory);
    const fs::path path = fs::path(directory) / name;
    std::string bytes = read_file(path);
    const auto header_bytes = as_bytes(bytes).first(kFileHeaderBytes);
    auto header = decode_header(std::string_view(bytes).substr(0, 8), header_bytes, name);
    REQUIRE(header);
    header->format_version = kFormatVersion + 1;
    const auto encoded = encode_header(std::string_view(bytes).substr(0, 8), *header);
    bytes.replace(0, kFileHeaderBytes, as_text(encoded));
    write_file(path, bytes);
    const auto opened = Database::open(directory);
    REQUIRE(!opened);
    CHECK(opened.error().code() == Code::unsupported);
    CHECK(opened.error().message().find(name) != std::string::npos);
    CHECK(read_file(path) == bytes);
    ++refused;
  }
  CHECK(refused >= 2);
}

}  // namespace mneme
