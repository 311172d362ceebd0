// What the binder and the rules do with bound expressions: copy, compare, take apart, fold.
// Pure functions: thread-safe. Recursion is bounded by the height of the parsed tree (kTreeHeightMax).
#pragma once

#include <functional>
#include <vector>

#include "query/expression.h"

namespace mneme::query {

ExpressionPtr clone(const Expression& expression);  // Constants are shared.

// A copy in which every node for which `replace` yields something is that instead; asked from the root down, and not
// below what was replaced.
using Replace = std::function<ExpressionPtr(const Expression&)>;
ExpressionPtr rewrite(const Expression& expression, const Replace& replace);

// A copy whose input columns are counted otherwise.
ExpressionPtr remap_columns(const Expression& expression, const std::function<std::size_t(std::size_t)>& to);

// A copy over the input of a projection: columns are what the projection computes of them.
ExpressionPtr substitute(const Expression& expression, const std::vector<ExpressionPtr>& projected);

// Whether both compute the same value of the same row. Positions do not matter.
bool same(const Expression& left, const Expression& right);

void for_each_column(const Expression& expression, const std::function<void(const Expression&)>& visit);
bool has_columns(const Expression& expression);
bool columns_within(const Expression& expression, std::size_t begin, std::size_t end);  // All in [begin, end).

// The operands of a conjunction, also nested; any other expression is its own only conjunct.
void split_conjuncts(const Expression& expression, std::vector<ExpressionPtr>& conjuncts);
ExpressionPtr join_conjuncts(std::vector<ExpressionPtr> conjuncts);  // Null when there are none.

// The work of computing it for a row, in calls of a cheap function; a distance counts for many.
std::size_t cost_of(const Expression& expression);

// The constant it computes, where all its operands are constants. What fails stays as it is: it may never be computed.
ExpressionPtr fold(ExpressionPtr expression);
// The same at every level, from the leaves up; AND and OR lose the operands that decide nothing.
ExpressionPtr fold_all(const Expression& expression);

// A BOOL constant that is true; false and NULL (which a filter takes alike).
bool is_always_true(const Expression& expression);
bool is_never_true(const Expression& expression);

}  // namespace mneme::query
