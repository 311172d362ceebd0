#include "query/rules_filter.h"

#include <algorithm>
#include <array>
#include <limits>

#include "query/rules_expression.h"
#include "query/rules_join.h"

namespace mneme::query {
namespace {

using Conjuncts = std::vector<ExpressionPtr>;

PlanPtr push(PlanPtr plan, Conjuncts conjuncts);

void append(Conjuncts& to, Conjuncts from) {
  for (auto& conjunct : from) to.push_back(std::move(conjunct));
}

// One condition: cheap ones first, so that the others see fewer rows; PostgreSQL has the same order.
ExpressionPtr conjunction_of(Conjuncts conjuncts) {
  std::ranges::stable_sort(conjuncts, {}, [](const auto& conjunct) { return cost_of(*conjunct); });
  return join_conjuncts(std::move(conjuncts));
}

PlanPtr no_rows(PlanPtr plan) {
  auto none = std::make_unique<Plan>();
  none->node = Values{};
  none->columns = std::move(plan->columns);
  return none;
}

// What cannot go further down is tested here.
PlanPtr filtered(PlanPtr plan, Conjuncts conjuncts) {
  ExpressionPtr predicate = conjunction_of(std::move(conjuncts));
  if (predicate == nullptr) return plan;
  auto filter = std::make_unique<Plan>();
  filter->columns = plan->columns;
  filter->node = Filter{std::move(predicate)};
  filter->inputs.push_back(std::move(plan));
  return filter;
}

// Which side of a join a condition is about: every column it has is of that side.
struct Sides {
  std::size_t left_columns;

  [[nodiscard]] bool left(const Expression& condition) const { return columns_within(condition, 0, left_columns); }
  [[nodiscard]] bool right(const Expression& condition) const {
    return has_columns(condition) && columns_within(condition, left_columns, std::numeric_limits<std::size_t>::max());
  }
  [[nodiscard]] ExpressionPtr in_right(const Expression& condition) const {
    return remap_columns(condition, [&](std::size_t index) { return index - left_columns; });
  }
};

// Whether the condition is not true where every column of the right side is NULL: `right.x > 1`, not `coalesce(...)`.
bool rejects_nulls(const Expression& condition, const Sides& sides) {
  const auto is_right = [&](const auto& child) {
    return child->kind == ExpressionKind::column && child->index >= sides.left_columns;
  };
  if (condition.kind == ExpressionKind::negation) {
    const Expression& inner = *condition.children[0];
    return inner.kind == ExpressionKind::is_null && is_right(inner.children[0]);
  }
  static constexpr std::array<std::string_view, 6> kStrict{"=", "<>", "<", "<=", ">", ">="};
  if (condition.kind != ExpressionKind::call || std::ranges::find(kStrict, condition.function->name) == kStrict.end()) {
    return false;
  }
  return std::ranges::any_of(condition.children, is_right);
}

class Pusher {  // One thread at a time: pushes the conditions over one node's rows into it.
 public:
  Pusher(PlanPtr plan, Conjuncts conjuncts) : plan_(std::move(plan)), conjuncts_(std::move(conjuncts)) {}

  PlanPtr run() {
    return std::visit([&](auto& node) { return into(node); }, plan_->node);
  }

 private:
  PlanPtr into(Filter& filter) {
    Conjuncts all;
    split_conjuncts(*filter.predicate, all);  // First: what it guards against may stand in the others.
    append(all, std::move(conjuncts_));
    return push(std::move(plan_->inputs[0]), std::move(all));
  }

  PlanPtr into(Scan& scan) {
    Conjuncts all;
    if (scan.filter) split_conjuncts(*scan.filter, all);
    append(all, std::move(conjuncts_));
    scan.filter = conjunction_of(std::move(all));
    return std::move(plan_);
  }

  PlanPtr into(Project& project) {
    for (auto& conjunct : conjuncts_) conjunct = fold_all(*substitute(*conjunct, project.expressions));
    return with_input(std::move(conjuncts_));
  }

  PlanPtr into(Sort& sort) { return sort.limit ? stop_here() : with_input(std::move(conjuncts_)); }
  // Which row of DISTINCT ON is the first must not change.
  PlanPtr into(Distinct& distinct) { return distinct.on.empty() ? with_input(std::move(conjuncts_)) : stop_here(); }
  PlanPtr into(SetOperation&) { return with_input(std::move(conjuncts_)); }  // Its rows are the left input's.

