// Random expressions of a wanted sort over the columns in scope.
//
// By default only what SQLite and PostgreSQL agree on: no division by what may be zero, no arithmetic that may
// overflow, no LIKE, no casts, no functions whose edges differ. `free` adds those; SQLite is then not asked.
#pragma once

#include <string>
#include <vector>

#include "differential/draw.h"
#include "differential/random_schema.h"
#include "differential/tree.h"

namespace mneme::differential {

struct ScopeColumn {
  Tree name;  // "a.c1"
  Sort sort = Sort::integer;
  bool wide = false;
};

struct Scope {
  std::vector<ScopeColumn> columns;
  bool free = false;
  const Schema* schema = nullptr;  // Tables that subqueries may read; null: no subqueries.
};

Tree random_expression(Draw& draw, const Scope& scope, Sort sort, int depth);
inline Tree random_predicate(Draw& draw, const Scope& scope, int depth) {
  return random_expression(draw, scope, Sort::boolean, depth);
}
// IN or EXISTS over another table, mostly correlated by an equality: a condition of its own in WHERE.
Tree subquery_condition(Draw& draw, const Scope& scope);
// Expressions that may overflow, divide by zero or fail to convert: nothing around them decides whether they are
// evaluated, so that all sides fail or none does.
Tree risky_expression(Draw& draw, const Scope& scope);
Sort random_sort(Draw& draw);

}  // namespace mneme::differential
