// Bound: an expression that is bound, or one whose type its surroundings have yet to settle.
//
// A text literal, NULL and a parameter have no type of their own: `ts > '2024-01-01'` makes the literal a TIMESTAMP,
// `$1 + 1` makes the parameter an INT. Until then they are open, as PostgreSQL's `unknown`. What nothing settles is
// TEXT.
#pragma once

#include <string>
#include <vector>

#include "mneme/value.h"
#include "query/functions.h"
#include "sql/bind_state.h"

namespace mneme::sql::binding {

constexpr Type kBool{.kind = TypeKind::boolean};
constexpr Type kInt{.kind = TypeKind::integer};
constexpr Type kFloat{.kind = TypeKind::floating};
constexpr Type kText{.kind = TypeKind::text};
constexpr Type kTimestamp{.kind = TypeKind::timestamp};
constexpr Type kDate{.kind = TypeKind::date};
constexpr Type kInterval{.kind = TypeKind::interval};

enum class Open : std::uint8_t { no, null, text, parameter };

struct Bound {
  query::ExpressionPtr expression;  // Null while open.
  Open open = Open::no;
  std::string text;             // Open::text
  std::uint32_t parameter = 0;  // Open::parameter
  SourcePosition at;

  [[nodiscard]] bool is_open() const noexcept { return open != Open::no; }
  [[nodiscard]] std::optional<Type> type() const {
    return is_open() ? std::nullopt : std::optional<Type>(expression->type);
  }
};

inline Bound closed(query::ExpressionPtr expression) {
  const SourcePosition at = expression->position;
  return Bound{std::move(expression), Open::no, {}, 0, at};
}
query::ExpressionPtr constant(const mneme::Value& value, SourcePosition at);

using query::CastContext;

// The expression as `type`. 42804 (implicit, assignment) or 42846 (CAST): no such conversion; 22P02 and the like: a
// literal that does not say a value of it; 22000: a vector of another dimension.
// A VECTOR type of dimension 0 takes any dimension.
Result<query::ExpressionPtr> convert(StatementState& state, Bound bound, const Type& type, CastContext cast);
// The expression with whatever type it has; open ones become `otherwise`.
Result<query::ExpressionPtr> settle(StatementState& state, Bound bound, const Type& otherwise = kText);
// $number. What the caller says it binds settles it at once where the text could only guess (`ts - $1` may be an
// interval) or round it (`id > $1` with 1.5); an INT or TEXT becomes what its surroundings ask for.
// 42P02: the statement has no parameters at all, as a DEFAULT has none.
Result<Bound> bind_parameter(StatementState& state, std::uint32_t number, SourcePosition at);

// What overload resolution is told of them. An open parameter that stands among open ones only has the caller's type.
std::vector<query::Argument> arguments_of(const StatementState& state, const std::vector<Bound>& bounds);
// All as the one type they come to; `what` names the construct for 42804.
Result<std::vector<query::ExpressionPtr>> unify(StatementState& state, std::vector<Bound> bounds, std::string_view what,
                                                SourcePosition at);

}  // namespace mneme::sql::binding
