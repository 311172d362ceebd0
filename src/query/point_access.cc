#include "query/point_access.h"

#include <algorithm>

namespace mneme::query {
namespace {

// What a scan yields of the table, or what a projection that computes nothing makes of that.
std::optional<std::vector<ColumnId>> yielded(const Plan& root, const Scan& scan) {
  const auto* project = std::get_if<Project>(&root.node);
  if (project == nullptr) return scan.table_columns;
  std::vector<ColumnId> columns;
  for (const ExpressionPtr& expression : project->expressions) {
    if (expression->kind != ExpressionKind::column || expression->index >= scan.table_columns.size()) return {};
    columns.push_back(scan.table_columns[expression->index]);
  }
  return columns;
}

// The parameters that make up the whole key of `index`; none: something else does, or it is only a part.
std::optional<std::vector<std::size_t>> key_parameters(const StatementPlan& statement, const Scan& scan,
                                                       const IndexSchema& index) {
  const IndexAccess& access = *scan.index;
  if (!index.unique || access.lower || access.upper || access.equal.size() != index.columns.size()) return {};
  std::vector<std::size_t> parameters;
  for (std::size_t i = 0; i < access.equal.size(); ++i) {
    const Expression& value = *access.equal[i];
    if (value.kind != ExpressionKind::parameter || value.index >= statement.parameter_types.size()) return {};
    const ColumnSchema* column = scan.table->find(index.columns[i]);
    if (column == nullptr || column->type != value.type || statement.parameter_types[value.index] != value.type)
      return {};
    parameters.push_back(value.index);
  }
  return parameters;
}

}  // namespace

std::optional<PointAccess> point_access(const StatementPlan& statement) {
  if (!statement.scalar_subqueries.empty() || statement.root == nullptr) return {};
  const Plan& root = *statement.root;
  const bool projected = std::holds_alternative<Project>(root.node) && root.inputs.size() == 1;
  const auto* scan = std::get_if<Scan>(projected ? &root.inputs.front()->node : &root.node);
  if (scan == nullptr || !scan->index || scan->filter != nullptr || scan->with_row_id) return {};
  const auto index = std::ranges::find(scan->table->indexes, scan->index->index, &IndexSchema::id);
  if (index == scan->table->indexes.end()) return {};
  auto columns = yielded(root, *scan);
  auto key = key_parameters(statement, *scan, *index);
  if (!columns || columns->empty() || !key) return {};
  return PointAccess{scan->table, index->id, *std::move(key), *std::move(columns)};
}

}  // namespace mneme::query
