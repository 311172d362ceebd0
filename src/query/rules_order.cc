#include "query/rules_order.h"

#include <algorithm>

#include "query/rules_expression.h"
#include "query/rules_scan.h"

namespace mneme::query {
namespace {

// The scan beneath projections, and what its columns are called in them; null: something else lies there.
struct Beneath {
  Scan* scan = nullptr;
  std::vector<const Project*> projects;  // From the top.
};

Beneath beneath(Plan& plan) {
  Beneath found;
  Plan* node = &plan;
  while (const auto* project = std::get_if<Project>(&node->node)) {
    found.projects.push_back(project);
    node = node->inputs[0].get();
  }
  found.scan = std::get_if<Scan>(&node->node);
  return found;
}

// The scan's column a sort key is; none: it is computed.
std::optional<ColumnId> scan_column(const Expression& key, const Beneath& beneath) {
  const Expression* expression = &key;
  for (const Project* project : beneath.projects) {
    if (expression->kind != ExpressionKind::column) return std::nullopt;
    expression = project->expressions[expression->index].get();
  }
  const auto& columns = beneath.scan->table_columns;
  if (expression->kind != ExpressionKind::column || expression->index >= columns.size()) return std::nullopt;
  return columns[expression->index];
}

struct WantedOrder {
  std::vector<ColumnId> columns;
  bool descending = false;
};

// Index keys have NULLs last ascending, and so first descending, which is SQL's own default. None: no index has it.
std::optional<WantedOrder> wanted_order(const Sort& sort, const Beneath& beneath) {
  WantedOrder order;
  order.descending = sort.keys.front().descending;
  for (const SortKey& key : sort.keys) {
    const auto column = scan_column(*key.expression, beneath);
    if (!column || key.descending != order.descending || key.nulls_first != key.descending) return std::nullopt;
    order.columns.push_back(*column);
  }
  return order;
}

// Whether rows in the index's order, its first `equal` columns being the same in all, are in the wanted order.
bool provides(const IndexSchema& index, std::size_t equal, const WantedOrder& order, const TableSchema& table) {
  std::size_t next = equal;
  for (const ColumnId column : order.columns) {
    const auto same = std::ranges::find(index.columns, column);
    if (same != index.columns.end() && static_cast<std::size_t>(same - index.columns.begin()) < equal) continue;
    if (next == index.columns.size()) {  // Further keys decide only among rows that a unique key cannot have.
      return index.unique && std::ranges::all_of(index.columns, [&](ColumnId id) { return table.find(id)->not_null; });
    }
    if (index.columns[next] != column) return false;
    ++next;
  }
  return true;
}

// The index whose range is the scan's conditions and whose order is the wanted one; false: sorting is better.
bool read_in_order(Plan& input, const Sort& sort) {
  const Beneath found = beneath(input);
  if (found.scan == nullptr) return false;
  Scan& scan = *found.scan;
  const auto order = wanted_order(sort, found);
  if (!order) return false;
  const ScanConditions conditions = conditions_of(scan);
  for (const IndexSchema& index : scan.table->indexes) {
    if (index.kind != "ordered") continue;
    AccessPath path = path_through(index, conditions.comparisons);
    // With conditions of another kind the walk to the first few rows may be a long one.
    const bool whole = conditions.others == 0 && path.used == conditions.comparisons.size();
    if (!whole || !provides(index, path.access.equal.size(), *order, *scan.table)) continue;
    path.access.descending = order->descending;
    use_path(scan, std::move(path), conditions);
    return true;
  }
  return false;
}

// Whether the scan reads through an index in the wanted order already; then it does so the right way round.
bool is_read_in_order(Plan& input, const Sort& sort) {
  const Beneath found = beneath(input);
  if (found.scan == nullptr || !found.scan->index) return false;
  IndexAccess& access = *found.scan->index;
  const auto order = wanted_order(sort, found);
  const auto& indexes = found.scan->table->indexes;
  const auto index = std::ranges::find(indexes, access.index, &IndexSchema::id);
  if (!order || !provides(*index, access.equal.size(), *order, *found.scan->table)) return false;
  access.descending = order->descending;
  return true;
}

PlanPtr bound_sorts_under(PlanPtr plan, const Limit* above) {
  const auto* limit = std::get_if<Limit>(&plan->node);
  for (auto& input : plan->inputs) input = bound_sorts_under(std::move(input), limit);
  auto* sort = std::get_if<Sort>(&plan->node);
  if (sort == nullptr) return plan;
  if (is_read_in_order(*plan->inputs[0], *sort)) return std::move(plan->inputs[0]);
  if (above == nullptr || !above->limit) return plan;
  sort->limit = clone(*above->limit);
  if (above->offset) sort->offset = clone(*above->offset);
  return plan;
}

}  // namespace

PlanPtr order_by_index(PlanPtr plan) {
  for (auto& input : plan->inputs) input = order_by_index(std::move(input));
  const auto* limit = std::get_if<Limit>(&plan->node);
  if (limit == nullptr || !limit->limit) return plan;
  Plan& input = *plan->inputs[0];
  const auto* sort = std::get_if<Sort>(&input.node);
  if (sort != nullptr && read_in_order(*input.inputs[0], *sort)) plan->inputs[0] = std::move(input.inputs[0]);
  return plan;
}

PlanPtr bound_sorts(PlanPtr plan) { return bound_sorts_under(std::move(plan), nullptr); }

}  // namespace mneme::query
