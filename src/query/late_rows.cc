#include "query/late_rows.h"

#include <algorithm>

#include "query/operators.h"

namespace mneme::query {
namespace {

constexpr std::size_t kTextBytesGuess = 128;

}  // namespace

std::optional<TopPlan> top_plan_of(const Plan& plan) {
  const auto* sort = std::get_if<Sort>(&plan.node);
  if (sort == nullptr || sort->limit == nullptr || sort->keys.empty()) return std::nullopt;
  const auto* project = std::get_if<Project>(&plan.inputs.front()->node);
  if (project == nullptr) return std::nullopt;
  const auto* scan = std::get_if<Scan>(&plan.inputs.front()->inputs.front()->node);
  if (scan == nullptr || scan->index || scan->with_row_id) return std::nullopt;
  return TopPlan{*sort, *project, *scan, plan};
}

void mark_columns(const Expression& e, std::vector<bool>& used) {
  if (e.kind == ExpressionKind::column) used[e.index] = true;
  for (const auto& child : e.children) mark_columns(*child, used);
}

Result<std::unique_ptr<PlacedReader>> read_columns(const Scan& scan, const std::vector<bool>& used,
                                                   const ExecutionContext& context) {
  auto request = TRY(scan_request(scan, context));
  request->columns.clear();
  for (std::size_t i = 0; i < used.size(); ++i) {
    if (used[i]) request->columns.push_back(scan.table_columns[i]);
  }
  return context.transaction.scan_in_place(*std::move(request));
}

Batch spread(Batch read, const Scan& scan, const std::vector<bool>& used) {
  Batch out;
  std::size_t next = 0;
  for (std::size_t i = 0; i < used.size(); ++i) {
    if (used[i]) {
      out.columns.push_back(std::move(read.columns[next++]));
    } else {
      out.columns.emplace_back(scan.table->find(scan.table_columns[i])->type);
    }
  }
  return out;
}

LateRows::LateRows(const TopPlan& top, const PlacedReader& reader, ExecutionContext& context)
    : top_(top), reader_(reader), context_(context), used_(top.scan.table_columns.size()) {
  for (std::size_t i = 0; i < top.project.expressions.size(); ++i) {
    if (is_wanted(i)) mark_columns(*top.project.expressions[i], used_);
  }
  std::size_t bytes = 1;
  for (std::size_t i = 0; i < used_.size(); ++i) {
    if (!used_[i]) continue;
    const ColumnId id = top.scan.table_columns[i];
    columns_.push_back(id);
    const Type& type = top.scan.table->find(id)->type;
    bytes += type.width() + (type.is_variable() ? kTextBytesGuess : 0);
  }
  rows_per_batch_ = std::clamp<std::size_t>(kBatchBytesMax / bytes, 1, kBatchRowsMax);
}

Result<Batch> LateRows::read(std::span<const Place> places) const {
  Batch read;
  if (!columns_.empty()) read = TRY(reader_.fetch(places, columns_));
  const std::size_t count = columns_.empty() ? places.size() : read.rows();
  const auto rows = std::make_shared<const Batch>(spread(std::move(read), top_.scan, used_));
  const EvaluationInput input = over(*rows, count, context_);
  Batch out;
  for (std::size_t i = 0; i < top_.project.expressions.size(); ++i) {
    const Expression& expression = *top_.project.expressions[i];
    Column& column = out.columns.emplace_back(expression.type);
    if (is_wanted(i)) {
      column = TRY(evaluate(expression, input));
      if (column.type().is_variable()) column.keep_alive(rows);
    } else {
      column.extend(count);
    }
  }
  if (out.columns.empty()) out.columns.push_back(placeholder(count));
  return out;
}

}  // namespace mneme::query
