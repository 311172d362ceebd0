#include "query/rules_columns.h"

#include <algorithm>
#include <limits>

#include "query/rules_expression.h"

namespace mneme::query {
namespace {

constexpr std::size_t kGone = std::numeric_limits<std::size_t>::max();

using Wanted = std::vector<bool>;         // One for each column a node yields.
using Places = std::vector<std::size_t>;  // Where each column of before stands now; kGone.

Places narrow(PlanPtr& plan, Wanted wanted);

Wanted all_of(const Plan& plan) { return Wanted(plan.columns.size(), true); }

void want(Wanted& wanted, const ExpressionPtr& expression) {
  if (expression) for_each_column(*expression, [&](const Expression& column) { wanted[column.index] = true; });
}
void want(Wanted& wanted, const std::vector<ExpressionPtr>& expressions) {
  for (const auto& expression : expressions) want(wanted, expression);
}
void want(Wanted& wanted, const std::vector<SortKey>& keys) {
  for (const SortKey& key : keys) want(wanted, key.expression);
}

void move(ExpressionPtr& expression, const Places& places) {
  if (expression) expression = remap_columns(*expression, [&](std::size_t index) { return places[index]; });
}
void move(std::vector<ExpressionPtr>& expressions, const Places& places) {
  for (auto& expression : expressions) move(expression, places);
}
void move(std::vector<SortKey>& keys, const Places& places) {
  for (SortKey& key : keys) move(key.expression, places);
}

// Where the kept columns stand once the others are gone.
Places places_of(const Wanted& kept) {
  Places places;
  std::size_t next = 0;
  for (const bool keep : kept) places.push_back(keep ? next++ : kGone);
  return places;
}
template <class T>
void keep_only(std::vector<T>& items, const Wanted& kept) {
  std::size_t next = 0;
  for (std::size_t i = 0; i < kept.size(); ++i) {
    if (!kept[i]) continue;
    if (next != i) items[next] = std::move(items[i]);
    ++next;
  }
  items.resize(next);
}

class Narrower {  // One thread at a time: narrows one node.
 public:
  Narrower(PlanPtr& plan, Wanted wanted) : plan_(plan), wanted_(std::move(wanted)) {}

  Places run() {
    return std::visit([&](auto& node) { return narrow_node(node); }, plan_->node);
  }

 private:
  Places narrow_node(Scan& scan) {
    want(wanted_, scan.filter);
    if (scan.with_row_id) wanted_.back() = true;
    Wanted columns(wanted_.begin(), wanted_.begin() + static_cast<std::ptrdiff_t>(scan.table_columns.size()));
    keep_only(scan.table_columns, columns);
    keep_only(plan_->columns, wanted_);
    const Places places = places_of(wanted_);
    move(scan.filter, places);
    return places;
  }

  Places narrow_node(Values& values) {
    for (auto& row : values.rows) keep_only(row, wanted_);
    keep_only(plan_->columns, wanted_);
    return places_of(wanted_);
  }

  Places narrow_node(Project& project) {
    keep_only(project.expressions, wanted_);
    keep_only(plan_->columns, wanted_);
    Wanted below(plan_->inputs[0]->columns.size(), false);
    want(below, project.expressions);
    move(project.expressions, narrow(plan_->inputs[0], std::move(below)));
    return places_of(wanted_);
  }

