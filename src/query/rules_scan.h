// Rule: what a scan may skip. Comparisons of a column with what is known when the scan opens become bounds that zone
// maps prune by, and, where the columns of an index allow, a range of that index's keys.
//
// There are no statistics. An index is worth it for an equality or for a range with two ends; a range with one end is
// left to the zone maps, because half a table read row by row through an index is slower than the whole read in order.
// The filter stays whole, as bounds are not exact, unless it asks for nothing but the range.
// Pure functions: thread-safe.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "query/plan.h"

namespace mneme::query {

// `column symbol value`, the value being without columns. Borrowed from a scan's filter.
struct Comparison {
  ColumnId column{};
  std::string_view symbol;  // = < <= > >=
  const Expression* value = nullptr;
};
struct ScanConditions {
  std::vector<Comparison> comparisons;
  std::size_t others = 0;  // Conditions that are no such comparison.
};
ScanConditions conditions_of(const Scan& scan);

struct AccessPath {
  IndexAccess access;
  std::size_t used = 0;   // How many of the comparisons the range says in full.
  bool is_point = false;  // All columns of a unique index are equal to something: at most one row.
};
AccessPath path_through(const IndexSchema& index, const std::vector<Comparison>& comparisons);

// Whether the rows in the range are exactly those that pass the filter: keys are equal and ordered as values are.
bool says_all(const AccessPath& path, const ScanConditions& conditions);
// Reads the scan through `path`, without the filter if it says all.
void use_path(Scan& scan, AccessPath path, const ScanConditions& conditions);
// Sets the bounds and, if one is worth it, the index; unless there is one.
void choose_access(Scan& scan);

}  // namespace mneme::query
