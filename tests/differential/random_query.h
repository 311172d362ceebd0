// A random SELECT, as a tree whose parts have fixed places, so that the self-checks can put others there.
#pragma once

#include <cstddef>
#include <vector>

#include "differential/draw.h"
#include "differential/random_schema.h"
#include "differential/tree.h"

namespace mneme::differential {

// Where the children of a SELECT stand.
struct SelectPart {
  static constexpr std::size_t with = 0, distinct = 1, items = 2, from = 3, where = 4, group = 5, having = 6, order = 7,
                               limit = 8;
};

struct Query {
  Tree tree;             // A SELECT, or several put together.
  bool free = false;     // Not for SQLite.
  bool ordered = false;  // Its ORDER BY leaves no choice: rows are compared in order.
};

Query random_query(Draw& draw, const Schema& schema, bool free);
// FROM and a predicate, nothing else but items: what NoREC and TLP take apart. `WHERE p` is always there.
Tree random_filtered(Draw& draw, const Schema& schema, bool free);
// The same with GROUP BY and HAVING p.
Tree random_grouped(Draw& draw, const Schema& schema, bool free);
// Some columns of one row, by its key.
Query random_point_query(Draw& draw, const Schema& schema);

}  // namespace mneme::differential
