// What a side answered, as text, and whether two sides answered the same.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "mneme/type.h"

namespace mneme::differential {

using Row = std::vector<std::optional<std::string>>;

struct Outcome {
  bool ok = true;
  std::string sqlstate;  // Of an error; SQLite has none.
  std::string message;
  std::vector<TypeKind> kinds;  // Of mneme's columns: they say how both sides' texts are read.
  std::vector<Row> rows;
  std::uint64_t changed = 0;
};

struct Comparison {
  bool ordered = false;            // Rows in their order, not as a multiset.
  bool decimals_by_value = false;  // 1.5 = 1.50: the other side has no DECIMAL.
  bool states = false;             // Errors have to be the same one.
};

// What differs, in words; empty: nothing. `want` is read by the kinds of `got`, which is mneme's.
std::string difference(const Outcome& got, const Outcome& want, const Comparison& how);

// The same for differences of one kind, whatever the values: its first words, and the SQLSTATE if only one side failed.
std::string kind_of(const std::string& difference);

std::string text_of(const Row& row);
// Rows as they are compared: floats by their value, truths as t and f, times without the
// zone, which is UTC everywhere.
std::vector<std::string> canonical_rows(const Outcome& outcome, const std::vector<TypeKind>& kinds,
                                        const Comparison& how);

}  // namespace mneme::differential