  // Nodes that yield their input's columns.
  Places through(const Places& places) {
    plan_->columns = plan_->inputs[0]->columns;
    return places;
  }
  Places narrow_node(Filter& filter) {
    want(wanted_, filter.predicate);
    const Places places = narrow(plan_->inputs[0], std::move(wanted_));
    move(filter.predicate, places);
    return through(places);
  }
  Places narrow_node(Sort& sort) {
    const Wanted above = wanted_;
    want(wanted_, sort.keys);
    const Places places = narrow(plan_->inputs[0], std::move(wanted_));
    move(sort.keys, places);
    sort.for_keys_only.assign(plan_->inputs[0]->columns.size(), false);
    for (std::size_t i = 0; i < above.size(); ++i) {
      if (places[i] != kGone) sort.for_keys_only[places[i]] = !above[i];
    }
    return through(places);
  }
  Places narrow_node(Limit&) { return through(narrow(plan_->inputs[0], std::move(wanted_))); }
  Places narrow_node(Distinct& distinct) {
    if (distinct.on.empty()) return through(narrow(plan_->inputs[0], all_of(*plan_)));
    want(wanted_, distinct.on);
    const Places places = narrow(plan_->inputs[0], std::move(wanted_));
    move(distinct.on, places);
    return through(places);
  }
  Places narrow_node(SetOperation&) {  // Rows are compared whole.
    narrow(plan_->inputs[1], all_of(*plan_));
    return through(narrow(plan_->inputs[0], all_of(*plan_)));
  }

  Places narrow_node(Aggregate& aggregate) {
    const std::size_t groups = aggregate.groups.size();
    std::fill_n(wanted_.begin(), groups, true);
    if (groups == 0 && !wanted_.empty()) wanted_[0] = true;  // Its one row has a column as long as it can.
    Wanted calls(wanted_.begin() + static_cast<std::ptrdiff_t>(groups), wanted_.end());
    keep_only(aggregate.calls, calls);
    keep_only(plan_->columns, wanted_);
    Wanted below(plan_->inputs[0]->columns.size(), false);
    want(below, aggregate.groups);
    for (const AggregateCall& call : aggregate.calls) {
      want(below, call.arguments);
      want(below, call.filter);
      want(below, call.order_by);
    }
    const Places places = narrow(plan_->inputs[0], std::move(below));
    move(aggregate.groups, places);
    for (AggregateCall& call : aggregate.calls) {
      move(call.arguments, places);
      move(call.filter, places);
      move(call.order_by, places);
    }
    return places_of(wanted_);
  }

  // Both inputs of a join; afterwards left_ and right_ say where their columns are, and the node's columns are set.
  Places narrow_inputs(bool yields_right, const ExpressionPtr& residual, const std::vector<ExpressionPtr>& left_keys,
                       const std::vector<ExpressionPtr>& right_keys) {
    const std::size_t width = plan_->inputs[0]->columns.size();
    wanted_.resize(width + plan_->inputs[1]->columns.size(), false);
    want(wanted_, residual);
    const auto middle = wanted_.begin() + static_cast<std::ptrdiff_t>(width);
    Wanted left(wanted_.begin(), middle);
    Wanted right(middle, wanted_.end());
    want(left, left_keys);
    want(right, right_keys);
    left_ = narrow(plan_->inputs[0], std::move(left));
    right_ = narrow(plan_->inputs[1], std::move(right));
    const std::size_t new_width = plan_->inputs[0]->columns.size();
    Places both = left_;
    for (const std::size_t place : right_) both.push_back(place == kGone ? kGone : place + new_width);
    plan_->columns = plan_->inputs[0]->columns;
    const auto& more = plan_->inputs[1]->columns;
    if (yields_right) plan_->columns.insert(plan_->columns.end(), more.begin(), more.end());
    return both;
  }

  Places narrow_node(Join& join) {
    const bool yields_right = join.kind != JoinKind::semi && join.kind != JoinKind::anti;
    const Places both = narrow_inputs(yields_right, join.residual, join.left_keys, join.right_keys);
    move(join.left_keys, left_);
    move(join.right_keys, right_);
    move(join.residual, both);
    return yields_right ? both : left_;
  }

  Places narrow_node(AsofJoin& join) {
    const ExpressionPtr none;
    join.left_keys.push_back(std::move(join.left_time));  // Wanted and moved as the keys are.
    join.right_keys.push_back(std::move(join.right_time));
    const Places both = narrow_inputs(true, none, join.left_keys, join.right_keys);
    move(join.left_keys, left_);
    move(join.right_keys, right_);
    join.left_time = std::move(join.left_keys.back());
    join.right_time = std::move(join.right_keys.back());
    join.left_keys.pop_back();
    join.right_keys.pop_back();
    return both;
  }

