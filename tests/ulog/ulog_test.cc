// The ULog reader, and a database it was imported into, against reference_reader.py, which was written from the
// format's specification alone: on real logs all print the same rows, first and last times, and checksums of every
// column's every value. The logs are not in the repository: MNEME_TEST_DATA names their folder, or they are skipped,
// saying so.
#include <doctest/doctest.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstring>
#include <set>
#include <string>
#include <utility>

#include "import/import.h"
#include "import/ulog_reader.h"
#include "support/environment.h"
#include "support/scratch_directory.h"

namespace {
using namespace mneme;
using namespace mneme::cli;

std::uint32_t crc32(std::uint32_t crc, std::string_view bytes) {  // zlib's, continued.
  crc = ~crc;
  for (const char byte : bytes) {
    crc ^= static_cast<std::uint8_t>(byte);
    for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ (crc & 1 ? 0xedb88320U : 0U);
  }
  return ~crc;
}

std::string hexadecimal(std::string_view bytes) {
  std::string text;
  for (const char byte : bytes) {
    std::array<char, 3> digits{};
    std::snprintf(digits.data(), digits.size(), "%02x", static_cast<unsigned>(static_cast<unsigned char>(byte)));
    text += digits.data();
  }
  return text;
}

// What reference_reader.py prints, made value by value.
class Digest {
 public:
  struct Column {
    std::string name;
    Type type;
    std::uint32_t crc = 0;
    std::string first;
    std::string last;
    void add(std::string_view value, bool null, bool is_first) {  // The layout's bytes.
      std::string bytes(value);
      if (null) bytes.assign(type.is_variable() ? 0 : type.width(), '\0');
      if (type.is_variable()) bytes += '\0';
      crc = crc32(crc, bytes);
      if (is_first) first = bytes;
      last = bytes;
    }
  };
  struct Table {
    std::string name;
    std::size_t rows = 0;
    std::vector<Column> columns;
  };
  std::vector<Table> tables;

  [[nodiscard]] std::set<std::string> lines() const {
    std::set<std::string> lines;
    for (const Table& table : tables) {
      lines.insert("table " + table.name + " " + std::to_string(table.rows) + " " + times(table));
      for (const Column& column : table.columns) lines.insert(line(table, column));
    }
    return lines;
  }

 private:
  static std::string times(const Table& table) {
    if (table.rows == 0) return "- -";
    if (table.columns[0].name != "t_us") return "0 0";
    const auto number = [](const std::string& bytes) {
      std::int64_t value = 0;
      std::memcpy(&value, bytes.data(), sizeof value);
      return std::to_string(value);
    };
    return number(table.columns[0].first) + " " + number(table.columns[0].last);
  }
  static std::string line(const Table& table, const Column& column) {
    std::string type = type_name(column.type);
    std::erase(type, ' ');
    std::array<char, 9> crc{};
    std::snprintf(crc.data(), crc.size(), "%08x", column.crc);
    const bool any = table.rows > 0;
    return "column " + table.name + " " + column.name + " " + type + " " + crc.data() + " " +
           (any ? hexadecimal(column.first) : "-") + " " + (any ? hexadecimal(column.last) : "-");
  }
};

class DigestSink final : public TableSink {
 public:
  Digest digest;

  Result<std::size_t> begin_table(const ImportTable& table) override {
    auto& columns = digest.tables.emplace_back(Digest::Table{table.name, 0, {}}).columns;
    for (const ImportColumn& column : table.columns) columns.push_back({column.name, column.type, 0, {}, {}});
    return digest.tables.size() - 1;
  }
  Result<void> append(std::size_t number, const TableBatch& batch) override {
    Digest::Table& table = digest.tables.at(number);
    for (std::size_t i = 0; i < batch.columns.size(); ++i) {
      for (std::size_t row = 0; row < batch.rows(); ++row) {
        table.columns[i].add(bytes_of(batch.columns[i], row), batch.columns[i].is_null(row), table.rows + row == 0);
      }
    }
    table.rows += batch.rows();
    return {};
  }

