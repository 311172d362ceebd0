#include "query/explain.h"

#include "query/operator.h"
#include "query/profile.h"

namespace mneme::query {
namespace {

using Columns = std::vector<OutputColumn>;

std::string list_of(const std::vector<ExpressionPtr>& expressions, const Columns& columns) {
  std::string text;
  for (const auto& expression : expressions) text += (text.empty() ? "" : ", ") + explain(*expression, columns);
  return text;
}

std::string optional(std::string_view word, const ExpressionPtr& expression, const Columns& columns) {
  return expression ? " " + std::string(word) + " " + explain(*expression, columns) : std::string();
}

std::string keys_of(const std::vector<SortKey>& keys, const Columns& columns) {
  std::string text;
  for (const SortKey& key : keys) {
    text += (text.empty() ? "" : ", ") + explain(*key.expression, columns) + (key.descending ? " DESC" : "");
    if (key.nulls_first != key.descending) text += key.nulls_first ? " NULLS FIRST" : " NULLS LAST";
  }
  return text;
}

std::string_view name_of(AggregateKind kind) {
  switch (kind) {
    case AggregateKind::count_rows: return "count";
    case AggregateKind::count: return "count";
    case AggregateKind::sum: return "sum";
    case AggregateKind::average: return "avg";
    case AggregateKind::least: return "min";
    case AggregateKind::greatest: return "max";
    case AggregateKind::first: return "first";
    case AggregateKind::last: return "last";
    case AggregateKind::variance_sample: return "var_samp";
    case AggregateKind::variance_population: return "var_pop";
    case AggregateKind::deviation_sample: return "stddev_samp";
    case AggregateKind::deviation_population: return "stddev_pop";
    case AggregateKind::bool_and: return "bool_and";
    case AggregateKind::bool_or: return "bool_or";
    case AggregateKind::string_agg: return "string_agg";
  }
  return "aggregate";
}

std::string_view name_of(JoinKind kind) {
  switch (kind) {
    case JoinKind::inner: return "Join";
    case JoinKind::left: return "Left join";
    case JoinKind::right: return "Right join";
    case JoinKind::full: return "Full join";
    case JoinKind::semi: return "Semi join";
    case JoinKind::anti: return "Anti join";
  }
  return "Join";
}

// "a = $1, b >= 2, b < 5": the columns of the index, in order.
std::string index_text(const IndexAccess& access, const TableSchema& table) {
  std::string text;
  const IndexSchema* index = nullptr;
  for (const IndexSchema& candidate : table.indexes) {
    if (candidate.id == access.index) index = &candidate;
  }
  if (index == nullptr) return "?";
  const auto add = [&](std::size_t place, std::string_view symbol, const Expression& bound) {
    const ColumnSchema* column = place < index->columns.size() ? table.find(index->columns[place]) : nullptr;
    text += (text.empty() ? "" : ", ") + (column != nullptr ? column->name : "?") + " " + std::string(symbol) + " " +
            explain(bound, {});
  };
  for (std::size_t i = 0; i < access.equal.size(); ++i) add(i, "=", *access.equal[i]);
  if (access.lower) add(access.equal.size(), access.lower_inclusive ? ">=" : ">", *access.lower);
  if (access.upper) add(access.equal.size(), access.upper_inclusive ? "<=" : "<", *access.upper);
  return index->name + " (" + text + ")" + (access.descending ? " DESC" : "");
}

std::string names_of(const Columns& columns) {
  std::string text;
  for (const OutputColumn& column : columns) text += (text.empty() ? "" : ", ") + column.name;
  return text;
}

std::string prune_text(const Scan& scan) {
  std::string text;
  for (const PruneBound& bound : scan.prune) {
    const ColumnSchema* column = scan.table->find(bound.column);
    text += (text.empty() ? " prune " : ", ") + (column != nullptr ? column->name : "?");
    text += " in [" + (bound.lower ? explain(*bound.lower, {}) : "") + " .. " +
            (bound.upper ? explain(*bound.upper, {}) : "") + "]";
  }
  return text;
}

std::size_t count_scans(const Plan& plan) {
  std::size_t scans = std::holds_alternative<Scan>(plan.node) ? 1 : 0;
  for (const auto& input : plan.inputs) scans += count_scans(*input);
  return scans;
}

// The columns of an input; with `qualified`, those of a table are table.column.
Columns input_columns(const Plan& plan, std::size_t input, bool qualified) {
  if (input >= plan.inputs.size()) return {};
  Columns columns = plan.inputs[input]->columns;
  for (OutputColumn& column : columns) {
    if (qualified && !column.table.empty() && !column.name.empty()) column.name = column.table + "." + column.name;
  }
  return columns;
}

class NodePrinter {  // One thread at a time: the line of one node.
 public:
  // `qualified`: the plan has more than one table.
  NodePrinter(const Plan& plan, bool qualified)
      : plan_(plan),
        qualified_(qualified),
        input_(input_columns(plan, 0, qualified)),
        right_(input_columns(plan, 1, qualified)) {
    both_ = input_;
    both_.insert(both_.end(), right_.begin(), right_.end());
  }

