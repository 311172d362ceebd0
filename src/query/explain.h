// How expressions look in EXPLAIN: columns by name, operators between their operands.
#pragma once

#include <string>
#include <vector>

#include "query/plan.h"

namespace mneme::query {

// `columns` are those the expression counts; unnamed ones and those behind the end print as #index.
std::string explain(const Expression& expression, const std::vector<OutputColumn>& columns);
std::string explain(const AggregateCall& call, const std::vector<OutputColumn>& columns);

}  // namespace mneme::query
