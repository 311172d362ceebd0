// Chooses the reader, and the transaction's end.
#include "import/import.h"

#include <algorithm>
#include <array>

#include "import/csv_reader.h"
#include "import/database_sink.h"
#include "import/jsonl_reader.h"
#include "import/names.h"
#include "import/try.h"
#include "import/ulog_reader.h"
#include "import/vectors_reader.h"

namespace mneme::cli::import {
namespace {

enum class Format { ulog, csv, tsv, jsonl, vectors };

struct Ending {
  std::string_view text;
  Format format;
};
constexpr std::array<Ending, 11> kEndings{{{".ulg", Format::ulog},
                                           {".csv", Format::csv},
                                           {".tsv", Format::tsv},
                                           {".jsonl", Format::jsonl},
                                           {".ndjson", Format::jsonl},
                                           {".json", Format::jsonl},
                                           {".fvecs", Format::vectors},
                                           {".bvecs", Format::vectors},
                                           {".fbin", Format::vectors},
                                           {".u8bin", Format::vectors},
                                           {".i8bin", Format::vectors}}};

std::string lower(std::string text) {
  for (char& c : text) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return text;
}

Result<Format> format_of(Input& input, const std::string& path) {
  std::array<char, 4> begin{};
  const std::size_t bytes = TRY(input.read(0, begin.data(), begin.size()));
  if (std::string_view(begin.data(), bytes) == "ULog") return Format::ulog;
  const std::string name = lower(path);
  for (const Ending& ending : kEndings) {
    if (name.ends_with(ending.text)) return ending.format;
  }
  return Error(Code::invalid_argument, "this is no ULog file, and its name's end is of no format known here")
      .with_hint(".ulg .csv .tsv .jsonl .ndjson .json .fvecs .bvecs .fbin .u8bin .i8bin");
}

// The file's name without folders and its end, as SQL folds a name.
std::string table_of(const std::string& path) {
  std::string_view name(path);
  name.remove_prefix(name.find_last_of('/') + 1);
  const std::size_t dot = name.find_last_of('.');
  if (dot != std::string_view::npos && dot > 0) name = name.substr(0, dot);
  return column_name(name);
}

Result<ImportSummary> read_as(Format format, Input& input, const std::string& path, const ImportOptions& options,
                              TableSink& sink) {
  const std::string table = options.table.empty() ? table_of(path) : column_name(options.table);
  switch (format) {
    case Format::ulog: return ImportSummary(TRY(read_ulog(input, sink, options.progress)));
    case Format::csv: return read_csv(input, {.table = table}, sink, options.progress);
    case Format::tsv: return read_csv(input, {.table = table, .delimiter = '\t'}, sink, options.progress);
    case Format::jsonl: return read_jsonl(input, table, sink, options.progress);
    case Format::vectors: break;
  }
  const VectorFormat vectors = vector_format(lower(path)).value_or(VectorFormat{});
  return read_vectors(input, vectors, table, sink, options.progress);
}

Result<ImportSummary> read_into(Input& input, const std::string& path, const ImportOptions& options,
                                DatabaseSink& sink) {
  const Format format = TRY(format_of(input, path));
  if (format == Format::ulog && !options.table.empty()) sink.set_prefix(column_name(options.table) + "_");
  ImportSummary summary = TRY(read_as(format, input, path, options, sink));
  TRY(sink.publish());
  return summary;
}

}  // namespace

Result<ImportReport> import_file(Database& database, const std::string& path, const ImportOptions& options) {
  const std::unique_ptr<Input> input = TRY(open_input(path));
  DatabaseSink sink(database);
  TRY(sink.begin());
  Result<ImportSummary> read = read_into(*input, path, options, sink);
  if (!read) {
    sink.abandon();
    return std::move(read).error().during(path);
  }
  return ImportReport{read->rows, read->tables, std::move(read->warnings)};
}

}  // namespace mneme::cli::import
