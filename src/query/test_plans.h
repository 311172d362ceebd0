// For tests: plans in a line, and what they yield as text, one row a line: "1,a|2,NULL".
#pragma once

#include <doctest/doctest.h>

#include <initializer_list>
#include <string>

#include "query/kernels.h"
#include "query/operator.h"

namespace mneme::query::test {

inline const Type kBool{.kind = TypeKind::boolean};
inline const Type kInt{.kind = TypeKind::integer};
inline const Type kFloat{.kind = TypeKind::floating};
inline const Type kText{.kind = TypeKind::text};
inline const Type kTime{.kind = TypeKind::timestamp};
inline const Type kInterval{.kind = TypeKind::interval};

template <class T>
Column column_of(Type type, const std::vector<std::optional<T>>& values) {
  Column column(type);
  for (const auto& value : values) value ? column.append(*value) : column.append_null();
  return column;
}
using Ints = std::vector<std::optional<std::int64_t>>;
using Floats = std::vector<std::optional<double>>;
using Texts = std::vector<std::optional<std::string>>;
inline Column ints(const Ints& values, Type type = kInt) { return column_of(type, values); }
inline Column floats(const Floats& values) { return column_of(kFloat, values); }
inline Column bools(const std::vector<std::optional<std::uint8_t>>& values) { return column_of(kBool, values); }
inline Column texts(const Texts& values) {
  Column column(kText);
  for (const auto& value : values) value ? column.append_bytes(as_bytes(*value)) : column.append_null();
  return column;
}

template <class T, class... More>
std::vector<T> list_of(T first, More... more) {
  std::vector<T> made;
  made.push_back(std::move(first));
  (made.push_back(std::move(more)), ...);
  return made;
}
template <class... Children>
std::vector<ExpressionPtr> list(Children... children) {
  std::vector<ExpressionPtr> made;
  (made.push_back(std::move(children)), ...);
  return made;
}

inline ExpressionPtr constant(std::int64_t value) { return make_constant(ints({value})); }
inline ExpressionPtr text(std::string_view value) { return make_constant(texts({std::string(value)})); }
inline ExpressionPtr null_of(Type type) {
  Column none(type);
  none.append_null();
  return make_constant(std::move(none));
}
inline ExpressionPtr at(std::size_t column, Type type = kInt) { return make_column(column, type); }
inline ExpressionPtr call(const Function* function, Type type, std::vector<ExpressionPtr> arguments) {
  REQUIRE(function != nullptr);
  return make_call(*function, type, std::move(arguments));
}
inline ExpressionPtr compare(ExpressionPtr a, std::string_view symbol, ExpressionPtr b) {
  const Type type = a->type;
  return call(comparison(symbol, type), kBool, list(std::move(a), std::move(b)));
}
inline ExpressionPtr compute(ExpressionPtr a, std::string_view symbol, ExpressionPtr b) {
  const Type type = a->type;
  return call(arithmetic(symbol, type, 2), type, list(std::move(a), std::move(b)));
}

inline std::vector<OutputColumn> columns_of(const std::vector<Type>& types) {
  std::vector<OutputColumn> columns;
  for (const Type& type : types) columns.push_back({"c" + std::to_string(columns.size()), type});
  return columns;
}
inline PlanPtr plan_of(PlanNode node, std::vector<Type> types, std::vector<PlanPtr> inputs = {}) {
  auto plan = std::make_unique<Plan>();
  plan->node = std::move(node);
  plan->inputs = std::move(inputs);
  plan->columns = columns_of(types);
  return plan;
}
inline std::vector<Type> types_of_plan(const Plan& plan) {
  std::vector<Type> types;
  for (const OutputColumn& column : plan.columns) types.push_back(column.type);
  return types;
}
// A Values plan with these columns' rows.
template <class... Columns>
PlanPtr rows_of(Columns... columns) {
  std::vector<Column> all = list_of<Column>(std::move(columns)...);
  Values values;
  std::vector<Type> types;
  for (const Column& column : all) types.push_back(column.type());
  for (std::size_t row = 0; row < all.front().rows(); ++row) {
    std::vector<ExpressionPtr> expressions;
    for (const Column& column : all) {
      Column one(column.type());
      one.append_run(column, row, 1);
      expressions.push_back(make_constant(std::move(one)));
    }
    values.rows.push_back(std::move(expressions));
  }
  return plan_of(std::move(values), types);
}
// A node over one input that yields the input's columns.
inline PlanPtr over_input(PlanNode node, PlanPtr input) {
  auto types = types_of_plan(*input);
  return plan_of(std::move(node), std::move(types), list_of(std::move(input)));
}
inline SortKey key(ExpressionPtr expression, bool descending = false, bool nulls_first = false) {
  SortKey made;
  made.expression = std::move(expression);
  made.descending = descending;
  made.nulls_first = nulls_first;
  return made;
}

inline std::string shown(const Column& column, std::size_t row) {
  if (column.is_null(row)) return "NULL";
  switch (column.type().kind) {
    case TypeKind::boolean: return column.values<std::uint8_t>()[row] != 0 ? "t" : "f";
    case TypeKind::integer:
    case TypeKind::timestamp:
    case TypeKind::decimal: return std::to_string(column.values<std::int64_t>()[row]);
    case TypeKind::floating: {
      std::string out = std::to_string(column.values<double>()[row]);  // "1.500000" -> "1.5", "2.000000" -> "2"
      while (out.find('.') != std::string::npos && (out.back() == '0' || out.back() == '.')) {
        const bool point = out.back() == '.';
        out.pop_back();
        if (point) break;
      }
      return out;
    }
    case TypeKind::interval: {
      const auto& i = column.values<Interval>()[row];
      return std::to_string(i.months) + "m" + std::to_string(i.days) + "d" + std::to_string(i.ns) + "n";
    }
    default: return std::string(as_text(column.bytes_at(row)));
  }
}
inline std::string shown(const Batch& batch, std::size_t width) {
  std::string out;
  for (std::size_t row = 0; row < batch.rows(); ++row) {
    if (row > 0) out += '|';
    for (std::size_t i = 0; i < width; ++i) out += (i > 0 ? "," : "") + shown(batch.columns[i], row);
  }
  return out;
}

// A context whose transaction nobody asks: plans over Values only. One thread at a time.
class Bench {
 public:
  explicit Bench(std::size_t budget_bytes = std::size_t{64} << 20) : budget(budget_bytes) {}
  MemoryBudget budget;
  ExecutionContext context{.transaction = *reinterpret_cast<Transaction*>(nobody_), .budget = budget, .parameters = {}};

  // All rows as text; of an error its SQLSTATE in angle brackets.
  std::string run(const Plan& plan) {
    auto made = make_operator(plan, context);
    if (!made) return failed(made.error());
    std::string out;
    for (;;) {
      auto batch = (*made)->next();
      if (!batch) return failed(batch.error());
      if (!*batch) break;
      CHECK((*batch)->rows() > 0);
      CHECK((*batch)->rows() <= kBatchRowsMax);
      out += (out.empty() ? "" : "|") + shown(**batch, plan.columns.size());
    }
    made->reset();
    CHECK(budget.used(MemoryShare::queries) == 0);
    return out;
  }
  std::string run(const PlanPtr& plan) { return run(*plan); }

 private:
  static std::string failed(const Error& error) { return "<" + std::string(error.sqlstate()) + ">"; }
  alignas(Transaction) std::byte nobody_[sizeof(Transaction)]{};
};

}  // namespace mneme::query::test
