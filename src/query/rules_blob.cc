// From the root down: of each column of a node, what those above it need. A node that is not named here needs its input
// whole, which is always right.
#include "query/rules_blob.h"

#include <algorithm>

#include "storage/blob_offload.h"

namespace mneme::query {
namespace {

enum class Need : std::uint8_t { nothing, part, whole };  // Of a value's bytes.
using Needs = std::vector<Need>;

void raise(Need& need, Need to) { need = std::max(need, to); }

class Passing {  // One thread at a time; for one statement.
 public:
  explicit Passing(std::size_t parameters) : parameters_(parameters, Need::nothing) {}
  void visit(Plan& plan, Needs needs) {
    std::visit([&](auto& node) { enter(node, plan, std::move(needs)); }, plan.node);
  }
  [[nodiscard]] const Needs& parameters() const noexcept { return parameters_; }

 private:
  // A column or a parameter as it stands is needed so far; of anything else, what it computes from.
  void use(const ExpressionPtr& expression, Needs& columns, Need need = Need::whole) {
    if (expression) use(*expression, columns, need);
  }
  void use(const Expression& e, Needs& columns, Need need = Need::whole) {
    if (e.kind == ExpressionKind::column) return raise(columns[e.index], need);
    if (e.kind == ExpressionKind::parameter) {
      if (e.index < parameters_.size()) raise(parameters_[e.index], need);
      return;
    }
    for (std::size_t i = 0; i < e.children.size(); ++i) use(*e.children[i], columns, need_of_child(e, i));
  }
  static Need need_of_child(const Expression& e, std::size_t child) {
    if (e.kind == ExpressionKind::is_null) return Need::nothing;
    const bool in_part = e.kind == ExpressionKind::call && e.function->by_reference != nullptr && child == 0;
    if (!in_part) return Need::whole;
    return e.children.size() == 1 ? Need::nothing : Need::part;  // Of a length no byte.
  }
  void use(const std::vector<ExpressionPtr>& expressions, Needs& columns) {
    for (const auto& expression : expressions) use(expression, columns);
  }
  void use(const std::vector<SortKey>& keys, Needs& columns) {
    for (const SortKey& key : keys) use(key.expression, columns);
  }
  void use(const std::vector<ExpressionPtr>& expressions) {  // Without columns.
    Needs none;
    use(expressions, none);
  }

  static Needs all(const Plan& plan, Need need) { return Needs(plan.columns.size(), need); }
  void visit_whole(Plan& plan) {
    for (auto& input : plan.inputs) visit(*input, all(*input, Need::whole));
  }

  void enter(Scan& scan, Plan&, Needs needs) {
    Needs none;
    use(scan.filter, needs);
    for (const PruneBound& bound : scan.prune) {
      use(bound.lower, none);
      use(bound.upper, none);
    }
    if (scan.index) {
      use(scan.index->equal, none);
      use(scan.index->lower, none);
      use(scan.index->upper, none);
    }
    scan.by_reference.clear();
    scan.in_part.clear();
    for (std::size_t i = 0; i < scan.table_columns.size(); ++i) {
      if (scan.table->find(scan.table_columns[i])->type.kind != TypeKind::blob) continue;
      if (needs[i] == Need::nothing) scan.by_reference.push_back(scan.table_columns[i]);
      if (needs[i] == Need::part) scan.in_part.push_back(scan.table_columns[i]);
    }
  }

  void enter(Values& values, Plan&, const Needs& needs) {
    Needs none;
    for (const auto& row : values.rows) {
      for (std::size_t i = 0; i < row.size(); ++i) use(row[i], none, needs[i]);
    }
  }
  void enter(Project& project, Plan& plan, const Needs& needs) {
    Needs below = all(*plan.inputs[0], Need::nothing);
    for (std::size_t i = 0; i < project.expressions.size(); ++i) use(project.expressions[i], below, needs[i]);
    visit(*plan.inputs[0], std::move(below));
  }
  void enter(Filter& filter, Plan& plan, Needs needs) {
    use(filter.predicate, needs);
    visit(*plan.inputs[0], std::move(needs));
  }
  void enter(Sort& sort, Plan& plan, Needs needs) {
    use(sort.keys, needs);
    use(sort.limit, needs);
    use(sort.offset, needs);
    visit(*plan.inputs[0], std::move(needs));
  }
  void enter(Limit& limit, Plan& plan, Needs needs) {
    use(limit.limit, needs);
    use(limit.offset, needs);
    visit(*plan.inputs[0], std::move(needs));
  }
  void enter(Aggregate& aggregate, Plan& plan, const Needs&) {
    Needs below = all(*plan.inputs[0], Need::nothing);
    use(aggregate.groups, below);
    for (const AggregateCall& call : aggregate.calls) {
      const bool counts = call.kind == AggregateKind::count && !call.distinct;
      for (const auto& argument : call.arguments) use(argument, below, counts ? Need::nothing : Need::whole);
      use(call.filter, below);
      use(call.order_by, below);
    }
    visit(*plan.inputs[0], std::move(below));
  }