 private:
  static std::string_view bytes_of(const ColumnBatch& column, std::size_t row) {
    if (column.type().is_variable()) return column.text_at(row);
    const std::size_t width = column.type().width();
    return {reinterpret_cast<const char*>(column.fixed().data()) + row * width, width};
  }
};

std::set<std::string> reference(const std::string& path) {
  const std::string command = "python3 '" MNEME_SOURCE_DIR "/tests/ulog/reference_reader.py' '" + path + "'";
  std::FILE* pipe = ::popen(command.c_str(), "r");
  REQUIRE(pipe != nullptr);
  std::set<std::string> lines;
  std::string line;
  for (int c = std::fgetc(pipe); c != EOF; c = std::fgetc(pipe)) {
    if (c == '\n') {
      lines.insert(std::exchange(line, {}));
    } else {
      line += static_cast<char>(c);
    }
  }
  CHECK(::pclose(pipe) == 0);
  return lines;
}

void compare(const std::set<std::string>& ours, const std::string& path) {
  const auto theirs = reference(path);
  CHECK(ours.size() > 500);
  for (const std::string& line : theirs) CHECK_MESSAGE(ours.contains(line), "only in the reference: ", line);
  for (const std::string& line : ours) CHECK_MESSAGE(theirs.contains(line), "not in the reference: ", line);
}

void compare_read(const std::string& name) {
  const std::string path = support::test_data(MNEME_SOURCE_DIR, "ulog/" + name);
  if (path.empty()) return;
  const auto input = open_input(path);
  REQUIRE(input);
  DigestSink sink;
  const auto summary = read_ulog(**input, sink);
  REQUIRE_MESSAGE(summary, summary.error().to_string());
  CHECK(summary->warnings.empty());
  auto ours = sink.digest.lines();
  ours.insert("utc_offset_us " + (summary->utc_offset_us ? std::to_string(*summary->utc_offset_us) : "none"));
  compare(ours, path);
}

std::string_view bytes_of(const BatchView& batch, std::size_t column, const Type& type, std::size_t row) {
  if (type.is_variable()) return batch.text(column, row);
  return {batch.values<char>(column) + row * type.width(), type.width()};
}

Digest::Table digest_of(Database& database, const std::string& name) {
  Digest::Table table{name, 0, {}};
  Connection connection = database.connect();
  auto stream = connection.query("SELECT * FROM \"" + name + "\"");
  REQUIRE_MESSAGE(stream, stream.error().to_string());
  for (const ColumnInfo& column : stream->columns()) table.columns.push_back({column.name, column.type, 0, {}, {}});
  for (;;) {
    const auto batch = stream->next();
    REQUIRE_MESSAGE(batch, batch.error().to_string());
    if (!*batch) return table;
    const BatchView& rows = **batch;
    for (std::size_t i = 0; i < table.columns.size(); ++i) {
      for (std::size_t row = 0; row < rows.rows(); ++row) {
        const std::string_view bytes = bytes_of(rows, i, table.columns[i].type, row);
        table.columns[i].add(bytes, rows.is_null(i, row), table.rows + row == 0);
      }
    }
    table.rows += rows.rows();
  }
}

// What the database holds, opened anew after the import.
void compare_stored(const std::string& name) {
  const std::string path = support::test_data(MNEME_SOURCE_DIR, "ulog/" + name);
  if (path.empty()) return;
  const support::ScratchDirectory folder;
  {
    Database database = Database::open(folder.path() + "/db").value();
    const auto report = import::import_file(database, path, {});
    REQUIRE_MESSAGE(report, report.error().to_string());
    CHECK(report->warnings.empty());
    database.close().value();
  }
  Database database = Database::open(folder.path() + "/db").value();
  Digest digest;
  for (const auto& table : database.info().value().tables) digest.tables.push_back(digest_of(database, table.name));
  auto ours = digest.lines();
  const auto theirs = reference(path);
  for (const std::string& line : theirs) {
    if (line.starts_with("utc_offset_us")) ours.insert(line);  // No table says it; every ts does.
  }
  compare(ours, path);
}
}  // namespace

TEST_CASE("ulog: sample.ulg reads as the independent reader reads it, value by value") { compare_read("sample.ulg"); }

TEST_CASE("ulog: sample_log_small.ulg, with instances, GPS time and multi info, reads as the independent reader does") {
  compare_read("sample_log_small.ulg");
}

TEST_CASE("ulog: sample.ulg, imported and opened anew, holds what the independent reader reads, value by value") {
  compare_stored("sample.ulg");
}

TEST_CASE("ulog: sample_log_small.ulg, imported and opened anew, holds what the independent reader reads") {
  compare_stored("sample_log_small.ulg");
}
