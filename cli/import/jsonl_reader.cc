// Pass one learns names and kinds, pass two converts.
#include "import/jsonl_reader.h"

#include <array>
#include <map>
#include <optional>

#include "import/json_record.h"
#include "import/line_reader.h"
#include "import/names.h"
#include "import/scalar_text.h"
#include "import/try.h"
#include "import/type_guess.h"

namespace mneme::cli {
namespace {

constexpr std::uint64_t kProgressRows = 16'384;
constexpr std::size_t kColumnsMax = 900;
constexpr std::size_t kVectorMin = 8;
using Kind = JsonMember::Kind;

class KindGuess {  // One thread at a time.
 public:
  void see(const JsonMember& member) {
    if (member.kind == Kind::null) return;
    seen_[static_cast<std::size_t>(member.kind)] = true;
    all_floating_ = all_floating_ && (member.kind != Kind::integer || member.floating.has_value());
    if (member.kind == Kind::text) text_.see(member.text);
    if (member.kind != Kind::nested) return;
    const std::size_t dimension = member.numbers.size();
    same_dimension_ = same_dimension_ && dimension >= kVectorMin && dimension <= kVectorDimensionMax &&
                      (dimension_ == 0 || dimension_ == dimension);
    dimension_ = dimension;
  }
  [[nodiscard]] Type type() const {
    const bool number = seen(Kind::integer) || seen(Kind::floating);
    const int kinds = seen(Kind::boolean) + number + seen(Kind::text) + seen(Kind::nested);
    if (kinds == 0) return {.kind = TypeKind::text};
    if (kinds > 1) return {.kind = TypeKind::json};
    if (seen(Kind::boolean)) return {.kind = TypeKind::boolean};
    if (number) return {.kind = number_kind()};
    if (seen(Kind::text)) return text_type();
    if (!same_dimension_) return {.kind = TypeKind::json};
    return {.kind = TypeKind::vector, .dimension = static_cast<std::uint16_t>(dimension_)};
  }

 private:
  [[nodiscard]] bool seen(Kind kind) const { return seen_[static_cast<std::size_t>(kind)]; }
  [[nodiscard]] TypeKind number_kind() const {
    if (!seen(Kind::floating)) return TypeKind::integer;
    return all_floating_ ? TypeKind::floating : TypeKind::json;
  }
  [[nodiscard]] Type text_type() const {  // A string of digits stays a string: the writer had numbers to choose.
    const Type type = text_.type();
    const bool time = type.kind == TypeKind::date || type.kind == TypeKind::timestamp;
    return time ? type : Type{.kind = TypeKind::text};
  }
  std::array<bool, 6> seen_{};
  TypeGuess text_;
  bool all_floating_ = true;  // Of the integers.
  bool same_dimension_ = true;
  std::size_t dimension_ = 0;
};

std::string quoted(std::string_view text) {  // As a JSON string.
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string json = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') json += '\\';
    if (static_cast<unsigned char>(c) < 0x20) {
      json += "\\u00";
      json += kDigits[static_cast<unsigned char>(c) >> 4];
      json += kDigits[static_cast<unsigned char>(c) & 15];
    } else {
      json += c;
    }
  }
  return json + "\"";
}

void append_member(ColumnBatch& column, const JsonMember& member) {
  if (member.kind == Kind::null) return column.append_null();
  switch (column.type().kind) {
    case TypeKind::boolean: return column.append(static_cast<std::uint8_t>(member.boolean ? 1 : 0));
    case TypeKind::integer: return column.append(member.integer);
    case TypeKind::floating: return column.append(member.floating.value_or(0));
    case TypeKind::vector:
      return column.append_fixed(
          {reinterpret_cast<const char*>(member.numbers.data()), member.numbers.size() * sizeof(float)});
    case TypeKind::json: return column.append_text(member.kind == Kind::text ? quoted(member.text) : member.text);
    default: return append_parsed(column, member.text);
  }
}

class Reader {  // One thread at a time.
 public:
  Reader(Input& input, std::string table, TableSink& sink, const ImportProgress& progress)
      : input_(input), sink_(sink), progress_(progress) {
    table_.name = std::move(table);
  }
  Result<ImportSummary> read();

