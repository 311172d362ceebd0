// Literals, types and the names of results.
#include <algorithm>
#include <array>
#include <charconv>

#include "mneme/value.h"
#include "sql/bind_error.h"
#include "sql/bind_expression.h"
#include "types/sql_type.h"

namespace mneme::sql::binding {
namespace {

Result<Bound> number_as(const Type& type, const std::string& text, SourcePosition at) {
  auto value = Value::from_text(type, text);
  if (!value) return std::move(value).error().at(at);
  return closed(constant(*value, at));
}

// DECIMAL(p, s) of digits with a point; none: an exponent, or more digits than a DECIMAL holds.
std::optional<Type> decimal_type_of(std::string_view text) {
  const auto first = text.find_first_not_of('0');
  if (first != std::string_view::npos) text.remove_prefix(first);
  const auto point = text.find('.');
  const bool plain = std::ranges::all_of(text, [](char c) { return c == '.' || (c >= '0' && c <= '9'); });
  const std::size_t digits = point == std::string_view::npos ? text.size() : text.size() - 1;
  if (!plain || digits > kDecimalPrecisionMax) return std::nullopt;
  const std::size_t scale = point == std::string_view::npos ? 0 : text.size() - point - 1;
  return Type{.kind = TypeKind::decimal,
              .precision = static_cast<std::uint8_t>(std::max<std::size_t>(digits, 1)),
              .scale = static_cast<std::uint8_t>(scale)};
}

bool is_integer(const std::string& text) {
  std::int64_t value = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value);
  return parsed.ec == std::errc() && parsed.ptr == text.data() + text.size();
}

}  // namespace

Result<Bound> bind_number(const Literal& literal, bool negative, SourcePosition at) {
  const std::string text = (negative ? "-" : "") + literal.text;
  if (literal.kind == LiteralKind::integer && is_integer(text)) return number_as(kInt, text, at);
  const auto decimal = literal.kind == LiteralKind::decimal ? decimal_type_of(literal.text) : std::nullopt;
  return number_as(decimal.value_or(kFloat), text, at);
}

Result<Bound> ExpressionBinder::node(const Literal& literal, SourcePosition at) {
  switch (literal.kind) {
    case LiteralKind::null: return Bound{nullptr, Open::null, {}, 0, at};
    case LiteralKind::boolean: return closed(constant(Value(literal.text == "true"), at));
    case LiteralKind::integer:
    case LiteralKind::decimal: return bind_number(literal, false, at);
    case LiteralKind::text: return Bound{nullptr, Open::text, literal.text, 0, at};
    case LiteralKind::blob: return closed(constant(Value::of_bytes(Type{.kind = TypeKind::blob}, literal.text), at));
  }
  ASSERT(false);
  return Bound{};
}

Result<Bound> ExpressionBinder::node(const TypedLiteral& literal, SourcePosition at) {
  const Type type = TRY(bind_type(literal.type));
  std::string text = literal.text;
  if (!literal.interval_fields.empty()) {
    const bool number = !text.empty() && text.find_first_not_of("+-.0123456789") == std::string::npos;
    if (number && literal.interval_fields.find(' ') == std::string::npos) text += " " + literal.interval_fields;
  }
  return closed(TRY(convert(state(), Bound{nullptr, Open::text, std::move(text), 0, at}, type, CastContext::implicit)));
}

Result<Bound> ExpressionBinder::node(const Cast& cast, SourcePosition) {
  const Type type = TRY(bind_type(cast.type));
  Bound operand = TRY(bind(*cast.operand));
  // The cast's own place is its type's: `a::int` begins where `a` does.
  Bound converted = closed(TRY(convert(state(), std::move(operand), type, CastContext::explicit_)));
  const auto limit = length_limit(cast.type);
  if (!limit) return converted;
  std::vector<Bound> arguments;  // A cast cuts where an INSERT would fail.
  const SourcePosition at = converted.at;
  arguments.push_back(std::move(converted));
  arguments.push_back(closed(constant(Value(*limit), at)));
  return call_function("left", std::move(arguments), at);
}

std::optional<std::int64_t> length_limit(const TypeName& name) {
  static constexpr std::array<std::string_view, 5> kLimited{"varchar", "character varying", "char", "character",
                                                            "bpchar"};
  if (std::ranges::find(kLimited, name.name) == kLimited.end()) return std::nullopt;
  std::int64_t limit = name.name == "char" || name.name == "character" ? 1 : -1;
  if (!name.arguments.empty()) {
    const std::string& text = name.arguments.front();
    const auto parsed = std::from_chars(text.data(), text.data() + text.size(), limit);
    if (parsed.ec != std::errc()) return std::nullopt;
  }
  return limit < 0 ? std::nullopt : std::optional(limit);
}

Result<Type> bind_type(const TypeName& name) {
  auto type = type_from_sql(name.name, name.arguments);
  if (!type) return std::move(type).error().at(name.at);
  return *type;
}

namespace {

struct NameOf {
  std::string operator()(const ColumnRef& n) const { return n.column; }
  std::string operator()(const Call& n) const { return n.name; }
  std::string operator()(const Case& n) const {
    const std::string inner = n.otherwise ? output_name(*n.otherwise) : std::string();
    return inner.empty() || inner == "?column?" ? "case" : inner;
  }
  std::string operator()(const Cast& n) const {
    std::string inner = output_name(*n.operand);
    return inner == "?column?" ? n.type.name : inner;
  }
  std::string operator()(const TypedLiteral& n) const { return n.type.name; }
  std::string operator()(const Literal& n) const { return n.kind == LiteralKind::boolean ? "bool" : "?column?"; }
  std::string operator()(const Extract&) const { return "extract"; }
  std::string operator()(const AtTimeZone&) const { return "timezone"; }
  std::string operator()(const Exists&) const { return "exists"; }
  std::string operator()(const ScalarSubquery& n) const;
  std::string operator()(const auto&) const { return "?column?"; }
};

std::string NameOf::operator()(const ScalarSubquery& n) const {
  const auto* core = std::get_if<SelectCore>(&n.query->body->node);
  if (core == nullptr || core->items.size() != 1) return "?column?";
  const SelectItem& item = core->items.front();
  return item.alias.empty() ? output_name(*item.expression) : item.alias;
}

}  // namespace

std::string output_name(const Expression& expression) { return std::visit(NameOf{}, expression.node); }

}  // namespace mneme::sql::binding