  std::string operator()(const Scan& n) const {
    std::string columns;
    for (const ColumnId id : n.table_columns) {
      columns += (columns.empty() ? "" : ", ") + n.table->find(id)->name;
      if (std::ranges::find(n.by_reference, id) != n.by_reference.end()) columns += " by reference";
      if (std::ranges::find(n.in_part, id) != n.in_part.end()) columns += " in part";
    }
    std::string text = "Scan " + n.table->name + alias(*n.table) + " (" + columns + ")";
    text += optional("filter", n.filter, plan_.columns);
    text += prune_text(n);
    if (n.index) text += " index " + index_text(*n.index, *n.table);
    return text;
  }
  std::string operator()(const Values& n) const {
    if (n.rows.empty()) return "Values 0 rows";
    if (n.rows.size() > 1) return "Values " + std::to_string(n.rows.size()) + " rows (" + names_of(plan_.columns) + ")";
    return "Values (" + list_of(n.rows[0], {}) + ")";
  }
  std::string operator()(const Filter& n) const { return "Filter " + explain(*n.predicate, input_); }
  std::string operator()(const Project& n) const { return "Project " + list_of(n.expressions, input_); }
  std::string operator()(const Sort& n) const {
    return "Sort " + keys_of(n.keys, input_) + optional("limit", n.limit, {}) + optional("offset", n.offset, {});
  }
  std::string operator()(const Limit& n) const {
    return "Limit" + (n.limit ? " " + explain(*n.limit, {}) : std::string()) + optional("offset", n.offset, {});
  }
  std::string operator()(const Aggregate& n) const {
    std::string text = "Aggregate";
    for (const AggregateCall& call : n.calls) text += (&call == n.calls.data() ? " " : ", ") + explain(call, input_);
    return n.groups.empty() ? text : text + " by " + list_of(n.groups, input_);
  }
  std::string operator()(const Distinct& n) const {
    return n.on.empty() ? "Distinct" : "Distinct on " + list_of(n.on, input_);
  }
  std::string operator()(const Join& n) const {
    return std::string(name_of(n.kind)) + (n.null_aware ? " null-aware" : "") + keys(n.left_keys, n.right_keys) +
           optional("if", n.residual, both_);
  }
  std::string operator()(const AsofJoin& n) const {
    const std::string symbol = std::string(n.forward ? "<" : ">") + (n.strict ? "" : "=");
    return std::string(n.left_outer ? "Asof left join " : "Asof join ") + explain(*n.left_time, input_) + " " + symbol +
           " " + explain(*n.right_time, right_) + keys(n.left_keys, n.right_keys) + optional("within", n.within, {});
  }
  std::string operator()(const UnionAll&) const { return "Union all"; }
  std::string operator()(const SetOperation& n) const {
    return std::string(n.op == SetOperation::Kind::intersect ? "Intersect" : "Except") + (n.all ? " all" : "");
  }
  std::string operator()(const Series& n) const {
    return "Series " + explain(*n.first, {}) + " .. " + explain(*n.last, {}) + " step " + explain(*n.step, {});
  }
  std::string operator()(const Insert& n) const {
    std::string text = "Insert into " + n.table->name;
    if (n.on_conflict) text += n.on_conflict->update ? " on conflict update" : " on conflict do nothing";
    return text;
  }
  std::string operator()(const Update& n) const {
    std::string text;
    for (std::size_t i = 0; i < n.new_row.size(); ++i) {
      const Expression& value = *n.new_row[i];
      if (value.kind == ExpressionKind::column && value.index == i) continue;
      text += (text.empty() ? "" : ", ") + n.table->columns[i].name + " = " + explain(value, input_);
    }
    return "Update " + n.table->name + " set " + text;
  }
  std::string operator()(const Delete& n) const { return "Delete from " + n.table->name; }

