// Reads a CSV file into one table, its columns' types found by a first pass over the whole file.
//
// A column is BOOL, INT, FLOAT, DATE or TIMESTAMP if every value of it is one without loss (scalar_text.h), the first
// of these that fits; else TEXT, as is a column without values. An empty field is NULL; a quoted empty one is NULL too
// but in a TEXT column, where it is ''. The first record names the columns unless each of its values is a number, a
// time or a boolean: then the columns are column_1, column_2 ... Two passes, so that no row is found not to fit when
// half of them are stored.
#pragma once

#include "import/import_summary.h"
#include "import/input.h"
#include "import/table_sink.h"

namespace mneme::cli {

struct CsvOptions {
  std::string table;
  char delimiter = 0;  // 0: found in the first line.
};

// invalid_argument names line and column; nothing has been delivered then.
Result<ImportSummary> read_csv(Input& input, const CsvOptions& options, TableSink& sink,
                               const ImportProgress& progress = {});

}  // namespace mneme::cli
