// GROUP BY: what the groups are, and how expressions over FROM become expressions over groups.
#pragma once

#include <span>

#include "sql/bind_query.h"

namespace mneme::sql::binding {

// The expressions of GROUP BY over the columns of FROM: expressions, names of columns, else of outputs, ordinals.
Result<std::vector<query::ExpressionPtr>> bind_groups(const Surroundings& around, const Scope& scope,
                                                      const SelectCore& core,
                                                      std::span<const query::ExpressionPtr> outputs,
                                                      const std::vector<std::string>& names);

class Grouping {  // One thread at a time.
 public:
  Grouping(const Scope& scope, std::vector<query::ExpressionPtr> groups) : scope_(scope), groups_(std::move(groups)) {}

  // A column of a table whose whole primary key is grouped is the same in all rows of a group: it joins the groups.
  void add_determined(const query::Expression& expression);
  // The expression over the groups and then the aggregate calls. 42803: a column that is not grouped.
  Result<query::ExpressionPtr> over_groups(const query::Expression& expression) const;
  // Nothing is asked of it afterwards.
  query::PlanPtr plan(query::PlanPtr input, std::vector<query::AggregateCall> calls);

 private:
  [[nodiscard]] std::optional<std::size_t> find(const query::Expression& expression) const;
  [[nodiscard]] bool is_determined(std::size_t column) const;
  [[nodiscard]] Error ungrouped(const query::Expression& column) const;

  const Scope& scope_;
  std::vector<query::ExpressionPtr> groups_;
};

// An Aggregate whose columns are named by what they compute.
query::PlanPtr aggregated(query::PlanPtr input, std::vector<query::ExpressionPtr> groups,
                          std::vector<query::AggregateCall> calls);

}  // namespace mneme::sql::binding
