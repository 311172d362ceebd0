// How rows are printed: as an aligned table, CSV (RFC 4180), a JSON array, or JSON lines.
#pragma once

#include <cstdio>
#include <optional>
#include <string>

#include "mneme/database.h"

namespace mneme::cli {

enum class Mode : std::uint8_t { table, csv, json, jsonl };
std::optional<Mode> mode_of(std::string_view name);

// Prints the batches of one result, as they come. One thread at a time.
class RowPrinter {
 public:
  RowPrinter(std::FILE* out, Mode mode, std::vector<ColumnInfo> columns)
      : out_(out), mode_(mode), columns_(std::move(columns)) {}
  void add(const BatchView& batch);
  void finish();
  [[nodiscard]] std::size_t rows() const noexcept { return rows_; }

 private:
  void add_table(const BatchView& batch);
  void add_csv(const BatchView& batch);
  void add_json(const BatchView& batch);
  void print_line(const std::vector<std::string>& cells);
  void print_rule(const char* left, const char* middle, const char* right);
  void begin();
  void write(std::string_view text) { std::fwrite(text.data(), 1, text.size(), out_); }

  std::FILE* out_;
  Mode mode_;
  std::vector<ColumnInfo> columns_;
  std::vector<std::size_t> widths_;  // Of the table, from the first batch: later wider cells push their line out.
  std::size_t rows_ = 0;
  bool begun_ = false;
};

// What has been printed is written to standard output. io: it could not be, now or before.
Result<void> flush_output();

// One value as JSON: numbers and booleans bare, JSON as it is, vectors as arrays, everything else a string.
std::string json_of(const Value& value);
std::string json_string(std::string_view text);
std::string csv_cell(std::string_view text);

}  // namespace mneme::cli
