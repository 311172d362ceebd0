// The ULog reader against reference_reader.py, which was written from the format's specification alone: on real logs
// both print the same rows, first and last times, and checksums of every column's every value.
// The logs are not in the repository: MNEME_TEST_DATA names their folder, or they are skipped, saying so.
#include <doctest/doctest.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <set>
#include <string>
#include <utility>

#include "import/ulog_reader.h"

namespace {
using namespace mneme;
using namespace mneme::cli;

std::string data_folder() {
  const char* named = std::getenv("MNEME_TEST_DATA");
  return named != nullptr ? named : std::string(MNEME_SOURCE_DIR) + "/../shared/data";
}

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

// What reference_reader.py prints, made from batches.
class Digest final : public TableSink {
 public:
  Result<std::size_t> begin_table(const ImportTable& table) override {
    tables_.push_back({table, 0, std::vector<Column>(table.columns.size())});
    return tables_.size() - 1;
  }
  Result<void> append(std::size_t number, const TableBatch& batch) override {
    Table& table = tables_.at(number);
    for (std::size_t i = 0; i < batch.columns.size(); ++i) {
      for (std::size_t row = 0; row < batch.rows(); ++row)
        add(table.columns[i], batch.columns[i], row, table.rows + row);
    }
    table.rows += batch.rows();
    return {};
  }
  [[nodiscard]] std::set<std::string> lines() const {
    std::set<std::string> lines;
    for (const Table& table : tables_) {
      lines.insert("table " + table.schema.name + " " + std::to_string(table.rows) + " " + times(table));
      for (std::size_t i = 0; i < table.columns.size(); ++i) lines.insert(line(table, i));
    }
    return lines;
  }

 private:
  struct Column {
    std::uint32_t crc = 0;
    std::string first;
    std::string last;
  };
  struct Table {
    ImportTable schema;
    std::size_t rows = 0;
    std::vector<Column> columns;
  };
  static void add(Column& column, const ColumnBatch& values, std::size_t row, std::size_t table_row) {
    const std::size_t width = values.type().width();
    const std::string_view raw(reinterpret_cast<const char*>(values.fixed().data()), values.fixed().size());
    std::string bytes(values.type().is_variable() ? std::string(values.text_at(row)) + '\0'
                                                  : std::string(raw.substr(row * width, width)));
    if (values.is_null(row)) bytes.assign(width, '\0');
    column.crc = crc32(column.crc, bytes);
    if (table_row == 0) column.first = bytes;
    column.last = bytes;
  }
  static std::string times(const Table& table) {
    if (table.rows == 0) return "- -";
    if (table.schema.columns[0].name != "t_us") return "0 0";
    const auto number = [](const std::string& bytes) {
      std::int64_t value = 0;
      std::memcpy(&value, bytes.data(), sizeof value);
      return std::to_string(value);
    };
    return number(table.columns[0].first) + " " + number(table.columns[0].last);
  }
  static std::string line(const Table& table, std::size_t i) {
    const Column& column = table.columns[i];
    std::string type = type_name(table.schema.columns[i].type);
    std::erase(type, ' ');
    std::string line = "column " + table.schema.name + " " + table.schema.columns[i].name + " " + type + " ";
    std::array<char, 9> crc{};
    std::snprintf(crc.data(), crc.size(), "%08x", column.crc);
    line += crc.data();
    const bool any = table.rows > 0;
    return line + " " + (any ? hexadecimal(column.first) : "-") + " " + (any ? hexadecimal(column.last) : "-");
  }
  std::vector<Table> tables_;
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

void compare(const std::string& name) {
  const std::string path = data_folder() + "/ulog/" + name;
  if (::access(path.c_str(), R_OK) != 0) {
    std::printf("SKIPPED: %s is not there (MNEME_TEST_DATA names the folder of test data)\n", path.c_str());
    return;
  }
  const auto input = open_input(path);
  REQUIRE(input);
  Digest digest;
  const auto summary = read_ulog(**input, digest);
  REQUIRE_MESSAGE(summary, summary.error().to_string());
  CHECK(summary->warnings.empty());
  auto ours = digest.lines();
  ours.insert("utc_offset_us " + (summary->utc_offset_us ? std::to_string(*summary->utc_offset_us) : "none"));
  const auto theirs = reference(path);
  CHECK(ours.size() > 500);
  for (const std::string& line : theirs) CHECK_MESSAGE(ours.contains(line), "only in the reference: ", line);
  for (const std::string& line : ours) CHECK_MESSAGE(theirs.contains(line), "not in the reference: ", line);
}
}  // namespace

TEST_CASE("ulog: sample.ulg reads as the independent reader reads it, value by value") { compare("sample.ulg"); }

TEST_CASE("ulog: sample_log_small.ulg, with instances, GPS time and multi info, reads as the independent reader does") {
  compare("sample_log_small.ulg");
}
