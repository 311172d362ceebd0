// The order of rows within a segment: by the clustering columns, NULL first, NaN last, text by bytes.
#pragma once

#include <compare>
#include <vector>

#include "types/schema.h"

namespace mneme {

// Of two values that are not NULL. REQUIRES: columns of one type.
std::weak_ordering compare_values(const Column& left, std::size_t left_row, const Column& right, std::size_t right_row);
std::weak_ordering compare_rows(const Batch& left, std::size_t left_row, const Batch& right, std::size_t right_row,
                                std::span<const std::size_t> columns);
// Ordinals in the schema of what its segments are sorted by.
std::vector<std::size_t> clustering_ordinals(const TableSchema& schema);

}  // namespace mneme
