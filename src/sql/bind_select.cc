// One SELECT: FROM, WHERE, GROUP BY, HAVING, the select list, DISTINCT, ORDER BY, LIMIT, in that order.
//
// Expressions of the select list, HAVING and ORDER BY are bound over the columns of FROM, aggregate calls standing in
// as columns of their own (bind_expression.h). If the query turns out to aggregate, they are rewritten over the groups.
#include <algorithm>

#include "query/rules_expression.h"
#include "sql/bind_error.h"
#include "sql/bind_group.h"
#include "sql/bind_plan.h"
#include "sql/bind_query.h"

namespace mneme::sql::binding {
namespace {

class SelectBinder {  // One thread at a time; lives for one bind_select().
 public:
  SelectBinder(const Surroundings& around, const SelectCore& core, const Query& query, WantedTypes wanted)
      : around_(around), core_(core), query_(query), wanted_(wanted) {}

  Result<BoundQuery> run() {
    TRY(check_supported());
    source_ = TRY(bind_from(around_, core_.from));
    source_.scope.outer = around_.outer;
    source_ = TRY(bind_where(around_, std::move(source_), core_.where.get()));
    TRY(bind_outputs());
    TRY(bind_order());
    TRY(aggregate());
    return finish();
  }

 private:
  struct OrderKey {
    std::size_t output = 0;  // Of the select list, or behind it when hidden.
    bool descending = false;
    bool nulls_first = false;
  };

  Result<void> check_supported() const {
    if (core_.items.empty()) return not_yet("an empty select list", query_.at, "SELECT 1");
    return {};
  }

  Result<void> bind_outputs() {
    ExpressionBinder binder(around_, source_.scope, "SELECT", &aggregates_);
    binder.joining(source_);
    std::vector<OutputItem> items = TRY(bind_items(binder, source_.scope, core_.items));
    for (std::size_t i = 0; i < items.size(); ++i) {
      const bool open = items[i].bound.is_open();
      const bool wanted = open && i < wanted_.size() && wanted_[i];
      const Type type = wanted ? *wanted_[i] : kText;
      open_.push_back(open && !wanted);
      names_.push_back(std::move(items[i].name));
      outputs_.push_back(wanted ? TRY(convert(around_.state, std::move(items[i].bound), type, CastContext::assignment))
                                : TRY(settle(around_.state, std::move(items[i].bound))));
    }
    visible_ = outputs_.size();
    return {};
  }

  // ---- ORDER BY ------------------------------------------------------------------------------------------------

  // The output a bare name means: PostgreSQL looks there before it looks at the columns of FROM.
  Result<std::optional<std::size_t>> named_output(const Expression& expression, std::string_view clause) const {
    const auto* reference = std::get_if<ColumnRef>(&expression.node);
    std::optional<std::size_t> found;
    if (reference == nullptr || !reference->table.empty()) return found;
    for (std::size_t i = 0; i < visible_; ++i) {
      if (names_[i] != reference->column) continue;
      if (found && !query::same(*outputs_[*found], *outputs_[i])) {
        return wrong("42702", std::string(clause) + " \"" + reference->column + "\" is ambiguous", expression.at);
      }
      if (!found) found = i;
    }
    return found;
  }

  // `clause`: ORDER BY, or DISTINCT ON, which finds its expressions as ORDER BY does.
  Result<std::size_t> order_output(const Expression& expression, std::string_view clause) {
    if (const auto ordinal = TRY(ordinal_of(expression, visible_, clause))) return *ordinal - 1;
    if (const auto named = TRY(named_output(expression, clause))) return *named;
    ExpressionBinder binder(around_, source_.scope, clause, &aggregates_);
    binder.joining(source_);
    query::ExpressionPtr key = TRY(binder.bind_settled(expression));
    const auto found = std::ranges::find_if(outputs_, [&](const auto& output) { return query::same(*output, *key); });
    const auto index = static_cast<std::size_t>(found - outputs_.begin());
    if (found != outputs_.end()) return index;
    if (core_.distinct && core_.distinct_on.empty()) {
      return wrong("42P10", "for SELECT DISTINCT, ORDER BY expressions must appear in select list", expression.at);
    }
    outputs_.push_back(std::move(key));
    names_.push_back(output_name(expression));
    return index;
  }

  Result<void> bind_order() {
    for (const SortItem& item : query_.order_by) {
      const std::size_t output = TRY(order_output(*item.expression, "ORDER BY"));
      order_.push_back({output, item.descending, nulls_first(item)});
    }
    for (const auto& expression : core_.distinct_on) {
      distinct_on_.push_back(TRY(order_output(*expression, "DISTINCT ON")));
    }
    return check_distinct_on();
  }