 private:
  [[nodiscard]] std::string alias(const TableSchema& table) const {
    const std::string& name = plan_.columns.empty() ? table.name : plan_.columns.front().table;
    return !qualified_ || name.empty() || name == table.name ? "" : " AS " + name;
  }

  [[nodiscard]] std::string keys(const std::vector<ExpressionPtr>& left,
                                 const std::vector<ExpressionPtr>& right_keys) const {
    std::string text;
    for (std::size_t i = 0; i < left.size(); ++i) {
      text += (i == 0 ? " on " : " AND ") + explain(*left[i], input_) + " = " + explain(*right_keys[i], right_);
    }
    return text;
  }

  const Plan& plan_;
  const bool qualified_;
  const Columns input_;
  const Columns right_;
  Columns both_;
};

// "0.042 ms": microseconds are what a person can compare.
std::string milliseconds(std::int64_t ns) {
  std::string micros = std::to_string((ns + 500) / 1'000);
  if (micros.size() < 4) micros.insert(0, 4 - micros.size(), '0');
  micros.insert(micros.size() - 3, ".");
  return micros + " ms";
}

std::string measured(const Plan& plan, const Profile* profile) {
  if (profile == nullptr) return "";
  const NodeProfile* node = profile->find(plan);
  if (node == nullptr) return "  (never run)";
  return "  (" + std::to_string(node->rows) + (node->rows == 1 ? " row, " : " rows, ") + milliseconds(node->ns) + ")";
}

void print(const Plan& plan, bool qualified, std::size_t depth, const Profile* profile, std::string& text) {
  const std::string node = std::visit(NodePrinter(plan, qualified), plan.node);
  text += std::string(2 * depth, ' ') + node + measured(plan, profile) + "\n";
  for (const auto& input : plan.inputs) print(*input, qualified, depth + 1, profile, text);
}

std::string printed(const Plan& plan, const Profile* profile) {
  std::string text;
  print(plan, count_scans(plan) > 1, 0, profile, text);
  return text;
}

}  // namespace

std::string explain(const AggregateCall& call, const std::vector<OutputColumn>& columns) {
  const std::string arguments = call.kind == AggregateKind::count_rows ? "*" : list_of(call.arguments, columns);
  const std::string order = call.order_by.empty() ? "" : " ORDER BY " + keys_of(call.order_by, columns);
  return std::string(name_of(call.kind)) + "(" + (call.distinct ? "DISTINCT " : "") + arguments + order + ")" +
         optional("FILTER", call.filter, columns);
}

std::string explain(const Plan& plan) { return printed(plan, nullptr); }

std::string explain(const Plan& plan, const Profile& profile) { return printed(plan, &profile); }

}  // namespace mneme::query
