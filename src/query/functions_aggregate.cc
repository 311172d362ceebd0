// Aggregates by name and argument types.
#include <algorithm>
#include <array>

#include "query/functions.h"
#include "query/functions_error.h"

namespace mneme::query {
namespace {

struct NamedAggregate {
  std::string_view name;
  AggregateKind kind;
  std::size_t arguments;
};
constexpr std::array<NamedAggregate, 18> kAggregates{{
    {"count", AggregateKind::count_rows, 0},
    {"count", AggregateKind::count, 1},
    {"sum", AggregateKind::sum, 1},
    {"avg", AggregateKind::average, 1},
    {"min", AggregateKind::least, 1},
    {"max", AggregateKind::greatest, 1},
    {"first", AggregateKind::first, 2},
    {"last", AggregateKind::last, 2},
    {"variance", AggregateKind::variance_sample, 1},
    {"var_samp", AggregateKind::variance_sample, 1},
    {"var_pop", AggregateKind::variance_population, 1},
    {"stddev", AggregateKind::deviation_sample, 1},
    {"stddev_samp", AggregateKind::deviation_sample, 1},
    {"stddev_pop", AggregateKind::deviation_population, 1},
    {"bool_and", AggregateKind::bool_and, 1},
    {"every", AggregateKind::bool_and, 1},
    {"bool_or", AggregateKind::bool_or, 1},
    {"string_agg", AggregateKind::string_agg, 2},
}};

constexpr Type kFloat{.kind = TypeKind::floating};
constexpr Type kText{.kind = TypeKind::text};
constexpr Type kBool{.kind = TypeKind::boolean};

bool is_number(const Type& type) noexcept {
  return type.kind == TypeKind::integer || type.kind == TypeKind::floating || type.kind == TypeKind::real ||
         type.kind == TypeKind::decimal;
}
bool has_order(const Type& type) noexcept {
  return type.kind != TypeKind::json && type.kind != TypeKind::vector && type.kind != TypeKind::point &&
         type.kind != TypeKind::point3;
}

std::optional<AggregateOverload> sum(const Type& type) {
  if (type.kind == TypeKind::decimal) {
    const Type widest{.kind = TypeKind::decimal, .precision = kDecimalPrecisionMax, .scale = type.scale};
    return AggregateOverload{AggregateKind::sum, {type}, widest};
  }
  if (type.kind == TypeKind::real) return AggregateOverload{AggregateKind::sum, {kFloat}, kFloat};
  if (is_number(type) || type.kind == TypeKind::interval) return AggregateOverload{AggregateKind::sum, {type}, type};
  return std::nullopt;
}

std::optional<AggregateOverload> average(const Type& type) {
  if (type.kind == TypeKind::interval) return AggregateOverload{AggregateKind::average, {type}, type};
  if (is_number(type)) return AggregateOverload{AggregateKind::average, {kFloat}, kFloat};
  return std::nullopt;
}

// What an argument of unknown type becomes, where it decides the overload.
Type settled(const Argument& argument, const Type& unknown) { return argument.unknown ? unknown : argument.type; }

bool is_a(const Argument& argument, const Type& type) noexcept { return argument.unknown || argument.type == type; }

std::optional<AggregateOverload> choose(AggregateKind kind, std::span<const Argument> arguments) {
  const Type integer{.kind = TypeKind::integer};
  switch (kind) {
    case AggregateKind::count_rows: return AggregateOverload{kind, {}, integer};
    case AggregateKind::count: return AggregateOverload{kind, {settled(arguments[0], kText)}, integer};
    case AggregateKind::sum: return sum(settled(arguments[0], kFloat));
    case AggregateKind::average: return average(settled(arguments[0], kFloat));
    case AggregateKind::least:
    case AggregateKind::greatest: {
      const Type type = settled(arguments[0], kText);
      if (!has_order(type)) return std::nullopt;
      return AggregateOverload{kind, {type}, type};
    }
    case AggregateKind::first:
    case AggregateKind::last: {
      const Type value = settled(arguments[0], kText);
      const Type by = settled(arguments[1], {.kind = TypeKind::timestamp});
      if (!has_order(by)) return std::nullopt;
      return AggregateOverload{kind, {value, by}, value};
    }
    case AggregateKind::variance_sample:
    case AggregateKind::variance_population:
    case AggregateKind::deviation_sample:
    case AggregateKind::deviation_population:
      if (!is_number(settled(arguments[0], kFloat))) return std::nullopt;
      return AggregateOverload{kind, {kFloat}, kFloat};
    case AggregateKind::bool_and:
    case AggregateKind::bool_or:
      if (!is_a(arguments[0], kBool)) return std::nullopt;
      return AggregateOverload{kind, {kBool}, kBool};
    case AggregateKind::string_agg:
      if (!is_a(arguments[0], kText) || !is_a(arguments[1], kText)) return std::nullopt;
      return AggregateOverload{kind, {kText, kText}, kText};
  }
  return std::nullopt;
}

}  // namespace

Result<AggregateOverload> resolve_aggregate(std::string_view name, std::span<const Argument> arguments,
                                            SourcePosition at) {
  for (const NamedAggregate& named : kAggregates) {
    if (named.name != name || named.arguments != arguments.size()) continue;
    if (auto chosen = choose(named.kind, arguments)) return *std::move(chosen);
  }
  return no_such_function(name, arguments, at);
}

bool is_aggregate_name(std::string_view name) noexcept {
  return std::ranges::any_of(kAggregates, [&](const NamedAggregate& named) { return named.name == name; });
}

}  // namespace mneme::query
