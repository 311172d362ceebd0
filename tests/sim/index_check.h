// I3 for exact indexes: each answers exactly what its table holds, asked through the table layer.
#pragma once

#include <string>

#include "index/index_kinds.h"
#include "sim/model.h"

namespace mneme::sim {

// Every index of every table, walked both ways, must give all rows of `state` (what a scan found) in the order of its
// columns, and only those, each with its key; keys of some rows must find them again, whole. By way of one index all
// columns are read. Returns what is wrong, or nothing; an error is the store's own.
Result<std::string> indexes_disagree(Store& store, const IndexKinds& kinds, const State& state);

}  // namespace mneme::sim