  // --- Changes: of a stored row only what indexes, CHECK and RETURNING look at.
  Needs stored(const TableSchema& schema, const std::vector<CheckExpression>& checks) {
    Needs needs;
    for (const ColumnSchema& column : schema.columns) {
      const bool as_it_is = column.type.kind == TypeKind::blob && !is_indexed(schema, column.id);
      needs.push_back(as_it_is ? Need::nothing : Need::whole);
    }
    for (const CheckExpression& check : checks) use(check.predicate, needs);
    return needs;
  }
  void enter(Insert& insert, Plan& plan, const Needs&) {
    Needs below = stored(*insert.table, insert.checks);
    use(insert.returning, below);
    if (insert.on_conflict) {
      Needs both(2 * below.size(), Need::nothing);
      use(insert.on_conflict->new_row, both);
      use(insert.on_conflict->where, both);
      std::ranges::fill(below, Need::whole);
    }
    visit(*plan.inputs[0], std::move(below));
  }
  void enter(Update& update, Plan& plan, const Needs&) {
    const std::size_t width = update.table->columns.size();
    Needs below = all(*plan.inputs[0], Need::nothing);
    Needs new_row = stored(*update.table, update.checks);
    new_row.resize(below.size() - 1, Need::nothing);  // RETURNING counts the others behind the row, without its RowId.
    use(update.returning, new_row);
    std::copy(new_row.begin() + static_cast<std::ptrdiff_t>(width), new_row.end(),
              below.begin() + static_cast<std::ptrdiff_t>(width) + 1);
    for (std::size_t i = 0; i < width; ++i) use(update.new_row[i], below, new_row[i]);
    visit(*plan.inputs[0], std::move(below));
  }
  void enter(Delete& gone, Plan& plan, const Needs&) {
    const auto width = static_cast<std::ptrdiff_t>(gone.table->columns.size());
    Needs below(plan.inputs[0]->columns.size() - 1, Need::nothing);
    use(gone.returning, below);
    below.insert(below.begin() + width, Need::whole);  // The RowId.
    visit(*plan.inputs[0], std::move(below));
  }

  // --- Joins hold rows as they come, references too; only keys and conditions look at values.
  struct JoinNeeds {
    Needs left, right;
  };
  void visit_sides(Plan& plan, JoinNeeds sides, const Needs& both) {
    const std::size_t width = sides.left.size();
    for (std::size_t i = 0; i < both.size(); ++i) {
      raise(i < width ? sides.left[i] : sides.right[i - width], both[i]);
    }
    visit(*plan.inputs[0], std::move(sides.left));
    visit(*plan.inputs[1], std::move(sides.right));
  }
  void enter(Join& join, Plan& plan, Needs needs) {
    needs.resize(width_of(plan), Need::nothing);  // Semi and anti yield the left columns only.
    use(join.residual, needs);
    Needs left = all(*plan.inputs[0], Need::nothing), right = all(*plan.inputs[1], Need::nothing);
    use(join.left_keys, left);
    use(join.right_keys, right);
    visit_sides(plan, {std::move(left), std::move(right)}, needs);
  }
  void enter(AsofJoin& join, Plan& plan, const Needs& needs) {
    Needs none, left = all(*plan.inputs[0], Need::nothing), right = all(*plan.inputs[1], Need::nothing);
    use(join.left_keys, left);
    use(join.left_time, left);
    use(join.right_keys, right);
    use(join.right_time, right);
    use(join.within, none);
    visit_sides(plan, {std::move(left), std::move(right)}, needs);
  }
  void enter(UnionAll&, Plan& plan, const Needs& needs) {
    for (auto& input : plan.inputs) visit(*input, needs);
  }
  void enter(Distinct& distinct, Plan& plan, Needs needs) {
    if (distinct.on.empty()) return visit_whole(plan);
    use(distinct.on, needs);
    visit(*plan.inputs[0], std::move(needs));
  }
  void enter(SetOperation&, Plan& plan, const Needs&) { visit_whole(plan); }
  void enter(Series& series, Plan&, const Needs&) {
    Needs none;
    use(series.first, none);
    use(series.last, none);
    use(series.step, none);
  }

  static std::size_t width_of(const Plan& plan) {
    std::size_t columns = 0;
    for (const auto& input : plan.inputs) columns += input->columns.size();
    return columns;
  }

  Needs parameters_;
};

}  // namespace

void pass_blobs_by_reference(StatementPlan& statement, bool root_too) {
  Passing passing(statement.parameter_types.size());
  for (auto& subquery : statement.scalar_subqueries) {
    passing.visit(*subquery, Needs(subquery->columns.size(), Need::whole));
  }
  passing.visit(*statement.root, Needs(statement.root->columns.size(), root_too ? Need::nothing : Need::whole));
  statement.parameters_by_reference.assign(statement.parameter_types.size(), false);
  for (std::size_t i = 0; i < statement.parameter_types.size(); ++i) {
    statement.parameters_by_reference[i] = passing.parameters()[i] != Need::whole;
  }
}

}  // namespace mneme::query
