#include "query/functions.h"

#include <algorithm>

#include "query/function_table.h"
#include "query/functions_error.h"
#include "query/functions_resolve.h"
#include "query/functions_special.h"
#include "query/kernels_vector.h"

namespace mneme::query {
namespace {

bool widens(TypeKind from, TypeKind to) noexcept {
  switch (from) {
    case TypeKind::integer: return to == TypeKind::decimal || to == TypeKind::real || to == TypeKind::floating;
    case TypeKind::decimal: return to == TypeKind::real || to == TypeKind::floating;
    case TypeKind::real: return to == TypeKind::floating;
    case TypeKind::date: return to == TypeKind::timestamp;
    default: return false;
  }
}

// PostgreSQL's preferred type of each category: what a conversion rather leads to.
bool is_preferred(TypeKind kind) noexcept {
  return kind == TypeKind::floating || kind == TypeKind::timestamp || kind == TypeKind::text ||
         kind == TypeKind::interval || kind == TypeKind::boolean;
}

bool accepts(const Signature& signature, std::span<const Argument> arguments) noexcept {
  if (signature.count != arguments.size()) return false;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const TypeKind from = arguments[i].type.kind;
    const TypeKind to = signature.arguments[i];
    if (!arguments[i].unknown && from != to && !widens(from, to)) return false;
  }
  return true;
}

using Candidates = std::vector<const Signature*>;

// Keeps the candidates with the highest score.
template <class Score>
void keep_best(Candidates& candidates, Score score) {
  std::size_t best = 0;
  for (const Signature* candidate : candidates) best = std::max(best, score(*candidate));
  std::erase_if(candidates, [&](const Signature* candidate) { return score(*candidate) < best; });
}

// Steps 4.c to 4.f of PostgreSQL's rules for functions.
void narrow(Candidates& candidates, std::span<const Argument> arguments) {
  const auto count_where = [&](const Signature& s, auto wanted) {
    std::size_t count = 0;
    for (std::size_t i = 0; i < arguments.size(); ++i)
      count += static_cast<std::size_t>(wanted(arguments[i], s.arguments[i]));
    return count;
  };
  const auto exact = [](const Argument& a, TypeKind kind) { return !a.unknown && a.type.kind == kind; };
  const auto exact_or_preferred = [&](const Argument& a, TypeKind kind) {
    return !a.unknown && (a.type.kind == kind || is_preferred(kind));
  };
  const auto unknown_as_text = [](const Argument& a, TypeKind kind) { return a.unknown && kind == TypeKind::text; };
  const auto unknown_as_preferred = [](const Argument& a, TypeKind kind) { return a.unknown && is_preferred(kind); };
  const auto unknown_as_others = [&](const Argument& a, TypeKind kind) {
    return a.unknown &&
           std::ranges::any_of(arguments, [&](const Argument& b) { return !b.unknown && b.type.kind == kind; });
  };
  keep_best(candidates, [&](const Signature& s) { return count_where(s, exact); });
  keep_best(candidates, [&](const Signature& s) { return count_where(s, exact_or_preferred); });
  keep_best(candidates, [&](const Signature& s) { return count_where(s, unknown_as_others); });
  keep_best(candidates, [&](const Signature& s) { return count_where(s, unknown_as_text); });
  keep_best(candidates, [&](const Signature& s) { return count_where(s, unknown_as_preferred); });
}

// The type an argument is cast to for a parameter: its own where the kinds agree, so that scale and dimension stay.
Type argument_type(const Argument& argument, TypeKind kind) noexcept {
  if (!argument.unknown && argument.type.kind == kind) return argument.type;
  Type type{.kind = kind};
  if (kind == TypeKind::decimal) {
    type.precision = kDecimalPrecisionMax;
    type.scale = argument.unknown ? std::uint8_t{6} : std::uint8_t{0};
  }
  return type;
}

Overload overload_of(const Signature& signature, std::span<const Argument> arguments) {
  Overload overload{&signature.function, {}, {}};
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    overload.arguments.push_back(argument_type(arguments[i], signature.arguments[i]));
  }
  overload.result = signature.result(overload.arguments);
  return overload;
}

}  // namespace

std::optional<Result<Overload>> choose_signature(std::string_view name, std::span<const Argument> arguments,
                                                 SourcePosition at) {
  Candidates candidates;
  for_each_signature([&](const Signature& signature) {
    if (signature.function.name == name && accepts(signature, arguments)) candidates.push_back(&signature);
  });
  if (candidates.empty()) return std::nullopt;
  narrow(candidates, arguments);
  if (candidates.size() == 1) return overload_of(*candidates.front(), arguments);
  return ambiguous(std::string(name) + "(" + argument_list(arguments) + ")", at);
}

Result<Overload> resolve_function(std::string_view name, std::span<const Argument> arguments, SourcePosition at) {
  if (auto special = resolve_special(name, arguments, at)) return *std::move(special);
  if (auto distance = resolve_distance(name, arguments, at)) return *std::move(distance);
  if (arguments.size() <= kSignatureArgumentsMax) {
    if (auto chosen = choose_signature(name, arguments, at)) return *std::move(chosen);
  }
  return no_such_function(name, arguments, at);
}

}  // namespace mneme::query
