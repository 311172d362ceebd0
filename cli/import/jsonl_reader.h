// Reads JSON lines (one object a line) into one table, its columns found by a first pass over the whole file.
//
// Every name that occurs is a column, in order of first appearance; a missing member and null are NULL. A column is
// BOOL, INT, FLOAT (integers and fractions), DATE, TIMESTAMP or TEXT (strings), VECTOR(n) if all its values are arrays
// of the same n >= 8 numbers, else JSON: what is nested, and what mixes kinds, keeps its JSON text. Empty lines are
// passed over. Of a name that comes twice in an object the last value counts.
#pragma once

#include "import/import_summary.h"
#include "import/input.h"
#include "import/table_sink.h"

namespace mneme::cli {

// invalid_argument names line and column; nothing has been delivered then.
Result<ImportSummary> read_jsonl(Input& input, const std::string& table, TableSink& sink,
                                 const ImportProgress& progress = {});

}  // namespace mneme::cli
