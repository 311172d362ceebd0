// Files into a database: what is there afterwards, and that a failure leaves nothing.
#include "import/import.h"

#include <doctest/doctest.h>

#include <optional>

#include "import/database_sink.h"
#include "import/ulog_builder.h"
#include "support/scratch_directory.h"

namespace {
using namespace mneme;
using namespace mneme::cli;
using import::ImportReport;

struct World {
  support::ScratchDirectory files;
  Database database = Database::open(files.path() + "/db").value();

  Result<ImportReport> import_bytes(const std::string& name, const std::string& bytes, const std::string& table = "") {
    return import::import_file(database, files.file(name, bytes), {.table = table, .progress = {}});
  }
  std::string error(const std::string& name, const std::string& bytes, const std::string& table = "") {
    const auto report = import_bytes(name, bytes, table);
    return report ? "none" : report.error().to_string();
  }
  // Rows of a query, values separated by '|', rows by '/'.
  std::string query(const std::string& sql) {
    const auto result = database.connect().execute(sql);
    if (!result) return result.error().to_string();
    std::string text;
    for (auto row : *result) {
      if (!text.empty()) text += '/';
      for (std::size_t i = 0; i < row.size(); ++i) text += (i > 0 ? "|" : "") + row[i].to_text();
    }
    return text;
  }
  std::string tables() {
    std::string names;
    for (const auto& table : database.info().value().tables) names += (names.empty() ? "" : " ") + table.name;
    return names;
  }
  void reopen() {
    database.close().value();
    database = Database::open(files.path() + "/db").value();
  }
};

constexpr std::size_t kImportsPerWorld =
    16;  // Each leaves seven tables, and every look at the catalogue sees them all.

bool has(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

std::string small_log() {
  UlogBuilder log(1'000'000);
  log.flags(0)
      .format("imu:uint64_t timestamp;float[3] a;bool ok;uint8_t n;")
      .pair('I', "char[3] sys", "abc")
      .pair('P', "int32_t p", packed(std::int32_t{7}))
      .subscribe(0, "imu")
      .subscribe(1, "imu", 1)
      .data(0, std::uint64_t{1'000'001}, 0.5F, 1.5F, -2.5F, true, std::uint8_t{200})
      .data(1, std::uint64_t{1'000'002}, 1.0F, 2.0F, 3.0F, false, std::uint8_t{1})
      .data(0, std::uint64_t{1'000'003}, 4.0F, 5.0F, 6.0F, false, std::uint8_t{2})
      .message('L', packed('6', std::uint64_t{1'000'004}, std::string("it's \"so\"")));
  return log.bytes();
}
}  // namespace

TEST_CASE("import: a CSV file becomes a table named after it, with typed values, there after a reopening") {
  World world;
  const auto report = world.import_bytes("My Data.csv", "when,select,x\n2020-02-29,\"a\"\"b\",1.5\n,,\n");
  REQUIRE_MESSAGE(report, report.error().to_string());
  CHECK(report->rows == 2);
  CHECK(report->tables == 1);
  world.reopen();
  CHECK(world.tables() == "my_data");
  CHECK(world.query("SELECT \"when\", \"select\", x FROM my_data") == "2020-02-29|a\"b|1.5/||");
}

TEST_CASE("import: JSON lines and vector files become tables, named as asked") {
  World world;
  CHECK(world.error("x.jsonl", "{\"a\":{\"b\":[1,2]},\"v\":[1,2,3,4,5,6,7,8]}\n", "J") == "none");
  CHECK(world.query("SELECT a, v FROM j") == "{\"b\":[1,2]}|[1,2,3,4,5,6,7,8]");
  CHECK(world.error("x.u8bin", packed(2U, 2U, "\x01\x02\x03\xff"), "v") == "none");
  CHECK(world.query("SELECT id, v FROM v") == "0|[1,2]/1|[3,255]");
  CHECK(world.error("x.tsv", "a\tb,c\n1\t2\n") == "none");
  CHECK(world.query("SELECT a, b_c FROM x") == "1|2");
}

TEST_CASE("import: a ULog becomes a table a topic and instance, known by its first bytes, names prefixed as asked") {
  World world;
  const auto report = world.import_bytes("flight", small_log(), "f1");
  REQUIRE_MESSAGE(report, report.error().to_string());
  CHECK(report->rows == 6);
  CHECK(report->tables == 7);
  CHECK(world.query("SELECT * FROM f1_imu") == "1000001||0.5|1.5|-2.5|t|200/1000003||4|5|6|f|2");
  CHECK(world.query("SELECT t_us, a_1 FROM f1_imu_1") == "1000002|2");
  CHECK(world.query("SELECT name, value FROM f1_parameters") == "p|7");
  CHECK(world.query("SELECT t_us, level_name, message FROM f1_log_messages") == "1000004|INFO|it's \"so\"");
  CHECK(world.error("flight2", small_log()) == "none");  // Without a prefix beside it.
}

TEST_CASE("import: a table that exists is an error, and stays as it was") {
  World world;
  CHECK(world.error("a.csv", "x\n1\n") == "none");
  CHECK(has(world.error("a.csv", "x\n2\n"), "a.csv: table 'a' exists already"));
  CHECK(world.query("SELECT x FROM a") == "1");
  CHECK(world.error("b.csv", "x\n1\n", "info") == "none");
  CHECK(has(world.error("flight.ulg", small_log()), "table 'info' exists already"));
  CHECK(world.tables() == "a info");
}

TEST_CASE("import: files that cannot be read say which and why, and leave nothing") {
  World world;
  const auto error_of = [&](const std::string& path) {
    const auto report = import::import_file(world.database, path, {});
    return report ? "none" : report.error().to_string();
  };
  CHECK(has(error_of(world.files.path() + "/absent.csv"), "absent.csv: No such file"));
  CHECK(has(error_of(world.files.path()), "not a regular file"));
  CHECK(has(world.error("a.pdf", "%PDF"), "a.pdf: this is no ULog file, and its name's end is of no format known"));
  CHECK(has(world.error("empty.csv", ""), "empty.csv: line 1, column 1: the file holds no record"));
  CHECK(has(world.error("empty.jsonl", ""), "empty.jsonl: line 1, column 1: "));
  CHECK(has(world.error("empty.ulg", ""), "empty.ulg: ULog: at offset 0: "));
  CHECK(has(world.error("empty.fvecs", ""), "empty.fvecs: vectors: at offset 0: "));
  CHECK(has(world.error("a.csv", "x,y\n1\n"), "a.csv: line 2, column 1: 1 fields, where the first line has 2"));
  CHECK(has(world.error("b.bvecs", packed(1U, 'a', 2U, 'b')), "b.bvecs: vectors: at offset 5: "));
  CHECK(world.tables().empty());
}

TEST_CASE("import: damage in the middle of a log leaves none of its tables") {
  World world;
  const std::string log = small_log() + packed(std::uint16_t{2}, 'D', std::uint16_t{9});
  CHECK(has(world.error("flight.ulg", log), "message id 9 was never subscribed"));
  CHECK(world.tables().empty());
}

TEST_CASE("import: a log cut at any byte is imported as far as it goes, or leaves nothing") {
  const std::string log = small_log();
  std::size_t imported = 0;
  std::optional<World> world;
  for (std::size_t bytes = 0; bytes <= log.size(); ++bytes) {
    if (bytes % kImportsPerWorld == 0) world.emplace();
    const std::string before = world->tables();
    const auto report = world->import_bytes("cut.ulg", log.substr(0, bytes), "c" + std::to_string(bytes));
    imported += report ? 1U : 0U;
    if (!report) CHECK_MESSAGE(has(report.error().message(), "cut.ulg: ULog: "), report.error().message());
    if (!report) CHECK(world->tables() == before);
  }
  CHECK(imported == log.size() - 15);  // All but those without a whole header of 16 bytes.
}

TEST_CASE("import: a log with any one byte changed is imported, or is an error and leaves nothing") {
  const std::string log = small_log();
  std::optional<World> world;
  for (std::size_t at = 0; at < log.size(); ++at) {
    if (at % kImportsPerWorld == 0) world.emplace();
    std::string damaged = log;
    damaged[at] = static_cast<char>(damaged[at] ^ (at % 3 == 0 ? 0x80 : at % 3 == 1 ? 0x01 : 0xff));
    const std::string before = world->tables();
    const auto report = world->import_bytes("bad.ulg", damaged, "c" + std::to_string(at));
    if (!report) CHECK_MESSAGE(world->tables() == before, report.error().message());
    CHECK(!has(world->tables(), "pending"));
  }
}

TEST_CASE("import: what a killed import left behind is dropped by the next") {
  World world;
  {
    DatabaseSink sink(world.database);
    REQUIRE(sink.begin());
    const ImportTable table{"half", {{"x", {.kind = TypeKind::integer}}}};
    const std::size_t number = sink.begin_table(table).value();
    TableBatch batch(table);
    batch.columns[0].append(std::int64_t{1});
    REQUIRE(sink.append(number, batch));
  }
  world.reopen();
  CHECK(world.tables() == "_import_pending_0");
  CHECK(world.error("a.csv", "x\n1\n") == "none");
  CHECK(world.tables() == "a");
}

TEST_CASE("import: a file several times the memory budget is imported in it") {
  const support::ScratchDirectory files;
  Database database =
      Database::open(files.path() + "/db", {.memory_budget = std::size_t{8} << 20, .wall_clock_ns = {}}).value();
  std::string csv = "n,text\n";
  std::size_t rows = 0;
  for (; csv.size() < std::size_t{24} << 20; ++rows) csv += std::to_string(rows) + "," + std::string(100, 'x') + "\n";
  const auto report = import::import_file(database, files.file("large.csv", csv), {});
  REQUIRE_MESSAGE(report, report.error().to_string());
  CHECK(report->rows == rows);
  const auto result = database.connect().execute("SELECT count(*), min(n), max(n) FROM large");
  REQUIRE_MESSAGE(result, result.error().to_string());
  CHECK(result->value(0, 0).as_int() == static_cast<std::int64_t>(rows));
  CHECK(result->value(0, 1).as_int() == 0);
  CHECK(result->value(0, 2).as_int() == static_cast<std::int64_t>(rows) - 1);
}
