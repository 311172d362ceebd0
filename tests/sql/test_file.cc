#include "sql/test_file.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <optional>
#include <span>
#include <utility>

namespace mneme::sqltest {
namespace {

constexpr std::string_view kSeparator = " | ";
constexpr double kNumberTolerance = 1e-12;  // Relative.

class Lines {  // One thread at a time.
 public:
  explicit Lines(std::string_view text) : rest_(text) {}
  [[nodiscard]] bool at_end() const { return rest_.empty(); }
  [[nodiscard]] std::string_view peek() const { return rest_.substr(0, rest_.find('\n')); }
  [[nodiscard]] int number() const { return number_; }
  std::string_view take() {
    const std::string_view line = peek();
    rest_.remove_prefix(std::min(rest_.size(), line.size() + 1));
    ++number_;
    return line;
  }

 private:
  std::string_view rest_;
  int number_ = 0;  // Lines taken.
};

std::vector<std::string_view> split(std::string_view line, std::string_view separator) {
  std::vector<std::string_view> parts;
  for (;;) {
    const std::size_t end = line.find(separator);
    parts.push_back(line.substr(0, end));
    if (end == std::string_view::npos) return parts;
    line.remove_prefix(end + separator.size());
  }
}

bool is_sqlstate(std::string_view word) {
  const auto digit = [](char c) { return c >= '0' && c <= '9'; };
  const auto fits = [&](char c) { return digit(c) || (c >= 'A' && c <= 'Z'); };
  return word.size() == 5 && std::ranges::all_of(word, fits) && std::ranges::any_of(word, digit);
}

std::optional<std::int64_t> number_of(std::string_view text) {
  std::int64_t value = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value);
  if (parsed.ec != std::errc() || parsed.ptr != text.data() + text.size()) return std::nullopt;
  return value;
}

Error at_line(int line, std::string_view what) {
  return {Code::invalid_argument, "line " + std::to_string(line) + ": " + std::string(what)};
}

Result<void> read_statement(const std::vector<std::string_view>& words, std::string_view line, Record& record) {
  const std::string_view outcome = words.size() > 1 ? words[1] : "";
  if (outcome == "ok") return {};
  if (outcome == "count" && words.size() > 2) {
    const std::optional<std::int64_t> count = number_of(words[2]);
    if (!count) return at_line(record.line, "a count of rows must follow `statement count`");
    record.kind = Record::Kind::statement_count;
    record.count = *count;
    return {};
  }
  if (outcome != "error") return at_line(record.line, "a statement is ok, count N or error ...");
  record.kind = Record::Kind::statement_error;
  line.remove_prefix(std::min(line.size(), std::string_view("statement error ").size()));
  if (words.size() > 2 && is_sqlstate(words[2])) {
    record.sqlstate = words[2];
    line.remove_prefix(std::min(line.size(), record.sqlstate.size() + 1));
  }
  record.message = line;
  return {};
}

void read_query(const std::vector<std::string_view>& words, Record& record) {
  record.kind = Record::Kind::query;
  for (const std::string_view word : std::span(words).subspan(1)) {
    if (word == "rowsort")
      record.row_sort = true;
    else
      record.types = word;
  }
}

Result<void> read_directive(std::string_view line, Record& record) {
  const std::vector<std::string_view> words = split(line, " ");
  if (words[0] == "statement") return read_statement(words, line, record);
  if (words[0] == "query") {
    read_query(words, record);
  } else if (words[0] == "connection" && words.size() == 2) {
    record.kind = Record::Kind::connection;
    record.connection = words[1];
  } else if (line == "flush") {
    record.kind = Record::Kind::flush;
  } else if (line == "reopen") {
    record.kind = Record::Kind::reopen;
  } else {
    return at_line(record.line, "unknown directive: " + std::string(line));
  }
  return {};
}

// SQL to an empty line or `----`, a query's rows to an empty line.
void read_body(Lines& lines, Record& record) {
  while (!lines.at_end() && !lines.peek().empty() && lines.peek() != "----") {
    if (!record.sql.empty()) record.sql += '\n';
    record.sql += lines.take();
  }
  if (record.kind != Record::Kind::query || lines.at_end() || lines.peek().empty()) return;
  lines.take();
  while (!lines.at_end() && !lines.peek().empty()) record.rows.emplace_back(lines.take());
}

bool has_body(Record::Kind kind) { return kind <= Record::Kind::query; }

std::optional<double> double_of(std::string_view text) {
  const std::string copy(text);
  char* end = nullptr;
  const double value = std::strtod(copy.c_str(), &end);
  if (copy.empty() || *end != '\0') return std::nullopt;
  return value;
}

bool same_number(std::string_view want, std::string_view got) {
  const std::optional<double> a = double_of(want);
  const std::optional<double> b = double_of(got);
  if (!a || !b) return want == got;
  if (std::isnan(*a) || std::isnan(*b)) return std::isnan(*a) && std::isnan(*b);
  return *a == *b || std::fabs(*a - *b) <= kNumberTolerance * std::max(std::fabs(*a), std::fabs(*b));
}

bool same_row(std::string_view types, std::string_view want, std::string_view got) {
  const std::vector<std::string_view> wanted = split(want, kSeparator);
  const std::vector<std::string_view> found = split(got, kSeparator);
  if (wanted.size() != found.size()) return false;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    const bool number = i < types.size() && types[i] == 'R';
    if (number ? !same_number(wanted[i], found[i]) : wanted[i] != found[i]) return false;
  }
  return true;
}

std::string block(std::string_view title, const std::vector<std::string>& rows) {
  std::string text = std::string(title) + " (" + std::to_string(rows.size()) + " rows)\n";
  for (const std::string& row : rows) text += "    " + row + "\n";
  return text;
}

}  // namespace

Result<std::vector<Record>> parse_test_file(std::string_view text) {
  std::vector<Record> records;
  Lines lines(text);
  while (!lines.at_end()) {
    const std::string_view line = lines.take();
    if (line.empty() || line[0] == '#' || line.starts_with("skip postgres ")) continue;
    Record record;
    record.line = lines.number();
    if (auto read = read_directive(line, record); !read) return std::move(read).error();
    if (has_body(record.kind)) read_body(lines, record);
    records.push_back(std::move(record));
  }
  return records;
}

std::string show_value(std::string_view text, bool is_null) {
  if (is_null) return "NULL";
  if (text.empty()) return "(empty)";
  std::string shown;
  for (const char c : text) {
    if (c == '\n')
      shown += "\\n";
    else
      shown += c;
  }
  return shown;
}

std::string difference(const Record& query, std::vector<std::string> got) {
  std::vector<std::string> want = query.rows;
  if (query.row_sort) {
    std::ranges::sort(want);
    std::ranges::sort(got);
  }
  const auto same = [&](const std::string& a, const std::string& b) { return same_row(query.types, a, b); };
  if (std::ranges::equal(want, got, same)) return "";
  return block("expected", want) + block("got", got);
}

}  // namespace mneme::sqltest
