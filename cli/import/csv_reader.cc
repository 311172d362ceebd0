// Pass one guesses, pass two converts; both read the same records.
#include "import/csv_reader.h"

#include <algorithm>

#include "import/csv_parser.h"
#include "import/names.h"
#include "import/scalar_text.h"
#include "import/try.h"
#include "import/type_guess.h"

namespace mneme::cli {
namespace {

constexpr std::uint64_t kProgressRows = 16'384;

class Reader {  // One thread at a time.
 public:
  Reader(Input& input, const CsvOptions& options, TableSink& sink, const ImportProgress& progress)
      : input_(input), options_(options), sink_(sink), progress_(progress) {}
  Result<ImportSummary> read();

 private:
  Result<void> guess();
  Result<void> deliver();
  Result<void> next_fits(const CsvParser& parser) const;
  void begin_columns(const std::vector<CsvField>& first);
  void report(std::uint64_t done, std::uint64_t rows) const;

  Input& input_;
  const CsvOptions& options_;
  TableSink& sink_;
  const ImportProgress& progress_;
  char delimiter_ = ',';
  bool has_header_ = false;
  std::vector<TypeGuess> guesses_;
  ImportTable table_;
  ImportSummary summary_;
};

void Reader::begin_columns(const std::vector<CsvField>& first) {
  has_header_ = !std::ranges::all_of(first, [](const CsvField& field) {
    TypeGuess guess;
    guess.see(field.text);
    return !field.text.empty() && (guess.type().kind != TypeKind::text || is_whole_number(field.text));
  });
  table_.name = options_.table;
  std::set<std::string> taken;
  for (std::size_t i = 0; i < first.size(); ++i) {
    const std::string_view given = has_header_ ? trimmed(first[i].text) : std::string_view();
    const std::string name = given.empty() ? "column_" + std::to_string(i + 1) : column_name(given);
    table_.columns.push_back({free_name(name, taken), {}});
  }
  guesses_.resize(first.size());
}

Result<void> Reader::next_fits(const CsvParser& parser) const {
  const std::size_t fields = parser.fields().size();
  if (fields == table_.columns.size()) return {};
  return Error(Code::invalid_argument,
               "line " + std::to_string(parser.line()) + ", column 1: " + std::to_string(fields) +
                   " fields, where the first line has " + std::to_string(table_.columns.size()));
}

void Reader::report(std::uint64_t done, std::uint64_t rows) const {
  if (progress_ && rows % kProgressRows == 0) progress_(done, 2 * input_.size());
}

Result<void> Reader::guess() {
  CsvParser parser(input_, delimiter_);
  if (!TRY(parser.next())) return Error(Code::invalid_argument, "line 1, column 1: the file holds no record");
  begin_columns(parser.fields());
  std::uint64_t rows = 0;
  for (bool more = has_header_ ? TRY(parser.next()) : true; more; more = TRY(parser.next())) {
    TRY(next_fits(parser));
    for (std::size_t i = 0; i < guesses_.size(); ++i) {
      if (!parser.fields()[i].text.empty()) guesses_[i].see(parser.fields()[i].text);
    }
    report(parser.position(), ++rows);
  }
  for (std::size_t i = 0; i < guesses_.size(); ++i) table_.columns[i].type = guesses_[i].type();
  return {};
}

Result<void> Reader::deliver() {
  const std::size_t table = TRY(sink_.begin_table(table_));
  summary_.tables = 1;
  TableBatch batch(table_);
  CsvParser parser(input_, delimiter_);
  if (has_header_) TRY(parser.next());
  while (TRY(parser.next())) {
    TRY(next_fits(parser));  // The file may have changed since the first pass.
    for (std::size_t i = 0; i < table_.columns.size(); ++i) {
      const CsvField& field = parser.fields()[i];
      if (field.text.empty() && !field.quoted) {
        batch.columns[i].append_null();
      } else {
        append_parsed(batch.columns[i], field.text);
      }
    }
    report(input_.size() + parser.position(), ++summary_.rows);
    if (!batch.full()) continue;
    TRY(sink_.append(table, batch));
    batch.clear();
  }
  return batch.rows() > 0 ? sink_.append(table, batch) : Result<void>();
}

Result<ImportSummary> Reader::read() {
  delimiter_ = options_.delimiter != 0 ? options_.delimiter : TRY(detect_delimiter(input_));
  TRY(guess());
  TRY(deliver());
  summary_.bytes = input_.size();
  if (progress_) progress_(2 * input_.size(), 2 * input_.size());
  return std::move(summary_);
}

}  // namespace

Result<ImportSummary> read_csv(Input& input, const CsvOptions& options, TableSink& sink,
                               const ImportProgress& progress) {
  return Reader(input, options, sink, progress).read();
}

}  // namespace mneme::cli
