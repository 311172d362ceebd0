// Subqueries as conditions; as values they are in bind_scalar.cc.
//
// EXISTS and IN at the top of a WHERE become semi and anti
// joins: the subquery's FROM is the right input, its conditions over columns of the query around it are the join's, so
// that `EXISTS (SELECT 1 FROM f WHERE f.id = o.id)` runs as one join and not once a row.
#include "sql/bind_subquery.h"

#include "query/rules_expression.h"
#include "query/rules_join.h"
#include "sql/bind_error.h"
#include "sql/bind_plan.h"
#include "sql/bind_query.h"

namespace mneme::sql::binding {
namespace {

const Expression& without_not(const Expression& expression, bool& negated) {
  const Expression* node = &expression;
  for (;;) {
    const auto* unary = std::get_if<Unary>(&node->node);
    if (unary == nullptr || unary->op != UnaryOperator::logical_not) return *node;
    negated = !negated;
    node = unary->operand.get();
  }
}

// EXISTS (query); IN (query) with the operand; = ANY and <> ALL are IN and NOT IN.
struct SubqueryTest {
  const Query* query = nullptr;
  const Expression* operand = nullptr;  // Null: EXISTS.
  bool negated = false;
  SourcePosition at;
};

std::optional<SubqueryTest> as_test(const Expression& conjunct) {
  bool negated = false;
  const Expression& inner = without_not(conjunct, negated);
  if (const auto* exists = std::get_if<Exists>(&inner.node)) {
    return SubqueryTest{exists->query.get(), nullptr, negated, inner.at};
  }
  if (const auto* in = std::get_if<InSubquery>(&inner.node)) {
    return SubqueryTest{in->query.get(), in->operand.get(), negated != in->negated, inner.at};
  }
  const auto* quantified = std::get_if<Quantified>(&inner.node);
  if (quantified == nullptr || !quantified->query) return std::nullopt;
  const bool in = !quantified->all && quantified->op == BinaryOperator::equal;
  const bool not_in = quantified->all && quantified->op == BinaryOperator::not_equal;
  if (!in && !not_in) return std::nullopt;
  return SubqueryTest{quantified->query.get(), quantified->left.get(), negated != not_in, inner.at};
}

// LIMIT of a literal that is not zero asks for no fewer rows than EXISTS does.
bool is_limit_of_some(const Query& query) {
  const auto* literal = query.limit ? std::get_if<Literal>(&query.limit->node) : nullptr;
  return literal != nullptr && literal->kind == LiteralKind::integer &&
         literal->text.find_first_not_of('0') != std::string::npos;
}

}  // namespace

const SelectCore* as_plain_select(const Query& query, bool for_exists) {
  const auto* core = std::get_if<SelectCore>(&query.body->node);
  const bool whole = !query.limit || (for_exists && is_limit_of_some(query));
  const bool plain = core != nullptr && query.with.empty() && whole && !query.offset && core->group_by.empty() &&
                     !core->having && core->distinct_on.empty() && !core->items.empty();
  return plain ? core : nullptr;
}

bool refers_outside(const query::Expression& expression) {
  bool found = false;
  query::for_each_column(expression, [&](const auto& column) {
    found = found || (column.index >= kOuterColumn && column.index < kAggregateColumn);
  });
  return found;
}

query::ExpressionPtr over_both(const query::Expression& expression, std::size_t left_columns) {
  return query::remap_columns(expression, [&](std::size_t index) {
    return index >= kOuterColumn ? index - kOuterColumn : index + left_columns;
  });
}

Result<RightSide> take_apart(const Surroundings& around, const SelectCore& core) {
  Source source = TRY(bind_from(around, core.from));
  source.scope.outer = around.outer;
  source.scope.correlates = true;
  RightSide side;
  std::vector<query::ExpressionPtr> own;
  std::vector<const Expression*> nested;
  ExpressionBinder where(around, source.scope, "WHERE");
  for (const Expression* conjunct : conjuncts_of(core.where.get())) {
    if (is_subquery_conjunct(*conjunct)) {
      nested.push_back(conjunct);
      continue;
    }
    query::ExpressionPtr condition = TRY(where.bind_condition(*conjunct));
    (refers_outside(*condition) ? side.conditions : own).push_back(std::move(condition));
  }
  ExpressionBinder list(around, source.scope, "SELECT", &side.aggregates);
  for (OutputItem& item : TRY(bind_items(list, source.scope, core.items))) side.values.push_back(std::move(item.bound));
  source.plan = filtered(std::move(source.plan), query::join_conjuncts(std::move(own)));
  for (const Expression* conjunct : nested) {
    source = TRY(bind_subquery_conjunct(around, std::move(source), *conjunct));
  }
  side.plan = std::move(source.plan);
  side.scope = std::move(source.scope);
  return side;
}

namespace {

Result<RightSide> bind_right(const Surroundings& around, const Query& query, bool for_exists) {
  if (const SelectCore* core = as_plain_select(query, for_exists)) {
    const std::size_t subqueries = around.state.subqueries();
    TRY(around.state.count_query(query.at));
    RightSide side = TRY(take_apart(around, *core));
    if (side.aggregates.calls.empty()) return side;
    around.state.drop_subqueries_behind(subqueries);  // Its rows are not those of its FROM.
  }
  BoundQuery bound = TRY(bind_query(around, query));
  RightSide side;
  for (std::size_t i = 0; i < bound.plan->columns.size(); ++i) {
    side.values.push_back(closed(query::make_column(i, bound.plan->columns[i].type, query.at)));
  }
  side.plan = std::move(bound.plan);
  return side;
}

std::vector<const Expression*> members_of(const Expression& operand) {
  const auto* row = std::get_if<Call>(&operand.node);
  std::vector<const Expression*> members;
  if (row == nullptr || row->name != "row" || !row->schema.empty()) return {&operand};
  for (const auto& member : row->arguments) members.push_back(member.get());
  return members;
}

// The operand of IN equals the subquery's outputs, member by member.
Result<query::ExpressionPtr> equality(const Surroundings& around, const Scope& left, const SubqueryTest& test,
                                      std::vector<Bound> values) {
  const auto members = members_of(*test.operand);
  if (members.size() != values.size()) {
    return wrong("42601",
                 values.size() > members.size() ? "subquery has too many columns" : "subquery has too few columns",
                 test.at);
  }
  ExpressionBinder binder(around, left, "WHERE");
  std::vector<query::ExpressionPtr> equal;
  for (std::size_t i = 0; i < members.size(); ++i) {
    Bound member = TRY(binder.bind(*members[i]));
    if (!values[i].is_open()) values[i].expression = over_both(*values[i].expression, left.columns.size());
    equal.push_back(TRY(binder.compare("=", std::move(member), std::move(values[i]), test.at)).expression);
  }
  return query::join_conjuncts(std::move(equal));
}

// NOT IN keeps a row only if every comparison is false; one that is NULL drops it as one that is true does.
void set_not_in(query::Join& join, query::ExpressionPtr equal, std::vector<query::ExpressionPtr> conditions,
                std::size_t left_columns) {
  if (conditions.empty() && query::take_equal_key(*equal, left_columns, join.left_keys, join.right_keys)) {
    join.null_aware = true;
    return;
  }
  std::vector<query::ExpressionPtr> or_unknown;
  const SourcePosition at = equal->position;
  or_unknown.push_back(std::move(equal));
  or_unknown.push_back(constant(Value(true), at));
  conditions.push_back(query::make_node(query::ExpressionKind::coalesce, kBool, std::move(or_unknown), at));
  set_join_condition(join, *query::join_conjuncts(std::move(conditions)), left_columns);
}

}  // namespace

bool is_subquery_conjunct(const Expression& conjunct) { return as_test(conjunct).has_value(); }

Result<Source> bind_subquery_conjunct(const Surroundings& around, Source source, const Expression& conjunct) {
  const SubqueryTest test = *as_test(conjunct);
  const std::size_t left_columns = source.scope.columns.size();
  RightSide right = TRY(bind_right({around.state, around.tables, &source.scope}, *test.query, test.operand == nullptr));
  query::Join join;
  join.kind = test.negated ? query::JoinKind::anti : query::JoinKind::semi;
  std::vector<query::ExpressionPtr> conditions;
  for (const auto& condition : right.conditions) conditions.push_back(over_both(*condition, left_columns));
  query::ExpressionPtr equal;
  if (test.operand != nullptr) equal = TRY(equality(around, source.scope, test, std::move(right.values)));
  if (equal && test.negated) {
    set_not_in(join, std::move(equal), std::move(conditions), left_columns);
  } else {
    if (equal) conditions.push_back(std::move(equal));
    if (auto condition = query::join_conjuncts(std::move(conditions))) {
      set_join_condition(join, *condition, left_columns);
    }
  }
  auto columns = source.plan->columns;
  source.plan = make_plan(std::move(join), std::move(columns), std::move(source.plan), std::move(right.plan));
  return source;
}

std::vector<const Expression*> conjuncts_of(const Expression* condition) {
  std::vector<const Expression*> conjuncts;
  if (condition == nullptr) return conjuncts;
  const auto* logical = std::get_if<Logical>(&condition->node);
  if (logical == nullptr || logical->op != LogicalOperator::conjunction) return {condition};
  for (const auto& operand : logical->operands) {
    const auto inner = conjuncts_of(operand.get());
    conjuncts.insert(conjuncts.end(), inner.begin(), inner.end());
  }
  return conjuncts;
}

Result<Source> bind_where(const Surroundings& around, Source source, const Expression* where) {
  std::vector<query::ExpressionPtr> conditions;
  std::vector<const Expression*> subqueries;
  for (const Expression* conjunct : conjuncts_of(where)) {
    if (is_subquery_conjunct(*conjunct)) {
      subqueries.push_back(conjunct);
      continue;
    }
    ExpressionBinder binder(around, source.scope, "WHERE");
    binder.joining(source);
    conditions.push_back(TRY(binder.bind_condition(*conjunct, conjunct == where ? "WHERE" : "AND")));
  }
  source.plan = filtered(std::move(source.plan), query::join_conjuncts(std::move(conditions)));
  for (const Expression* conjunct : subqueries) {
    source = TRY(bind_subquery_conjunct(around, std::move(source), *conjunct));
  }
  return source;
}

}  // namespace mneme::sql::binding
