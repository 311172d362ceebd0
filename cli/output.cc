#include "output.h"

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstring>

namespace mneme::cli {
namespace {

bool is_number(const Type& type) {
  switch (type.kind) {
    case TypeKind::integer:
    case TypeKind::floating:
    case TypeKind::real:
    case TypeKind::decimal: return true;
    default: return false;
  }
}

// Columns a text takes on a terminal, counted in code points: wide characters push their line out a little.
std::size_t width_of(std::string_view text) {
  return static_cast<std::size_t>(
      std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

// Line breaks and tabs would tear a table apart, and a terminal would obey the other control characters.
std::string one_line(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool is_control = byte < 0x20 || byte == 0x7f;
    if (!is_control) {
      out += c;
    } else if (const std::size_t known = std::string_view("\n\t\r").find(c); known != std::string_view::npos) {
      out += '\\';
      out += "ntr"[known];
    } else {
      char escaped[8];
      std::snprintf(escaped, sizeof escaped, "\\x%02x", byte);
      out += escaped;
    }
  }
  return out;
}

std::string table_cell(const Value& value) { return value.is_null() ? "NULL" : one_line(value.to_text()); }

}  // namespace

std::optional<Mode> mode_of(std::string_view name) {
  if (name == "table") return Mode::table;
  if (name == "csv") return Mode::csv;
  if (name == "json") return Mode::json;
  if (name == "jsonl") return Mode::jsonl;
  return std::nullopt;
}

Result<void> flush_output() {
  errno = 0;
  const bool flushed = std::fflush(stdout) == 0;
  if (flushed && std::ferror(stdout) == 0) return {};
  const std::string reason = errno == 0 ? "" : std::string(": ") + std::strerror(errno);
  return Error(Code::io, "standard output cannot be written" + reason);
}

std::string json_string(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (c == '\n') {
      out += "\\n";
    } else if (byte < 0x20) {
      char escaped[8];
      std::snprintf(escaped, sizeof escaped, "\\u%04x", byte);
      out += escaped;
    } else {
      out += c;
    }
  }
  return out + '"';
}

std::string json_of(const Value& value) {
  if (value.is_null()) return "null";
  switch (value.type().kind) {
    case TypeKind::boolean: return value.as_bool() ? "true" : "false";
    case TypeKind::floating:
    case TypeKind::real: return std::isfinite(value.as_double()) ? value.to_text() : json_string(value.to_text());
    case TypeKind::integer:
    case TypeKind::decimal:
    case TypeKind::json:
    case TypeKind::vector: return value.to_text();
    default: return json_string(value.to_text());
  }
}

std::string csv_cell(std::string_view text) {
  if (!text.empty() && text.find_first_of("\",\r\n") == std::string_view::npos) return std::string(text);
  std::string out = "\"";  // Also the empty text, to be told from NULL.
  for (const char c : text) {
    if (c == '"') out += '"';
    out += c;
  }
  return out + '"';
}

void RowPrinter::add(const BatchView& batch) {
  begin();
  switch (mode_) {
    case Mode::table: add_table(batch); break;
    case Mode::csv: add_csv(batch); break;
    case Mode::json:
    case Mode::jsonl: add_json(batch); break;
  }
}

void RowPrinter::begin() {
  if (begun_) return;
  begun_ = true;
  if (mode_ == Mode::json) write("[");
  if (mode_ != Mode::csv) return;
  std::string line;
  for (std::size_t i = 0; i < columns_.size(); ++i) line += (i == 0 ? "" : ",") + csv_cell(columns_[i].name);
  write(line + "\n");
}

void RowPrinter::add_csv(const BatchView& batch) {
  for (std::size_t row = 0; row < batch.rows(); ++row, ++rows_) {
    std::string line;
    for (std::size_t i = 0; i < batch.columns(); ++i) {
      if (i > 0) line += ',';
      if (!batch.is_null(i, row)) line += csv_cell(batch.value(i, row).to_text());
    }
    write(line + "\n");
  }
}

void RowPrinter::add_json(const BatchView& batch) {
  for (std::size_t row = 0; row < batch.rows(); ++row, ++rows_) {
    std::string line = mode_ == Mode::json ? (rows_ == 0 ? "\n{" : ",\n{") : "{";
    for (std::size_t i = 0; i < batch.columns(); ++i) {
      line += (i == 0 ? "" : ",") + json_string(columns_[i].name) + ":" + json_of(batch.value(i, row));
    }
    write(line + (mode_ == Mode::json ? "}" : "}\n"));
  }
}

void RowPrinter::print_rule(const char* left, const char* middle, const char* right) {
  std::string line = left;
  for (std::size_t i = 0; i < widths_.size(); ++i) {
    if (i > 0) line += middle;
    for (std::size_t k = 0; k < widths_[i] + 2; ++k) line += "─";
  }
  write(line + right + "\n");
}

void RowPrinter::print_line(const std::vector<std::string>& cells) {
  std::string line = "│";
  for (std::size_t i = 0; i < cells.size(); ++i) {
    const std::size_t width = width_of(cells[i]);
    const std::string pad(width < widths_[i] ? widths_[i] - width : 0, ' ');
    line += is_number(columns_[i].type) ? " " + pad + cells[i] + " │" : " " + cells[i] + pad + " │";
  }
  write(line + "\n");
}

void RowPrinter::add_table(const BatchView& batch) {
  rows_ += batch.rows();
  if (columns_.empty()) return;  // The count says it all.
  std::vector<std::vector<std::string>> lines(batch.rows());
  for (std::size_t row = 0; row < batch.rows(); ++row) {
    for (std::size_t i = 0; i < batch.columns(); ++i) lines[row].push_back(table_cell(batch.value(i, row)));
  }
  if (widths_.empty()) {
    std::vector<std::string> names;
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      names.push_back(one_line(columns_[i].name));
      widths_.push_back(width_of(names.back()));
      for (const auto& line : lines) widths_[i] = std::max(widths_[i], std::min<std::size_t>(60, width_of(line[i])));
    }
    print_rule("┌", "┬", "┐");
    print_line(names);
    print_rule("├", "┼", "┤");
  }
  for (const auto& line : lines) print_line(line);
}

void RowPrinter::finish() {
  begin();
  if (mode_ == Mode::json) write(rows_ == 0 ? "]\n" : "\n]\n");
  if (mode_ != Mode::table) return;
  if (!widths_.empty()) print_rule("└", "┴", "┘");
  write("(" + std::to_string(rows_) + (rows_ == 1 ? " row)\n" : " rows)\n"));
}

}  // namespace mneme::cli