  // Every input must yield the same columns, so that each is cut to exactly those that are wanted.
  Places narrow_node(UnionAll&) {
    const Places places = places_of(wanted_);
    for (auto& input : plan_->inputs) {
      const Places now = narrow(input, wanted_);
      cut(input, now);
    }
    plan_->columns = plan_->inputs.front()->columns;
    return places;
  }
  void cut(PlanPtr& input, const Places& now) const {
    std::vector<ExpressionPtr> kept;
    auto columns = std::vector<OutputColumn>();
    bool same = true;
    for (std::size_t i = 0; i < wanted_.size(); ++i) {
      if (!wanted_[i]) continue;
      same = same && now[i] == kept.size();
      columns.push_back(input->columns[now[i]]);
      kept.push_back(make_column(now[i], columns.back().type));
    }
    if (same && kept.size() == input->columns.size()) return;
    auto project = std::make_unique<Plan>();
    project->node = Project{std::move(kept)};
    project->columns = std::move(columns);
    project->inputs.push_back(std::move(input));
    input = std::move(project);
  }

  Places narrow_node(Series&) { return places_of(Wanted(plan_->columns.size(), true)); }

  // A change takes its input as it is.
  Places narrow_node(auto&) {
    for (auto& input : plan_->inputs) narrow(input, all_of(*input));
    return places_of(Wanted(plan_->columns.size(), true));
  }

  PlanPtr& plan_;
  Wanted wanted_;
  Places left_;
  Places right_;
};

Places narrow(PlanPtr& plan, Wanted wanted) { return Narrower(plan, std::move(wanted)).run(); }

// ---- Projections -----------------------------------------------------------------------------------------------

bool changes_nothing(const Plan& plan) {
  const auto* project = std::get_if<Project>(&plan.node);
  if (project == nullptr || plan.columns.size() != plan.inputs[0]->columns.size()) return false;
  for (std::size_t i = 0; i < plan.columns.size(); ++i) {
    const Expression& expression = *project->expressions[i];
    const bool same = expression.kind == ExpressionKind::column && expression.index == i;
    if (!same || plan.columns[i].name != plan.inputs[0]->columns[i].name) return false;
  }
  return true;
}

// A projection of a projection is one: what the lower one computes may be used once only, unless it is no work.
bool merge_projections(Plan& plan) {
  auto* upper = std::get_if<Project>(&plan.node);
  auto* lower = upper == nullptr ? nullptr : std::get_if<Project>(&plan.inputs[0]->node);
  if (lower == nullptr) return false;
  std::vector<int> uses(lower->expressions.size(), 0);
  for (const auto& expression : upper->expressions) {
    for_each_column(*expression, [&](const Expression& column) { ++uses[column.index]; });
  }
  for (std::size_t i = 0; i < uses.size(); ++i) {
    if (uses[i] > 1 && !lower->expressions[i]->children.empty()) return false;
  }
  for (auto& expression : upper->expressions) {
    expression = fold_all(*substitute(*expression, lower->expressions));
  }
  plan.inputs[0] = std::move(plan.inputs[0]->inputs[0]);
  return true;
}

PlanPtr simplify_projections(PlanPtr plan) {
  for (auto& input : plan->inputs) input = simplify_projections(std::move(input));
  while (merge_projections(*plan)) {
  }
  if (changes_nothing(*plan)) return std::move(plan->inputs[0]);
  return plan;
}

}  // namespace

PlanPtr narrow_columns(PlanPtr plan) {
  // The root's columns are the statement's: they all stay, and nothing more than them may come.
  const std::vector<OutputColumn> columns = plan->columns;
  const Places places = narrow(plan, all_of(*plan));
  plan->columns = columns;
  ASSERT(places == places_of(Wanted(columns.size(), true)));
  return simplify_projections(std::move(plan));
}

}  // namespace mneme::query
