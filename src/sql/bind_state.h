// What is known while one statement is bound: its catalogue, its parameters, its scalar subqueries.
// One thread at a time; lives for one bind().
#pragma once

#include <optional>
#include <vector>

#include "query/plan.h"
#include "sql/bind_scope.h"
#include "sql/binder.h"

namespace mneme::sql::binding {

// How many subqueries, CTE uses and the like one statement may bind: a chain of CTEs that each name the one before
// twice doubles with every link.
constexpr std::size_t kQueriesMax = 2'000;

class StatementState {
 public:
  StatementState(const BindContext& context, std::size_t parameters) : context_(context), parameters_(parameters) {}

  // 42P01 with the nearest name.
  Result<query::SchemaPtr> table(const TableName& name) const;

  [[nodiscard]] query::SchemaPtr find_table(const TableName& name) const;  // Null: there is none.

  [[nodiscard]] std::size_t parameters() const noexcept { return parameters_.size(); }
  [[nodiscard]] std::optional<Type> parameter_type(std::uint32_t number) const { return parameters_[number - 1]; }
  // What the caller says it will bind; none: nothing is known.
  [[nodiscard]] std::optional<Type> given_type(std::uint32_t number) const;
  void settle_parameter(std::uint32_t number, Type type) { parameters_[number - 1] = type; }

  [[nodiscard]] query::ExpressionPtr now(SourcePosition at) const;
  // The parameter that stands for the one value of `plan`.
  query::ExpressionPtr add_subquery(query::PlanPtr plan, SourcePosition at);
  [[nodiscard]] std::size_t subqueries() const noexcept { return subqueries_.size(); }
  void drop_subqueries_behind(std::size_t count) { subqueries_.resize(count); }

  Result<void> count_query(SourcePosition at);  // 54001: see kQueriesMax.
  query::StatementPlan finish(query::PlanPtr root) &&;

 private:
  const BindContext& context_;
  std::vector<std::optional<Type>> parameters_;
  std::vector<query::PlanPtr> subqueries_;
  std::size_t queries_ = 0;
};

struct CommonTableScope;

// Where a query stands.
struct Surroundings {
  StatementState& state;
  CommonTableScope* tables = nullptr;  // Of WITH, nearest first.
  const Scope* outer = nullptr;        // Of the query around it; null: none.
};

}  // namespace mneme::sql::binding
