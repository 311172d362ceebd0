// UNION, INTERSECT, EXCEPT, VALUES, and ORDER BY and LIMIT over them. A lone SELECT is in bind_select.cc.
#include "sql/bind_query.h"

#include <algorithm>
#include <charconv>

#include "mneme/value.h"
#include "sql/bind_error.h"
#include "sql/bind_plan.h"
#include "sql/bind_with.h"

namespace mneme::sql::binding {
namespace {

Result<BoundQuery> bind_body(const Surroundings& around, const QueryBody& body, WantedTypes wanted);

// ---- Set operations
// -----------------------------------------------------------------------------------------------------

// The branches of a left-deep chain of UNION ALL, first to last.
std::vector<const QueryBody*> union_all_branches(const QueryBody& body) {
  std::vector<const QueryBody*> branches;
  const QueryBody* node = &body;
  for (;;) {
    const auto* chain = std::get_if<SetOperation>(&node->node);
    if (chain == nullptr || !chain->all || chain->op != SetOperator::union_rows) break;
    branches.push_back(chain->right.get());
    node = chain->left.get();
  }
  branches.push_back(node);
  std::ranges::reverse(branches);
  return branches;
}

std::string_view name_of(SetOperator op) {
  switch (op) {
    case SetOperator::union_rows: return "UNION";
    case SetOperator::intersect: return "INTERSECT";
    case SetOperator::except: return "EXCEPT";
  }
  return "UNION";
}

Result<std::vector<BoundQuery>> bind_branches(const Surroundings& around, std::span<const QueryBody* const> branches,
                                              SetOperator op, WantedTypes wanted) {
  std::vector<BoundQuery> bound;
  for (const QueryBody* branch : branches) {
    bound.push_back(TRY(bind_body(around, *branch, wanted)));
    if (bound.back().plan->columns.size() == bound.front().plan->columns.size()) continue;
    return wrong("42601", "each " + std::string(name_of(op)) + " query must have the same number of columns",
                 branch->at);
  }
  return bound;
}

// The one type of each column of the branches, by those whose type is not open.
Result<std::vector<std::optional<Type>>> common_types(const std::vector<BoundQuery>& branches, SetOperator op,
                                                      SourcePosition at) {
  std::vector<std::optional<Type>> types;
  for (std::size_t column = 0; column < branches.front().plan->columns.size(); ++column) {
    std::vector<query::Argument> arguments;
    bool all_open = true;
    for (const BoundQuery& branch : branches) {
      arguments.push_back({branch.plan->columns[column].type, branch.open[column]});
      all_open = all_open && branch.open[column];
    }
    const Type type = TRY(query::common_type(arguments, name_of(op), at));
    types.push_back(all_open ? std::nullopt : std::optional<Type>(type));
  }
  return types;
}

// The branch with every column converted to the common type.
Result<query::PlanPtr> conform(StatementState& state, BoundQuery branch, const std::vector<std::optional<Type>>& types,
                               SourcePosition at) {
  auto& columns = branch.plan->columns;
  bool fits = true;
  for (std::size_t i = 0; i < types.size(); ++i) fits = fits && (!types[i] || columns[i].type == *types[i]);
  if (fits) return std::move(branch.plan);
  std::vector<query::ExpressionPtr> expressions;
  std::vector<std::string> names;
  for (std::size_t i = 0; i < types.size(); ++i) {
    auto column = query::make_column(i, columns[i].type, at);
    const Type type = types[i].value_or(columns[i].type);
    expressions.push_back(TRY(convert(state, closed(std::move(column)), type, CastContext::implicit)));
    names.push_back(columns[i].name);
  }
  return projected(std::move(branch.plan), std::move(expressions), names);
}

// The branches as inputs of one type, and which columns are open in all of them.
struct Branches {
  std::vector<query::PlanPtr> inputs;
  std::vector<bool> open;
};
Result<Branches> bind_alike(const Surroundings& around, std::span<const QueryBody* const> branches, SetOperator op,
                            WantedTypes wanted, SourcePosition at) {
  const std::size_t subqueries = around.state.subqueries();
  std::vector<BoundQuery> bound = TRY(bind_branches(around, branches, op, wanted));
  const std::vector<std::optional<Type>> types = TRY(common_types(bound, op, at));
  const auto is_mixed = [&](const BoundQuery& branch) {
    for (std::size_t i = 0; i < types.size(); ++i) {
      if (types[i] && branch.open[i]) return true;
    }
    return false;
  };
  if (std::ranges::any_of(bound, is_mixed)) {  // Once more, now that the open columns' types are known.
    around.state.drop_subqueries_behind(subqueries);
    bound = TRY(bind_branches(around, branches, op, types));
  }
  Branches alike;
  for (const auto& type : types) alike.open.push_back(!type);
  for (BoundQuery& branch : bound) alike.inputs.push_back(TRY(conform(around.state, std::move(branch), types, at)));
  return alike;
}

Result<BoundQuery> bind_set_operation(const Surroundings& around, const QueryBody& body, const SetOperation& set,
                                      WantedTypes wanted) {
  const bool is_union = set.op == SetOperator::union_rows;
  std::vector<const QueryBody*> branches = {set.left.get(), set.right.get()};
  if (is_union && set.all) branches = union_all_branches(body);
  Branches alike = TRY(bind_alike(around, branches, set.op, wanted, body.at));
  using Kind = query::SetOperation::Kind;
  const Kind kind = set.op == SetOperator::intersect ? Kind::intersect : Kind::except;
  query::PlanNode node = query::SetOperation{kind, set.all};
  if (is_union) node = query::UnionAll{};
  auto plan = make_plan(std::move(node), alike.inputs.front()->columns);
  plan->inputs = std::move(alike.inputs);
  if (is_union && !set.all) plan = pass_through(query::Distinct{}, std::move(plan));
  return BoundQuery{std::move(plan), std::move(alike.open)};
}

Result<BoundQuery> bind_body(const Surroundings& around, const QueryBody& body, WantedTypes wanted) {
  if (const auto* inner = std::get_if<QueryPtr>(&body.node)) return bind_query(around, **inner, wanted);
  if (const auto* set = std::get_if<SetOperation>(&body.node)) return bind_set_operation(around, body, *set, wanted);
  TRY(around.state.count_query(body.at));
  if (const auto* values = std::get_if<ValuesClause>(&body.node)) return bind_values(around, *values, wanted, body.at);
  const Query bare;
  return bind_select(around, std::get<SelectCore>(body.node), bare, wanted);
}

// ---- ORDER BY over a UNION or VALUES ----------------------------------------------------------------------------

// Such an ORDER BY knows the output columns only: by name or by ordinal.
Result<std::size_t> output_column(const Expression& expression, const query::Plan& plan) {
  if (const auto ordinal = TRY(ordinal_of(expression, plan.columns.size(), "ORDER BY"))) return *ordinal - 1;
  const auto* reference = std::get_if<ColumnRef>(&expression.node);
  if (reference == nullptr || !reference->table.empty()) {
    return not_yet("ORDER BY an expression over a UNION or VALUES", expression.at,
                   "order by an output column's name or number, or put the query in FROM");
  }
  const auto found = std::ranges::find(plan.columns, reference->column, &query::OutputColumn::name);
  if (found != plan.columns.end()) return static_cast<std::size_t>(found - plan.columns.begin());
  std::vector<std::string> names;
  for (const auto& column : plan.columns) names.push_back(column.name);
  return missing("42703", "column \"" + reference->column + "\" does not exist", expression.at)
      .with_hint(nearest_hint(reference->column, names));
}

Result<query::PlanPtr> sort_outputs(const Query& query, query::PlanPtr plan) {
  if (query.order_by.empty()) return plan;
  query::Sort sort;
  for (const SortItem& item : query.order_by) {
    const std::size_t column = TRY(output_column(*item.expression, *plan));
    auto key = query::make_column(column, plan->columns[column].type, item.expression->at);
    sort.keys.push_back({std::move(key), item.descending, nulls_first(item)});
  }
  return pass_through(std::move(sort), std::move(plan));
}

Result<BoundQuery> bind_without_with(const Surroundings& around, const Query& query, WantedTypes wanted) {
  if (const auto* core = std::get_if<SelectCore>(&query.body->node)) {
    TRY(around.state.count_query(query.at));
    return bind_select(around, *core, query, wanted);
  }
  BoundQuery bound = TRY(bind_body(around, *query.body, wanted));
  bound.plan = TRY(sort_outputs(query, std::move(bound.plan)));
  bound.plan = TRY(add_limit(around, query, std::move(bound.plan)));
  return bound;
}

}  // namespace

Result<BoundQuery> bind_query(const Surroundings& around, const Query& query, WantedTypes wanted) {
  CommonTables tables(around);
  TRY(tables.open(query.with, query.recursive));
  BoundQuery bound = TRY(bind_without_with(tables.inside(), query, wanted));
  TRY(tables.check_unused());
  return bound;
}

Result<BoundQuery> bind_values(const Surroundings& around, const ValuesClause& values, WantedTypes wanted,
                               SourcePosition at) {
  const Scope nothing{{}, {}, {}, around.outer, false};
  ExpressionBinder binder(around, nothing, "VALUES");
  const std::size_t width = values.rows.front().size();
  std::vector<std::vector<Bound>> columns(width);
  for (const auto& row : values.rows) {
    if (row.size() != width) return wrong("42601", "VALUES lists must all be the same length", row.front()->at);
    for (std::size_t i = 0; i < width; ++i) columns[i].push_back(TRY(binder.bind(*row[i])));
  }
  query::Values node;
  node.rows.resize(values.rows.size());
  BoundQuery bound;
  std::vector<query::OutputColumn> outputs;
  for (std::size_t i = 0; i < width; ++i) {
    const bool open = std::ranges::all_of(columns[i], &Bound::is_open);
    const bool is_wanted = open && i < wanted.size() && wanted[i];
    const Type type =
        is_wanted ? *wanted[i] : TRY(query::common_type(arguments_of(around.state, columns[i]), "VALUES", at));
    for (std::size_t row = 0; row < columns[i].size(); ++row) {
      node.rows[row].push_back(TRY(convert(around.state, std::move(columns[i][row]), type, CastContext::implicit)));
    }
    bound.open.push_back(open && !is_wanted);
    outputs.push_back({"column" + std::to_string(i + 1), type});
  }
  bound.plan = make_plan(std::move(node), std::move(outputs));
  return bound;
}

namespace {

// A column cannot be the count of rows, whatever its name.
Result<query::ExpressionPtr> bind_count(const Surroundings& around, const Expression& count, std::string_view clause) {
  if (std::holds_alternative<ColumnRef>(count.node)) {
    return wrong("42P10", "argument of " + std::string(clause) + " must not contain variables", count.at);
  }
  const Scope nothing;
  ExpressionBinder binder(around, nothing, clause);
  return binder.bind_as(count, kInt, CastContext::assignment);
}

}  // namespace

bool nulls_first(const SortItem& item) {
  return item.nulls == SortItem::Nulls::unspecified ? item.descending : item.nulls == SortItem::Nulls::first;
}

Result<std::optional<std::size_t>> ordinal_of(const Expression& expression, std::size_t count,
                                              std::string_view clause) {
  const auto* literal = std::get_if<Literal>(&expression.node);
  if (literal == nullptr) return std::optional<std::size_t>();
  if (literal->kind != LiteralKind::integer) {
    return wrong("42601", "non-integer constant in " + std::string(clause), expression.at);
  }
  std::size_t ordinal = 0;
  const char* end = literal->text.data() + literal->text.size();
  const auto parsed = std::from_chars(literal->text.data(), end, ordinal);
  if (parsed.ec == std::errc() && ordinal >= 1 && ordinal <= count) return std::optional<std::size_t>(ordinal);
  return wrong("42P10", std::string(clause) + " position " + literal->text + " is not in select list", expression.at);
}

Result<query::PlanPtr> add_limit(const Surroundings& around, const Query& query, query::PlanPtr plan) {
  if (query.with_ties) return not_yet("WITH TIES", query.at, "FETCH FIRST n ROWS ONLY");
  if (!query.limit && !query.offset) return plan;
  query::Limit limit;
  if (query.limit) limit.limit = TRY(bind_count(around, *query.limit, "LIMIT"));
  if (query.offset) limit.offset = TRY(bind_count(around, *query.offset, "OFFSET"));
  return pass_through(std::move(limit), std::move(plan));
}

}  // namespace mneme::sql::binding
