// Joins: ON, USING and NATURAL, and ASOF.
#include <algorithm>

#include "query/rules_expression.h"
#include "query/rules_join.h"
#include "sql/bind_error.h"
#include "sql/bind_plan.h"
#include "sql/bind_query.h"

namespace mneme::sql::binding {
namespace {

query::JoinKind kind_of(JoinKind kind) {
  switch (kind) {
    case JoinKind::inner:
    case JoinKind::cross: return query::JoinKind::inner;
    case JoinKind::left: return query::JoinKind::left;
    case JoinKind::right: return query::JoinKind::right;
    case JoinKind::full: return query::JoinKind::full;
  }
  return query::JoinKind::inner;
}

// A column that USING merges: its places on either side and its type.
struct Merged {
  std::string name;
  std::size_t left = 0;
  std::size_t right = 0;  // In the right input.
  Type type;
};

std::vector<Name> natural_columns(const Scope& left, const Scope& right, SourcePosition at) {
  std::vector<Name> names;
  for (const std::size_t index : left.star) {
    const std::string& name = left.columns[index].name;
    const auto in_right = [&](std::size_t other) { return right.columns[other].name == name; };
    if (std::ranges::any_of(right.star, in_right)) names.push_back({name, at});
  }
  return names;
}

Result<std::size_t> using_column(const Scope& scope, const Name& name, std::string_view side) {
  const auto found = TRY(find_column(scope, name.text, name.at));
  if (found) return *found;
  std::vector<std::string> names;
  for (const ScopeColumn& column : scope.columns) names.push_back(column.name);
  return missing(
             "42703",
             "column \"" + name.text + "\" specified in USING clause does not exist in " + std::string(side) + " table",
             name.at)
      .with_hint(nearest_hint(name.text, names));
}

Result<Merged> merge_column(const Scope& left, const Scope& right, const Name& name) {
  Merged merged;
  merged.name = name.text;
  merged.left = TRY(using_column(left, name, "left"));
  merged.right = TRY(using_column(right, name, "right"));
  const query::Argument types[] = {{left.columns[merged.left].type, false}, {right.columns[merged.right].type, false}};
  merged.type = TRY(query::common_type(types, "JOIN/USING", name.at));
  return merged;
}

Result<query::ExpressionPtr> side_of(StatementState& state, std::size_t index, const Type& from, const Type& to,
                                     SourcePosition at) {
  return convert(state, closed(query::make_column(index, from, at)), to, CastContext::implicit);
}

// The value of a merged column over the join's rows: the side that is there.
Result<query::ExpressionPtr> merged_value(StatementState& state, const Merged& merged, const query::Plan& join,
                                          std::size_t left_columns, query::JoinKind kind, SourcePosition at) {
  const std::size_t right = left_columns + merged.right;
  auto of_left = TRY(side_of(state, merged.left, join.columns[merged.left].type, merged.type, at));
  auto of_right = TRY(side_of(state, right, join.columns[right].type, merged.type, at));
  if (kind == query::JoinKind::inner || kind == query::JoinKind::left) return of_left;
  if (kind == query::JoinKind::right) return of_right;
  std::vector<query::ExpressionPtr> sides;
  sides.push_back(std::move(of_left));
  sides.push_back(std::move(of_right));
  return query::make_node(query::ExpressionKind::coalesce, merged.type, std::move(sides), at);
}

// Puts the merged columns behind the join's own, first in `*`; both sides then answer to table.name only.
Result<Source> add_merged(StatementState& state, Source joined, const std::vector<Merged>& columns,
                          std::size_t left_columns, query::JoinKind kind, SourcePosition at) {
  std::vector<query::ExpressionPtr> expressions;
  std::vector<std::string> names;
  for (std::size_t i = 0; i < joined.plan->columns.size(); ++i) {
    expressions.push_back(query::make_column(i, joined.plan->columns[i].type, at));
    names.push_back(joined.plan->columns[i].name);
  }
  std::vector<std::size_t> star;
  for (const Merged& merged : columns) {
    expressions.push_back(TRY(merged_value(state, merged, *joined.plan, left_columns, kind, at)));
    names.push_back(merged.name);
    std::erase(joined.scope.star, merged.left);
    std::erase(joined.scope.star, left_columns + merged.right);
    joined.scope.columns[merged.left].qualified_only = true;
    joined.scope.columns[left_columns + merged.right].qualified_only = true;
    star.push_back(joined.scope.columns.size());
    joined.scope.columns.push_back({merged.name, merged.type});
  }
  joined.scope.star.insert(joined.scope.star.begin(), star.begin(), star.end());
  joined.plan = projected(std::move(joined.plan), std::move(expressions), names);
  return joined;
}

Result<Source> bind_using(const Surroundings& around, Source left, Source right, const std::vector<Name>& names,
                          query::JoinKind kind, SourcePosition at) {
  query::Join join;
  join.kind = kind;
  std::vector<Merged> columns;
  for (const Name& name : names) {
    Merged merged = TRY(merge_column(left.scope, right.scope, name));
    const Type left_type = left.scope.columns[merged.left].type;
    const Type right_type = right.scope.columns[merged.right].type;
    join.left_keys.push_back(TRY(side_of(around.state, merged.left, left_type, merged.type, name.at)));
    join.right_keys.push_back(TRY(side_of(around.state, merged.right, right_type, merged.type, name.at)));
    columns.push_back(std::move(merged));
  }
  const std::size_t left_columns = left.scope.columns.size();
  TRY(append_scope(left.scope, std::move(right.scope), at));
  auto outputs = both_columns(*left.plan, *right.plan);
  left.plan = make_plan(std::move(join), std::move(outputs), std::move(left.plan), std::move(right.plan));
  return add_merged(around.state, std::move(left), columns, left_columns, kind, at);
}

// ---- ASOF ------------------------------------------------------------------------------------------------------

bool is_inequality(std::string_view symbol) {
  return symbol == "<" || symbol == "<=" || symbol == ">" || symbol == ">=";
}

// A time of an ASOF JOIN is also chosen by and measured: a DATE beyond TIMESTAMP's range is refused, not taken as its
// end.
query::ExpressionPtr exact_time(query::ExpressionPtr time) {
  const bool cast = time->kind == query::ExpressionKind::call && time->type == kTimestamp &&
                    time->children.size() == 1 && time->children[0]->type == kDate;
  if (!cast) return time;
  auto day = query::expressions(query::clone(*time->children[0]));
  return query::make_call(*query::cast_function(kDate, kTimestamp), kTimestamp, std::move(day), time->position);
}

// Takes `left.ts >= right.ts`, either way round, as the join's times. False: it is no such comparison.
bool take_times(const query::Expression& condition, std::size_t left_columns, std::size_t all_columns,
                query::AsofJoin& join) {
  const bool call = condition.kind == query::ExpressionKind::call && condition.children.size() == 2;
  if (!call || !is_inequality(condition.function->name) || join.left_time) return false;
  const auto on_left = [&](const query::Expression& side) {
    return query::has_columns(side) && query::columns_within(side, 0, left_columns);
  };
  const auto on_right = [&](const query::Expression& side) {
    return query::has_columns(side) && query::columns_within(side, left_columns, all_columns);
  };
  const auto& one = *condition.children[0];
  const auto& other = *condition.children[1];
  const bool straight = on_left(one) && on_right(other);
  if (!straight && !(on_right(one) && on_left(other))) return false;
  const bool less = condition.function->name.front() == '<';
  join.forward = less == straight;  // left < right, or right > left.
  join.strict = condition.function->name.size() == 1;
  join.left_time = exact_time(query::clone(straight ? one : other));
  join.right_time =
      exact_time(query::remap_columns(straight ? other : one, [&](std::size_t i) { return i - left_columns; }));
  return true;
}

// Both sides of a comparison are looked at as words, by which numbers of different scales do not compare: they get one.
Result<query::ExpressionPtr> with_one_scale(StatementState& state, query::ExpressionPtr comparison) {
  if (comparison->kind != query::ExpressionKind::call || comparison->children.size() != 2) return comparison;
  const query::Argument sides[] = {{comparison->children[0]->type, false}, {comparison->children[1]->type, false}};
  if (query::have_one_scale(sides[0].type, sides[1].type)) return comparison;
  const Type type = TRY(query::common_type(sides, "ASOF JOIN/ON", comparison->position));
  std::vector<query::ExpressionPtr> converted;
  for (const query::ExpressionPtr& side : comparison->children) {
    converted.push_back(TRY(convert(state, closed(query::clone(*side)), type, CastContext::implicit)));
  }
  return query::make_call(*comparison->function, kBool, std::move(converted), comparison->position);
}

Result<void> set_asof_condition(StatementState& state, const query::Expression& condition, std::size_t left_columns,
                                std::size_t all_columns, query::AsofJoin& join, SourcePosition at) {
  std::vector<query::ExpressionPtr> conjuncts;
  query::split_conjuncts(condition, conjuncts);
  for (query::ExpressionPtr& conjunct : conjuncts) {
    if (query::take_equal_key(*conjunct, left_columns, join.left_keys, join.right_keys)) continue;
    conjunct = TRY(with_one_scale(state, std::move(conjunct)));
    if (take_times(*conjunct, left_columns, all_columns, join)) continue;
    return not_yet("this condition of an ASOF JOIN", conjunct->position.line != 0 ? conjunct->position : at,
                   "ON takes a.key = b.key AND ... AND a.ts >= b.ts; other conditions stand in WHERE");
  }
  if (join.left_time) return {};
  return wrong("42601", "ASOF JOIN needs a comparison of times in ON, such as a.ts >= b.ts", at);
}

}  // namespace

void set_join_condition(query::Join& join, const query::Expression& condition, std::size_t left_columns) {
  std::vector<query::ExpressionPtr> conjuncts;
  query::split_conjuncts(condition, conjuncts);
  std::vector<query::ExpressionPtr> residual;
  for (auto& conjunct : conjuncts) {
    if (query::is_always_true(*conjunct)) continue;
    if (query::take_equal_key(*conjunct, left_columns, join.left_keys, join.right_keys)) continue;
    residual.push_back(std::move(conjunct));
  }
  join.residual = query::join_conjuncts(std::move(residual));
}

Result<Source> bind_join(const Surroundings& around, const Join& join, SourcePosition at) {
  Source left = TRY(bind_table_ref(around, *join.left));
  Source right = TRY(bind_table_ref(around, *join.right));
  const query::JoinKind kind = kind_of(join.kind);
  if (join.natural) {
    const auto names = natural_columns(left.scope, right.scope, at);
    return bind_using(around, std::move(left), std::move(right), names, kind, at);
  }
  if (!join.using_columns.empty()) {
    return bind_using(around, std::move(left), std::move(right), join.using_columns, kind, at);
  }
  const std::size_t left_columns = left.scope.columns.size();
  TRY(append_scope(left.scope, std::move(right.scope), join.right->at));
  query::Join node;
  node.kind = kind;
  if (join.on) {
    left.scope.outer = around.outer;
    ExpressionBinder binder(around, left.scope, "JOIN/ON");
    const auto condition = TRY(binder.bind_condition(*join.on));
    set_join_condition(node, *condition, left_columns);
  }
  auto columns = both_columns(*left.plan, *right.plan);
  left.plan = make_plan(std::move(node), std::move(columns), std::move(left.plan), std::move(right.plan));
  return left;
}

Result<Source> bind_asof_join(const Surroundings& around, const Join& join, SourcePosition at) {
  Source left = TRY(bind_table_ref(around, *join.left));
  Source right = TRY(bind_table_ref(around, *join.right));
  const std::size_t left_columns = left.scope.columns.size();
  TRY(append_scope(left.scope, std::move(right.scope), join.right->at));
  left.scope.outer = around.outer;
  ExpressionBinder binder(around, left.scope, "ASOF JOIN/ON");
  const auto condition = TRY(binder.bind_condition(*join.on));
  query::AsofJoin node;
  node.left_outer = join.kind == JoinKind::left;
  TRY(set_asof_condition(around.state, *condition, left_columns, left.scope.columns.size(), node, at));
  const Type type = node.left_time->type;
  if (type.kind == TypeKind::date) {  // Within counts in intervals.
    node.left_time = TRY(convert(around.state, closed(std::move(node.left_time)), kTimestamp, CastContext::implicit));
    node.right_time = TRY(convert(around.state, closed(std::move(node.right_time)), kTimestamp, CastContext::implicit));
  }
  if (join.within) {
    const Scope nothing;
    ExpressionBinder limits(around, nothing, "WITHIN");
    const bool times = type == kTimestamp || type == kDate;
    node.within = TRY(limits.bind_as(*join.within, times ? kInterval : type));
  }
  auto columns = both_columns(*left.plan, *right.plan);
  left.plan = make_plan(std::move(node), std::move(columns), std::move(left.plan), std::move(right.plan));
  return left;
}

}  // namespace mneme::sql::binding