  // Which row comes first is said only by an ORDER BY that begins with what DISTINCT ON names, in whatever order.
  Result<void> check_distinct_on() const {
    const auto mismatch = [](const Expression& expression) {
      return wrong("42P10", "SELECT DISTINCT ON expressions must match initial ORDER BY expressions", expression.at);
    };
    if (distinct_on_.empty()) return {};
    bool others = false;
    for (std::size_t i = 0; i < order_.size(); ++i) {
      const bool named = std::ranges::find(distinct_on_, order_[i].output) != distinct_on_.end();
      if (named && others) return mismatch(*query_.order_by[i].expression);
      others = others || !named;
    }
    for (std::size_t i = 0; others && i < distinct_on_.size(); ++i) {
      const bool sorted = std::ranges::find(order_, distinct_on_[i], &OrderKey::output) != order_.end();
      if (!sorted) return mismatch(*core_.distinct_on[i]);
    }
    return {};
  }

  // ---- Groups --------------------------------------------------------------------------------------------------

  Result<void> aggregate() {
    query::ExpressionPtr having;
    if (core_.having) {
      ExpressionBinder binder(around_, source_.scope, "HAVING", &aggregates_);
      having = TRY(binder.bind_condition(*core_.having));
    }
    std::vector<query::ExpressionPtr> groups =
        TRY(bind_groups(around_, source_.scope, core_, std::span(outputs_).first(visible_), names_));
    const bool aggregates = !core_.group_by.empty() || having || !aggregates_.calls.empty();
    if (!aggregates) return {};
    Grouping grouping(source_.scope, std::move(groups));
    for (const auto& output : outputs_) grouping.add_determined(*output);
    if (having) grouping.add_determined(*having);
    for (auto& output : outputs_) output = TRY(grouping.over_groups(*output));
    if (having) having = TRY(grouping.over_groups(*having));
    source_.plan = grouping.plan(std::move(source_.plan), std::move(aggregates_.calls));
    source_.plan = filtered(std::move(source_.plan), std::move(having));
    return {};
  }

  // ---- The rest ------------------------------------------------------------------------------------------------

  Result<BoundQuery> finish() {
    const std::size_t all = outputs_.size();
    query::PlanPtr plan = projected(std::move(source_.plan), std::move(outputs_), names_);
    if (core_.distinct && distinct_on_.empty()) plan = pass_through(query::Distinct{}, std::move(plan));
    if (!order_.empty()) plan = sorted(std::move(plan));
    if (!distinct_on_.empty()) plan = first_of_each(std::move(plan));
    plan = TRY(add_limit(around_, query_, std::move(plan)));
    if (all != visible_) plan = without_hidden(std::move(plan));
    return BoundQuery{std::move(plan), std::move(open_)};
  }

  [[nodiscard]] query::PlanPtr sorted(query::PlanPtr plan) const {
    query::Sort sort;
    for (const OrderKey& key : order_) {
      auto column = query::make_column(key.output, plan->columns[key.output].type);
      sort.keys.push_back({std::move(column), key.descending, key.nulls_first});
    }
    return pass_through(std::move(sort), std::move(plan));
  }

  [[nodiscard]] query::PlanPtr first_of_each(query::PlanPtr plan) const {
    query::Distinct distinct;
    for (const std::size_t output : distinct_on_) {
      distinct.on.push_back(query::make_column(output, plan->columns[output].type));
    }
    return pass_through(std::move(distinct), std::move(plan));
  }

  [[nodiscard]] query::PlanPtr without_hidden(query::PlanPtr plan) const {
    std::vector<query::ExpressionPtr> kept;
    for (std::size_t i = 0; i < visible_; ++i) kept.push_back(query::make_column(i, plan->columns[i].type));
    return projected(std::move(plan), std::move(kept), names_);
  }

  const Surroundings& around_;
  const SelectCore& core_;
  const Query& query_;
  const WantedTypes wanted_;
  Source source_;
  AggregateCalls aggregates_;
  std::vector<query::ExpressionPtr> outputs_;  // The select list, then hidden keys of ORDER BY and DISTINCT ON.
  std::vector<std::string> names_;
  std::vector<bool> open_;
  std::size_t visible_ = 0;
  std::vector<OrderKey> order_;
  std::vector<std::size_t> distinct_on_;  // Outputs.
};

}  // namespace

Result<BoundQuery> bind_select(const Surroundings& around, const SelectCore& core, const Query& query,
                               WantedTypes wanted) {
  return SelectBinder(around, core, query, wanted).run();
}

Result<std::vector<OutputItem>> bind_items(ExpressionBinder& binder, const Scope& scope,
                                           const std::vector<SelectItem>& items) {
  std::vector<OutputItem> outputs;
  for (const SelectItem& item : items) {
    const auto* star = std::get_if<Star>(&item.expression->node);
    if (star == nullptr) {
      std::string name = item.alias.empty() ? output_name(*item.expression) : item.alias;
      outputs.push_back({TRY(binder.bind(*item.expression)), std::move(name)});
      continue;
    }
    for (const std::size_t index : TRY(star_columns(scope, *star, item.expression->at))) {
      const ScopeColumn& column = scope.columns[index];
      outputs.push_back({closed(query::make_column(index, column.type, item.expression->at)), column.name});
    }
  }
  return outputs;
}

}  // namespace mneme::sql::binding