  // Conditions on the groups alone choose whole groups.
  PlanPtr into(Aggregate& aggregate) {
    Conjuncts below, here;
    for (auto& conjunct : conjuncts_) {
      const bool grouped = has_columns(*conjunct) && columns_within(*conjunct, 0, aggregate.groups.size());
      (grouped ? below : here).push_back(std::move(conjunct));
    }
    for (auto& conjunct : below) conjunct = substitute(*conjunct, aggregate.groups);
    return filtered(with_input(std::move(below)), std::move(here));
  }

  PlanPtr into(UnionAll&) {
    for (auto& input : plan_->inputs) {
      Conjuncts copies;
      for (const auto& conjunct : conjuncts_) copies.push_back(clone(*conjunct));
      input = push(std::move(input), std::move(copies));
    }
    return std::move(plan_);
  }

  PlanPtr into(Join& join) {
    const Sides sides{plan_->inputs[0]->columns.size()};
    Conjuncts left, right, here;
    const auto drops_padding = [&](const auto& conjunct) { return rejects_nulls(*conjunct, sides); };
    if (join.kind == JoinKind::left && std::ranges::any_of(conjuncts_, drops_padding)) join.kind = JoinKind::inner;
    const bool inner = join.kind == JoinKind::inner;
    const bool keeps_left =
        join.kind != JoinKind::right && join.kind != JoinKind::full;  // A test of left rows is early.
    const bool keeps_right = inner || join.kind == JoinKind::right;
    for (auto& conjunct : conjuncts_) {
      if (keeps_left && sides.left(*conjunct)) {
        left.push_back(std::move(conjunct));
      } else if (keeps_right && sides.right(*conjunct)) {
        right.push_back(sides.in_right(*conjunct));
      } else if (inner) {
        on_.push_back(std::move(conjunct));
      } else {
        here.push_back(std::move(conjunct));
      }
    }
    push_condition(join, sides, left, right);
    plan_->inputs[0] = push(std::move(plan_->inputs[0]), std::move(left));
    plan_->inputs[1] = push(std::move(plan_->inputs[1]), std::move(right));
    return filtered(std::move(plan_), std::move(here));
  }

  // The join's own condition: keys, and what is about one side of which unmatched rows are not kept.
  void push_condition(Join& join, const Sides& sides, Conjuncts& left, Conjuncts& right) {
    Conjuncts all, residual;
    if (join.residual) split_conjuncts(*join.residual, all);
    append(all, std::move(on_));
    const bool inner = join.kind == JoinKind::inner;
    const bool into_left = inner || join.kind == JoinKind::right || join.kind == JoinKind::semi;
    const bool into_right = join.kind != JoinKind::right && join.kind != JoinKind::full && !join.null_aware;
    for (auto& conjunct : all) {
      if (into_left && sides.left(*conjunct)) {
        left.push_back(std::move(conjunct));
      } else if (into_right && sides.right(*conjunct)) {
        right.push_back(sides.in_right(*conjunct));
      } else if (join.null_aware || !take_equal_key(*conjunct, sides.left_columns, join.left_keys, join.right_keys)) {
        residual.push_back(std::move(conjunct));
      }
    }
    join.residual = join_conjuncts(std::move(residual));
  }

  // Right rows may not go missing before the nearest one is chosen.
  PlanPtr into(AsofJoin&) {
    const Sides sides{plan_->inputs[0]->columns.size()};
    Conjuncts left, here;
    for (auto& conjunct : conjuncts_) (sides.left(*conjunct) ? left : here).push_back(std::move(conjunct));
    plan_->inputs[0] = push(std::move(plan_->inputs[0]), std::move(left));
    plan_->inputs[1] = push(std::move(plan_->inputs[1]), {});
    return filtered(std::move(plan_), std::move(here));
  }

  PlanPtr into(auto&) { return stop_here(); }  // Values, Series, Limit, changes.

  PlanPtr with_input(Conjuncts below) {
    plan_->inputs[0] = push(std::move(plan_->inputs[0]), std::move(below));
    return std::move(plan_);
  }

  PlanPtr stop_here() {
    for (auto& input : plan_->inputs) input = push(std::move(input), {});
    return filtered(std::move(plan_), std::move(conjuncts_));
  }

  PlanPtr plan_;
  Conjuncts conjuncts_;
  Conjuncts on_;  // What becomes part of an inner join's condition.
};

PlanPtr push(PlanPtr plan, Conjuncts conjuncts) {
  std::erase_if(conjuncts, [](const auto& conjunct) { return is_always_true(*conjunct); });
  if (std::ranges::any_of(conjuncts, [](const auto& c) { return is_never_true(*c); })) return no_rows(std::move(plan));
  return Pusher(std::move(plan), std::move(conjuncts)).run();
}

}  // namespace

PlanPtr push_filters(PlanPtr plan) { return push(std::move(plan), {}); }

}  // namespace mneme::query
