#include "query/rules_scan.h"

#include <algorithm>
#include <array>

#include "query/functions.h"
#include "query/rules_expression.h"

namespace mneme::query {
namespace {

constexpr std::array<std::string_view, 5> kSymbols{"=", "<", "<=", ">", ">="};

std::string_view turned(std::string_view symbol) {
  if (symbol == "<") return ">";
  if (symbol == "<=") return ">=";
  if (symbol == ">") return "<";
  if (symbol == ">=") return "<=";
  return symbol;
}

// The operands of an AND, without copying them.
void borrow_conjuncts(const Expression& expression, std::vector<const Expression*>& conjuncts) {
  if (expression.kind != ExpressionKind::conjunction) return conjuncts.push_back(&expression);
  for (const auto& child : expression.children) borrow_conjuncts(*child, conjuncts);
}

std::optional<Comparison> comparison_of(const Expression& condition, const Scan& scan) {
  if (condition.kind != ExpressionKind::call || condition.children.size() != 2) return std::nullopt;
  const auto* symbol = std::ranges::find(kSymbols, condition.function->name);
  if (symbol == kSymbols.end()) return std::nullopt;
  const Expression* column = condition.children[0].get();
  const Expression* value = condition.children[1].get();
  const bool straight = column->kind == ExpressionKind::column;
  if (!straight) std::swap(column, value);
  const bool fits = column->kind == ExpressionKind::column && column->index < scan.table_columns.size() &&
                    !has_columns(*value) && value->type == column->type;
  if (!fits) return std::nullopt;
  return Comparison{scan.table_columns[column->index], straight ? *symbol : turned(*symbol), value};
}

// ---- Zone maps -------------------------------------------------------------------------------------------------

// Of two bounds the one that is at least as tight: greatest() of lower ones, least() of upper ones.
ExpressionPtr tighter(ExpressionPtr bound, ExpressionPtr other, std::string_view function) {
  if (bound == nullptr) return other;
  const std::array<Argument, 2> arguments{Argument{bound->type, false}, Argument{other->type, false}};
  const auto overload = resolve_function(function, arguments);
  if (!overload || overload->result != bound->type || overload->arguments[0] != bound->type) return bound;
  const Type type = bound->type;
  return fold(make_call(*overload->function, type, expressions(std::move(bound), std::move(other))));
}

PruneBound& bound_of(Scan& scan, ColumnId column) {
  const auto found = std::ranges::find(scan.prune, column, &PruneBound::column);
  if (found != scan.prune.end()) return *found;
  scan.prune.push_back({column, nullptr, nullptr});
  return scan.prune.back();
}

void add_bound(Scan& scan, const Comparison& comparison) {
  PruneBound& bound = bound_of(scan, comparison.column);
  const bool equal = comparison.symbol == "=";
  if (equal || comparison.symbol.front() == '>') {
    bound.lower = tighter(std::move(bound.lower), clone(*comparison.value), "greatest");
  }
  if (equal || comparison.symbol.front() == '<') {
    bound.upper = tighter(std::move(bound.upper), clone(*comparison.value), "least");
  }
}

// a = 1 OR a = 5, as IN (1, 5) is bound: a lies between the least and the greatest of them.
void add_list_bound(Scan& scan, const Expression& condition) {
  if (condition.kind != ExpressionKind::disjunction) return;
  ExpressionPtr least, greatest;
  std::optional<ColumnId> column;
  for (const auto& child : condition.children) {
    const auto comparison = comparison_of(*child, scan);
    if (!comparison || comparison->symbol != "=" || (column && *column != comparison->column)) return;
    // A NULL among them equals nothing, and least() and greatest() pass over it.
    column = comparison->column;
    least = tighter(std::move(least), clone(*comparison->value), "least");
    greatest = tighter(std::move(greatest), clone(*comparison->value), "greatest");
  }
  // tighter() keeps one of two values it cannot order: no bound is then right.
  const std::array<Argument, 2> types{Argument{least->type, false}, Argument{least->type, false}};
  const auto overload = resolve_function("least", types);
  if (!overload || overload->result != least->type) return;
  PruneBound& bound = bound_of(scan, *column);
  bound.lower = tighter(std::move(bound.lower), std::move(least), "greatest");
  bound.upper = tighter(std::move(bound.upper), std::move(greatest), "least");
}

// ---- Indexes ---------------------------------------------------------------------------------------------------

const Comparison* find(const std::vector<Comparison>& comparisons, ColumnId column, std::string_view symbols) {
  const auto found = std::ranges::find_if(comparisons, [&](const Comparison& comparison) {
    return comparison.column == column && symbols.find(comparison.symbol.front()) != std::string_view::npos;
  });
  return found == comparisons.end() ? nullptr : &*found;
}

int worth(const AccessPath& path) {
  const bool two_ends = path.access.lower && path.access.upper;
  if (path.is_point) return 1'000;
  if (path.access.equal.empty() && !two_ends) return 0;
  return static_cast<int>(10 * path.access.equal.size()) + (two_ends ? 5 : 0) +
         (path.access.lower || path.access.upper ? 1 : 0);
}

}  // namespace

ScanConditions conditions_of(const Scan& scan) {
  ScanConditions conditions;
  std::vector<const Expression*> conjuncts;
  if (scan.filter) borrow_conjuncts(*scan.filter, conjuncts);
  for (const Expression* conjunct : conjuncts) {
    if (auto comparison = comparison_of(*conjunct, scan)) {
      conditions.comparisons.push_back(*comparison);
    } else {
      ++conditions.others;
    }
  }
  return conditions;
}

AccessPath path_through(const IndexSchema& index, const std::vector<Comparison>& comparisons) {
  AccessPath path;
  path.access.index = index.id;
  for (const ColumnId column : index.columns) {
    const Comparison* equal = find(comparisons, column, "=");
    if (equal == nullptr) break;
    path.access.equal.push_back(clone(*equal->value));
  }
  const std::size_t equals = path.access.equal.size();
  path.used = equals;
  path.is_point = index.unique && equals == index.columns.size();
  if (equals == index.columns.size()) return path;
  if (const Comparison* lower = find(comparisons, index.columns[equals], ">")) {
    path.access.lower = clone(*lower->value);
    path.access.lower_inclusive = lower->symbol == ">=";
    ++path.used;
  }
  if (const Comparison* upper = find(comparisons, index.columns[equals], "<")) {
    path.access.upper = clone(*upper->value);
    path.access.upper_inclusive = upper->symbol == "<=";
    ++path.used;
  }
  return path;
}

bool says_all(const AccessPath& path, const ScanConditions& conditions) {
  const bool reaches_nulls = path.access.lower && !path.access.upper;  // They lie behind all values.
  return conditions.others == 0 && path.used == conditions.comparisons.size() && !reaches_nulls;
}

void use_path(Scan& scan, AccessPath path, const ScanConditions& conditions) {
  const bool exact = says_all(path, conditions);
  scan.index = std::move(path.access);
  if (!exact) return;
  scan.filter = nullptr;
  scan.prune.clear();
}

void choose_access(Scan& scan) {
  if (scan.index) return;
  const ScanConditions conditions = conditions_of(scan);
  for (const Comparison& comparison : conditions.comparisons) add_bound(scan, comparison);
  std::vector<const Expression*> conjuncts;
  if (scan.filter) borrow_conjuncts(*scan.filter, conjuncts);
  for (const Expression* conjunct : conjuncts) add_list_bound(scan, *conjunct);
  std::optional<AccessPath> best;
  for (const IndexSchema& index : scan.table->indexes) {
    if (index.kind != "ordered") continue;
    AccessPath path = path_through(index, conditions.comparisons);
    if (worth(path) > (best ? worth(*best) : 0)) best = std::move(path);
  }
  if (best) use_path(scan, *std::move(best), conditions);
}

}  // namespace mneme::query
