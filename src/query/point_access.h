// PointAccess: recognises the plan that is one row of one table by its unique key, which needs no operators.
#pragma once

#include <optional>

#include "query/plan.h"

namespace mneme::query {

struct PointAccess {
  SchemaPtr table;
  IndexId index{};
  std::vector<std::size_t> key;   // Of each column of the index: the parameter it equals, which has its type.
  std::vector<ColumnId> columns;  // What the plan yields, in order.
};

// None: the plan is anything else. It and the operators' answer are the same, but for a key with a NULL in it, which no
// row has. REQUIRES: the rules have run.
std::optional<PointAccess> point_access(const StatementPlan& statement);

}  // namespace mneme::query
