// TableSink: where every reader of a foreign format delivers what it found, as typed column batches.
//
// A reader announces each table once and then appends batches of it, tables in any order. What lies behind (a
// database, a test's memory) is the sink's business; an error it returns ends the reading and is handed on.
#pragma once

#include <cstddef>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "mneme/result.h"
#include "mneme/type.h"

namespace mneme::cli {

constexpr std::size_t kBatchRows = 2'048;         // At most, in one batch.
constexpr std::size_t kBatchBytes = 1024 * 1024;  // About at most: one row may be larger.

struct ImportColumn {
  std::string name;  // As SQL folds an unquoted name: lower case.
  Type type;
};

struct ImportTable {
  std::string name;
  std::vector<ImportColumn> columns;
};

// A run of one column's values. One thread at a time.
// Fixed-width values lie raw, one after another, in `fixed`; of text and its kin `ends[i]` is where value i ends in
// `text`. A NULL is zeros, or no bytes.
class ColumnBatch {
 public:
  explicit ColumnBatch(Type type) : type_(type) {}

  [[nodiscard]] const Type& type() const noexcept { return type_; }
  [[nodiscard]] std::size_t rows() const noexcept { return rows_; }
  [[nodiscard]] bool has_nulls() const noexcept { return !valid_.empty(); }
  [[nodiscard]] bool is_null(std::size_t row) const noexcept { return has_nulls() && valid_[row] == 0; }
  // One byte a row, 0 where the row is NULL; empty when none is.
  [[nodiscard]] const std::vector<std::uint8_t>& valid() const noexcept { return valid_; }
  [[nodiscard]] const std::vector<std::byte>& fixed() const noexcept { return fixed_; }
  [[nodiscard]] std::string_view text_at(std::size_t row) const noexcept {
    const std::size_t begin = row == 0 ? 0 : ends_[row - 1];
    return std::string_view(text_).substr(begin, ends_[row] - begin);
  }
  template <class T>
  [[nodiscard]] T value(std::size_t row) const noexcept {
    T value;
    std::memcpy(&value, fixed_.data() + row * sizeof(T), sizeof(T));
    return value;
  }
  [[nodiscard]] std::size_t bytes() const noexcept { return fixed_.size() + text_.size(); }

  void clear() noexcept {  // Keeps the memory.
    rows_ = 0;
    fixed_.clear();
    valid_.clear();
    ends_.clear();
    text_.clear();
  }
  template <class T>
  void append(const T& value) {  // REQUIRES: sizeof(T) == type().width().
    append_fixed({reinterpret_cast<const char*>(&value), sizeof value});
  }
  void append_fixed(std::string_view bytes) {
    const auto* begin = reinterpret_cast<const std::byte*>(bytes.data());
    fixed_.insert(fixed_.end(), begin, begin + bytes.size());
    push_row(true);
  }
  void append_text(std::string_view text) {
    text_.append(text);
    ends_.push_back(text_.size());
    push_row(true);
  }
  void append_null() {
    if (type_.is_variable()) {
      ends_.push_back(text_.size());
    } else {
      fixed_.resize(fixed_.size() + type_.width());
    }
    push_row(false);
  }
  // Makes the batch `rows` fixed-width values for the caller to fill; none is NULL. REQUIRES: empty.
  std::byte* extend(std::size_t rows) {
    rows_ = rows;
    fixed_.resize(rows * type_.width());
    return fixed_.data();
  }
  void set_null(std::size_t row) {
    if (valid_.empty()) valid_.assign(rows_, 1);
    valid_[row] = 0;
  }

 private:
  void push_row(bool valid) {
    if (!valid && valid_.empty()) valid_.assign(rows_, 1);
    ++rows_;
    if (!valid || !valid_.empty()) valid_.push_back(valid ? 1 : 0);
  }
  Type type_;
  std::size_t rows_ = 0;
  std::vector<std::byte> fixed_;
  std::vector<std::uint8_t> valid_;
  std::vector<std::size_t> ends_;
  std::string text_;
};

struct TableBatch {                  // One thread at a time.
  std::vector<ColumnBatch> columns;  // All of the same number of rows.

  explicit TableBatch(const ImportTable& table) {
    columns.reserve(table.columns.size());
    for (const ImportColumn& column : table.columns) columns.emplace_back(column.type);
  }
  [[nodiscard]] std::size_t rows() const noexcept { return columns.empty() ? 0 : columns.front().rows(); }
  [[nodiscard]] std::size_t bytes() const noexcept {
    std::size_t sum = 0;
    for (const ColumnBatch& column : columns) sum += column.bytes();
    return sum;
  }
  [[nodiscard]] bool full() const noexcept { return rows() >= kBatchRows || bytes() >= kBatchBytes; }
  void clear() noexcept {
    for (ColumnBatch& column : columns) column.clear();
  }
};

class TableSink {  // One thread at a time.
 public:
  virtual ~TableSink() = default;
  // Returns the number by which append() knows the table.
  virtual Result<std::size_t> begin_table(const ImportTable& table) = 0;
  virtual Result<void> append(std::size_t table, const TableBatch& batch) = 0;
};

}  // namespace mneme::cli
