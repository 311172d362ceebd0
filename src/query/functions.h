// Which kernel a function call or an operator means, by the types of its arguments: overload resolution in the spirit
// of PostgreSQL's chapter 10.
//
// Numbers widen by themselves: INT -> DECIMAL -> REAL -> FLOAT; REAL with anything else computes as FLOAT. A DATE
// becomes a TIMESTAMP beside one. An argument of unknown type (a bare NULL, a text literal without a type, a parameter)
// takes the other side's type, or TEXT. Nothing else converts without a cast. Failures carry the position given:
// 42883 for what does not exist, 42725 for what is ambiguous, 22000 for vectors of different dimensions.
#pragma once

#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "query/aggregate_kind.h"
#include "query/expression.h"

namespace mneme::query {

struct Argument {
  Type type;
  bool unknown = false;                   // `type` does not count.
  std::optional<std::int64_t> literal{};  // Of an INT literal: the digits of round() decide its result's type.
};

struct Overload {
  // Null for what no kernel computes and the binder makes: now(), current_date, random() ... (is_volatile is then set).
  const Function* function = nullptr;
  std::vector<Type> arguments;  // Exactly what the kernel wants: the binder casts each argument to its type here.
  Type result;
  bool is_volatile = false;  // Its value may differ between statements: never folded when a plan is made.
  bool compares = false;     // The binder's casts are those of CastContext::comparison.
};

// A call by name, in lower case. Covers greatest, least, nullif, concat and concat_ws, and extract(field, value).
// COALESCE and CASE are the binder's (common_type below).
Result<Overload> resolve_function(std::string_view name, std::span<const Argument> arguments, SourcePosition at = {});
bool is_function_name(std::string_view name) noexcept;  // Of a scalar function, whatever its arguments.

// An operator of one or two operands by its symbol: = <> < <= > >= + - * / % ^ || & | # ~ << >> -> ->> #> #>> <-> <=>
// <#> <+> <~>, also "is distinct from", "is not distinct from", "like", "not like", "ilike", "not ilike" (these four
// take a third operand, the escape character).
Result<Overload> resolve_operator(std::string_view symbol, std::span<const Argument> operands, SourcePosition at = {});

// The one type that all values of a CASE, COALESCE, UNION column, VALUES column or IN list become. TEXT when all are
// unknown. 42804 when there is none; `what` is for the message ("CASE", "COALESCE").
Result<Type> common_type(std::span<const Argument> values, std::string_view what, SourcePosition at = {});

// Where a conversion is allowed without being asked for.
enum class CastContext : std::uint8_t {
  implicit,    // Anywhere.
  assignment,  // INSERT, UPDATE and DEFAULT: every number to every number, anything to TEXT, TIMESTAMP to DATE.
  explicit_,   // CAST and :: only.
  comparison,  // As explicit_, but a DATE beyond TIMESTAMP's range becomes that range's end: what has no other use.
};
// The conversion between two types; null when there is none. Same types: null, too, as nothing is to be done.
const Function* cast_function(const Type& from, const Type& to) noexcept;
// Whether `from` becomes `to` in that context (same types: yes).
bool can_cast(const Type& from, const Type& to, CastContext context) noexcept;
// cast_function, or the error to give: 42846, in a CastContext below explicit_ 42804 with a hint to cast.
Result<const Function*> resolve_cast(const Type& from, const Type& to, CastContext context, SourcePosition at = {});

struct AggregateOverload {
  AggregateKind kind{};
  std::vector<Type> arguments;  // The binder casts each argument to its type here.
  Type result;
};
// An aggregate by name; count(*) is count without arguments. 42883 as above.
Result<AggregateOverload> resolve_aggregate(std::string_view name, std::span<const Argument> arguments,
                                            SourcePosition at = {});
bool is_aggregate_name(std::string_view name) noexcept;

}  // namespace mneme::query
