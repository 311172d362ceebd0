#include "sql/bind_operand.h"

#include <algorithm>

#include "mneme/value.h"
#include "query/rules_expression.h"
#include "sql/bind_error.h"

namespace mneme::sql::binding {
namespace {

using Kind = TypeKind;

Column column_of(const Value& value) {
  Column column(value.type());
  if (value.is_null()) {
    column.append_null();
  } else if (value.type().is_variable()) {
    column.append_bytes(as_bytes(value.bytes()));
  } else {
    column.append_fixed(as_bytes(value.bytes()));
  }
  return column;
}

Error other_dimension(const Type& from, const Type& to, SourcePosition at) {
  return wrong(
      "22000",
      "expected a vector of " + std::to_string(to.dimension) + " dimensions, not " + std::to_string(from.dimension),
      at);
}

Result<query::ExpressionPtr> convert_closed(query::ExpressionPtr from, const Type& to, CastContext cast,
                                            SourcePosition at) {
  if (from->type == to) return from;
  if (from->type.kind == Kind::vector && to.kind == Kind::vector) {
    Type target = to;
    if (target.dimension == 0) target.dimension = from->type.dimension;
    if (from->type.dimension != target.dimension) return other_dimension(from->type, to, at);
    if (from->type == target) return from;
    if (to.dimension == 0) return convert_closed(std::move(from), target, cast, at);
  }
  const bool null = from->kind == query::ExpressionKind::constant && from->value->is_null(0);
  if (null && query::can_cast(from->type, to, cast)) return constant(Value::null(to), at);
  if (cast < CastContext::explicit_ && !query::can_cast(from->type, to, CastContext::explicit_)) {
    return wrong("42804", type_name(to) + " is expected here, not " + type_name(from->type), at);
  }
  const query::Function* function = TRY(query::resolve_cast(from->type, to, cast, at));
  std::vector<query::ExpressionPtr> operand;
  operand.push_back(std::move(from));
  if (function == nullptr) return std::move(operand.front());  // The same bytes under another name.
  return query::fold(query::make_call(*function, to, std::move(operand), at));
}

// '[1, 2, 3]' as a vector of its own dimension: one more than it has commas.
Type with_dimension_of(const Type& type, std::string_view text) {
  if (type.kind != Kind::vector || type.dimension != 0) return type;
  Type sized = type;
  const auto commas = static_cast<std::size_t>(std::ranges::count(text, ','));
  sized.dimension = static_cast<std::uint16_t>(std::min<std::size_t>(commas + 1, kVectorDimensionMax));
  if (type.element == VectorElement::bit && commas == 0) {
    sized.dimension = static_cast<std::uint16_t>(std::clamp<std::size_t>(text.size(), 1, kVectorDimensionMax));
  }
  return sized;
}

Result<query::ExpressionPtr> convert_text(const Bound& bound, const Type& type) {
  auto value = Value::from_text(with_dimension_of(type, bound.text), bound.text);
  if (!value) return std::move(value).error().at(bound.at);
  return constant(*value, bound.at);
}

Result<query::ExpressionPtr> convert_parameter(StatementState& state, const Bound& bound, const Type& type,
                                               CastContext cast) {
  const auto given = state.given_type(bound.parameter);
  const bool vectors = given && given->kind == Kind::vector && type.kind == Kind::vector;
  Type settled = vectors ? *given : type;  // A vector of another dimension is an error, below.
  if (settled.kind == Kind::vector && settled.dimension == 0) {
    if (!given || given->kind != Kind::vector) {
      return wrong("42P18", "the dimension of $" + std::to_string(bound.parameter) + " is not known", bound.at)
          .with_hint("write $" + std::to_string(bound.parameter) + "::VECTOR(n)");
    }
    settled.dimension = given->dimension;
  }
  state.settle_parameter(bound.parameter, settled);
  return convert_closed(query::make_parameter(bound.parameter - 1, settled, bound.at), type, cast, bound.at);
}

}  // namespace

query::ExpressionPtr constant(const Value& value, SourcePosition at) {
  return query::make_constant(column_of(value), at);
}

Result<Bound> bind_parameter(StatementState& state, std::uint32_t number, SourcePosition at) {
  if (number > state.parameters()) return wrong("42P02", "there is no parameter $" + std::to_string(number), at);
  if (const auto settled = state.parameter_type(number)) {
    return closed(query::make_parameter(number - 1, *settled, at));
  }
  const auto given = state.given_type(number);
  const bool open = !given || given->kind == Kind::integer || given->kind == Kind::text || given->kind == Kind::json ||
                    given->kind == Kind::blob || given->kind == Kind::vector;
  if (open) return Bound{nullptr, Open::parameter, {}, number, at};
  state.settle_parameter(number, *given);
  return closed(query::make_parameter(number - 1, *given, at));
}

Result<query::ExpressionPtr> convert(StatementState& state, Bound bound, const Type& type, CastContext cast) {
  switch (bound.open) {
    case Open::no: return convert_closed(std::move(bound.expression), type, cast, bound.at);
    case Open::null: {
      Type sized = type;
      if (sized.kind == Kind::vector && sized.dimension == 0) sized.dimension = 1;
      return constant(Value::null(sized), bound.at);
    }
    case Open::text: return convert_text(bound, type);
    case Open::parameter: return convert_parameter(state, bound, type, cast);
  }
  ASSERT(false);
  return query::ExpressionPtr();
}

Result<query::ExpressionPtr> settle(StatementState& state, Bound bound, const Type& otherwise) {
  if (!bound.is_open()) return std::move(bound.expression);
  const auto given = bound.open == Open::parameter ? state.given_type(bound.parameter) : std::nullopt;
  const Type type = given.value_or(otherwise);
  return convert(state, std::move(bound), type, CastContext::implicit);
}

namespace {

std::optional<std::int64_t> integer_literal(const query::Expression& e) {
  if (e.type.kind != Kind::integer) return std::nullopt;
  if (e.kind == query::ExpressionKind::constant && !e.value->is_null(0)) return e.value->values<std::int64_t>()[0];
  if (e.kind != query::ExpressionKind::call || e.function->name != "-" || e.children.size() != 1) return std::nullopt;
  const auto negated = integer_literal(*e.children[0]);
  return negated && *negated >= 0 ? std::optional(-*negated) : std::nullopt;
}

}  // namespace

std::vector<query::Argument> arguments_of(const StatementState& state, const std::vector<Bound>& bounds) {
  const bool all_open = std::ranges::all_of(bounds, &Bound::is_open);
  std::vector<query::Argument> arguments;
  arguments.reserve(bounds.size());
  for (const Bound& bound : bounds) {
    const bool is_given = all_open && bound.open == Open::parameter;
    const auto type = is_given ? state.given_type(bound.parameter) : bound.type();
    arguments.push_back(
        {type.value_or(kText), !type.has_value(), bound.is_open() ? std::nullopt : integer_literal(*bound.expression)});
  }
  return arguments;
}

Result<std::vector<query::ExpressionPtr>> unify(StatementState& state, std::vector<Bound> bounds, std::string_view what,
                                                SourcePosition at) {
  const Type type = TRY(query::common_type(arguments_of(state, bounds), what, at));
  std::vector<query::ExpressionPtr> list;
  list.reserve(bounds.size());
  for (Bound& bound : bounds) list.push_back(TRY(convert(state, std::move(bound), type, CastContext::implicit)));
  return list;
}

}  // namespace mneme::sql::binding
