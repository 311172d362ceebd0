// Import: a foreign file into tables of a database, all of it or nothing.
//
// A file's first bytes say ULog; otherwise its name does:
//     .ulg                                  PX4 ULog: many tables (ulog_reader.h)
//     .csv .tsv                             one table, the first line its columns' names (csv_reader.h)
//     .jsonl .ndjson .json                  one table, an object a line (jsonl_reader.h)
//     .fvecs .bvecs .fbin .u8bin .i8bin     one table (id INT, v VECTOR(n)) (vectors_reader.h)
//
// Rows go into tables of other names, committed a batch at a time without waiting for the disk. When the whole file has
// been read, one transaction gives all of them their names and waits for the disk: that is when the import happens. A
// failed import drops what it made; what a killed one left behind, the next import drops.
#pragma once

#include <string>

#include "import/import_summary.h"
#include "mneme/database.h"

namespace mneme::cli::import {

struct ImportOptions {
  std::string table;  // The table's name; of a ULog file what stands before each of its tables' names. Empty: the
                      // file's name without its end; for a ULog nothing.
  ImportProgress progress;
};

struct ImportReport {
  std::uint64_t rows = 0;  // Of all tables.
  std::size_t tables = 0;
  std::vector<std::string> warnings;  // What was read around.
};

// One import at a time per database. already_exists: a table of that name is there. not_found, io, corrupt,
// invalid_argument: the message names the file, and the offset or the line and column. Nothing was imported then.
Result<ImportReport> import_file(Database& database, const std::string& path, const ImportOptions& options);

}  // namespace mneme::cli::import
