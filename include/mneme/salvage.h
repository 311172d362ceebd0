// Salvage: what is readable of a damaged database becomes a new one; what is not is listed.
//
//     const auto report = mneme::salvage("robot.mneme", "saved.mneme").value();
//     for (const auto& loss : report.losses) log(loss.table, loss.file, loss.offset, loss.reason);
//
// A row comes over whole or not at all: no value is ever made up, nor turned into NULL. The source is only read.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "mneme/export.h"
#include "mneme/result.h"

namespace mneme {

enum class LossKind : std::uint8_t {
  rows,        // Rows of a table are gone.
  deletes,     // What says which rows of a table were deleted: some that were may be back.
  commits,     // Records of the log: what they inserted is gone, what they deleted may be back.
  duplicates,  // Rows that came back beside a younger one with the same unique key were left out.
  files,       // What says which files and tables the database consists of: what was not found is not known.
};
enum class LossCount : std::uint8_t { exact, at_most, unknown };  // unknown: more may be lost than was counted.

struct TimeSpan {
  std::int64_t first_ns = 0;
  std::int64_t last_ns = 0;  // Inclusive.
};

struct SalvageLoss {
  LossKind kind = LossKind::rows;
  std::string table;         // Empty: of no one table.
  std::string file;          // In the source's directory: "seg/12.seg".
  std::uint64_t offset = 0;  // In the file.
  std::string reason;
  std::uint64_t rows = 0;  // Lost; of `deletes` and `commits`: 0.
  LossCount count = LossCount::exact;
  std::uint64_t first_row = 0, last_row = 0;  // Row ids, inclusive; 0: not known.
  std::uint64_t first_lsn = 0, last_lsn = 0;  // Of the log records the rows came with; 0: not known.
  std::optional<TimeSpan> time{};             // What the rows have in the table's time column, as far as it is known.
};

struct SalvagedTable {
  std::string name;
  std::uint64_t rows = 0;  // In the new database.
  std::uint64_t lost = 0;
  LossCount count = LossCount::exact;  // Of `lost`.
};

struct SalvageReport {
  std::vector<SalvagedTable> tables;  // By name.
  std::vector<SalvageLoss> losses;
  std::uint64_t losses_unlisted = 0;  // Beyond those: a list of damage has its limit, the sums of tables have none.
  std::vector<std::string> notes;     // Damage that cost nothing.
  [[nodiscard]] bool complete() const noexcept { return losses.empty(); }  // Nothing was lost.
};

struct SalvageOptions {
  // Half for reading, half for writing; at least 8 MiB. Twice what the database was written with suffices.
  std::size_t memory_budget = std::size_t{128} << 20;
  // Bytes read, of so many; called by the thread that salvages.
  std::function<void(std::uint64_t done, std::uint64_t total)> progress = {};
};

// Makes a database in `destination`, which must be empty or not there, of what can be read in `source`, which nobody
// may write to meanwhile. Damage is in the report; an error is what kept it from writing, and then `destination` has a
// part at most. already_exists: `destination` is not empty. not_found: nothing in `source` is of a database. busy: a
// process, which the message names, has it open to write.
MNEME_API Result<SalvageReport> salvage(std::string_view source, std::string_view destination,
                                        const SalvageOptions& options = {});

}  // namespace mneme