 private:
  Result<bool> next(LineReader& lines, JsonRecord& record, std::uint64_t before);
  Result<void> guess();
  Result<void> learn(const JsonRecord& record, std::uint64_t line);
  Result<void> deliver();
  Result<void> append(const JsonRecord& record, TableBatch& batch, std::uint64_t line) const;

  Input& input_;
  TableSink& sink_;
  const ImportProgress& progress_;
  ImportTable table_;
  std::map<std::string, std::size_t, std::less<>> column_of_;  // By the name in the file.
  std::vector<KindGuess> guesses_;
  ImportSummary summary_;
};

Error at_line(std::uint64_t line, const std::string& what) {
  return Error(Code::invalid_argument, "line " + std::to_string(line) + ", " + what);
}

// The next record; false at the end. `before`: bytes of earlier passes.
Result<bool> Reader::next(LineReader& lines, JsonRecord& record, std::uint64_t before) {
  for (;;) {
    const std::optional<std::string_view> line = TRY(lines.next());
    if (!line) return false;
    if (progress_ && lines.line() % kProgressRows == 0) progress_(before + lines.position(), 2 * input_.size());
    if (line->find_first_not_of(" \t") == std::string_view::npos) continue;
    const Result<void> parsed = record.parse(*line);
    if (!parsed) return at_line(lines.line(), parsed.error().message());
    return true;
  }
}

Result<void> Reader::learn(const JsonRecord& record, std::uint64_t line) {
  for (const JsonMember& member : record.members()) {
    const auto [found, fresh] = column_of_.try_emplace(member.name, guesses_.size());
    if (fresh && guesses_.size() == kColumnsMax) return at_line(line, "column 1: more than 900 different names");
    if (fresh) guesses_.emplace_back();
    guesses_[found->second].see(member);
  }
  return {};
}

Result<void> Reader::guess() {
  LineReader lines(input_);
  JsonRecord record;
  while (TRY(next(lines, record, 0))) TRY(learn(record, lines.line()));
  if (guesses_.empty()) return at_line(1, "column 1: the file holds no member of any object");
  std::vector<std::string_view> names(guesses_.size());
  for (const auto& [name, column] : column_of_) names[column] = name;
  std::set<std::string> taken;
  for (std::size_t i = 0; i < names.size(); ++i) {
    table_.columns.push_back({free_name(column_name(names[i]), taken), guesses_[i].type()});
  }
  return {};
}

Result<void> Reader::append(const JsonRecord& record, TableBatch& batch, std::uint64_t line) const {
  std::vector<const JsonMember*> row(batch.columns.size());
  for (const JsonMember& member : record.members()) {
    const auto found = column_of_.find(member.name);
    if (found == column_of_.end()) return at_line(line, "column 1: the file changed while it was read");
    row[found->second] = &member;
  }
  for (std::size_t i = 0; i < row.size(); ++i) {
    if (row[i] == nullptr) {
      batch.columns[i].append_null();
    } else {
      append_member(batch.columns[i], *row[i]);
    }
  }
  return {};
}

Result<void> Reader::deliver() {
  const std::size_t table = TRY(sink_.begin_table(table_));
  summary_.tables = 1;
  TableBatch batch(table_);
  LineReader lines(input_);
  JsonRecord record;
  while (TRY(next(lines, record, input_.size()))) {
    TRY(append(record, batch, lines.line()));
    ++summary_.rows;
    if (!batch.full()) continue;
    TRY(sink_.append(table, batch));
    batch.clear();
  }
  return batch.rows() > 0 ? sink_.append(table, batch) : Result<void>();
}

Result<ImportSummary> Reader::read() {
  TRY(guess());
  TRY(deliver());
  summary_.bytes = input_.size();
  if (progress_) progress_(2 * input_.size(), 2 * input_.size());
  return std::move(summary_);
}

}  // namespace

Result<ImportSummary> read_jsonl(Input& input, const std::string& table, TableSink& sink,
                                 const ImportProgress& progress) {
  return Reader(input, table, sink, progress).read();
}

}  // namespace mneme::cli
