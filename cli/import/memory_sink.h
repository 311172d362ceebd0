// A sink that keeps everything, with values as text: for tests.
#pragma once

#include <charconv>
#include <cstdint>
#include <string>
#include <vector>

#include "import/table_sink.h"

namespace mneme::cli {

class MemorySink final : public TableSink {  // One thread at a time.
 public:
  using Row = std::vector<std::string>;  // NULL as "NULL".
  struct Table {
    ImportTable schema;
    std::vector<Row> rows;
    std::size_t batches = 0;
    // REQUIRES: the column exists.
    [[nodiscard]] std::vector<std::string> column(std::string_view name) const {
      std::size_t at = 0;
      while (schema.columns.at(at).name != name) ++at;
      std::vector<std::string> values;
      for (const Row& row : rows) values.push_back(row[at]);
      return values;
    }
  };

  Result<std::size_t> begin_table(const ImportTable& table) override {
    tables_.push_back({table, {}, 0});
    return tables_.size() - 1;
  }
  Result<void> append(std::size_t table, const TableBatch& batch) override {
    Table& into = tables_.at(table);
    ++into.batches;
    for (std::size_t row = 0; row < batch.rows(); ++row) {
      Row values;
      for (const ColumnBatch& column : batch.columns) values.push_back(text(column, row));
      into.rows.push_back(std::move(values));
    }
    return {};
  }
  [[nodiscard]] const std::vector<Table>& tables() const noexcept { return tables_; }
  [[nodiscard]] const Table& table(std::string_view name) const {  // Ends the test if there is none.
    for (const Table& table : tables_) {
      if (table.schema.name == name) return table;
    }
    return Result<const Table*>(Error(Code::not_found, "no table " + std::string(name))).value()[0];
  }
  // "t_us INT, ts TIMESTAMP"
  [[nodiscard]] std::string columns(std::string_view name) const {
    std::string text;
    for (const ImportColumn& column : table(name).schema.columns) {
      text += (text.empty() ? "" : ", ") + column.name + " " + type_name(column.type);
    }
    return text;
  }

 private:
  template <class T>
  static std::string number(const char* at) {
    T value;
    std::memcpy(&value, at, sizeof value);
    char digits[40];
    return {digits, std::to_chars(digits, digits + sizeof digits, value).ptr};
  }
  static std::string vector_text(const Type& type, const char* at) {
    std::string text;
    for (std::size_t i = 0; i < type.dimension; ++i) {
      text += text.empty() ? "[" : ",";
      if (type.element == VectorElement::f32) text += number<float>(at + 4 * i);
      if (type.element == VectorElement::i8) text += number<std::int8_t>(at + i);
      if (type.element == VectorElement::u8) text += number<std::uint8_t>(at + i);
    }
    return text + "]";
  }
  static std::string text(const ColumnBatch& column, std::size_t row) {
    if (column.is_null(row)) return "NULL";
    const Type type = column.type();
    if (type.is_variable()) return std::string(column.text_at(row));
    const auto* at = reinterpret_cast<const char*>(column.fixed().data()) + row * type.width();
    switch (type.kind) {
      case TypeKind::boolean: return *at != 0 ? "t" : "f";
      case TypeKind::real: return number<float>(at);
      case TypeKind::floating: return number<double>(at);
      case TypeKind::vector: return vector_text(type, at);
      case TypeKind::date: return number<std::int32_t>(at);
      default: return number<std::int64_t>(at);  // A TIMESTAMP as its nanoseconds.
    }
  }
  std::vector<Table> tables_;
};

}  // namespace mneme::cli
