#include "query/functions_error.h"

#include <algorithm>

#include "query/function_table.h"

namespace mneme::query {
namespace {

constexpr std::size_t kNearEdits = 2;
constexpr std::size_t kShownOverloads = 4;

// The edits (insert, remove, replace a byte) that make one name the other.
std::size_t edits_between(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = diagonal + static_cast<std::size_t>(a[i - 1] != b[j - 1]);
      diagonal = row[j];
      row[j] = std::min({replaced, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row[b.size()];
}

std::string hint_of_overloads(std::string_view name) {
  std::string shown;
  std::size_t count = 0;
  for_each_signature([&](const Signature& signature) {
    if (signature.function.name != name || count++ >= kShownOverloads) return;
    std::vector<Argument> arguments;
    for (std::size_t i = 0; i < signature.count; ++i) arguments.push_back({{.kind = signature.arguments[i]}});
    shown += (shown.empty() ? "" : ", ") + std::string(name) + "(" + argument_list(arguments) + ")";
  });
  if (shown.empty()) return "a function of that name takes other arguments";
  return "there is " + shown + (count > kShownOverloads ? " ..." : "") + "; a cast may help";
}

std::string hint_of_names(std::string_view name) {
  constexpr std::size_t kNameBytesMax = 64;  // Of a name that is worth comparing.
  std::string_view nearest;
  std::size_t least = kNearEdits + 1;
  if (name.size() > kNameBytesMax) return {};
  for_each_function_name([&](std::string_view known) {
    const std::size_t edits = edits_between(name, known);
    if (edits < least && edits < known.size()) {
      least = edits;
      nearest = known;
    }
  });
  return nearest.empty() ? std::string() : "did you mean " + std::string(nearest) + "()?";
}

std::string shown_name(const Argument& argument) {
  if (argument.unknown) return "unknown";
  const bool without_parameters = (argument.type.kind == TypeKind::decimal && argument.type.precision == 0) ||
                                  (argument.type.kind == TypeKind::vector && argument.type.dimension == 0);
  const std::string name = type_name(argument.type);
  return without_parameters ? name.substr(0, name.find('(')) : name;
}

}  // namespace

std::string argument_list(std::span<const Argument> arguments) {
  std::string list;
  for (const Argument& argument : arguments) list += (list.empty() ? "" : ", ") + shown_name(argument);
  return list;
}

Error no_such_function(std::string_view name, std::span<const Argument> arguments, SourcePosition at) {
  Error error = Error(Code::invalid_argument,
                      "function " + std::string(name) + "(" + argument_list(arguments) + ") does not exist")
                    .with_sqlstate("42883")
                    .at(at);
  const bool known = is_function_name(name) || is_aggregate_name(name);
  std::string hint = known ? hint_of_overloads(name) : hint_of_names(name);
  return hint.empty() ? std::move(error) : std::move(error).with_hint(std::move(hint));
}

Error no_such_operator(std::string_view symbol, std::span<const Argument> operands, SourcePosition at) {
  std::string text =
      operands.size() == 1 ? std::string(symbol) + " " : shown_name(operands[0]) + " " + std::string(symbol);
  text += operands.size() == 1 ? shown_name(operands[0]) : " " + shown_name(operands[1]);
  return Error(Code::invalid_argument, "operator does not exist: " + text)
      .with_sqlstate("42883")
      .with_hint("no operator of that name takes these types; a cast may help")
      .at(at);
}

Error ambiguous(std::string_view what, SourcePosition at) {
  return Error(Code::invalid_argument, std::string(what) + " is not unique")
      .with_sqlstate("42725")
      .with_hint("cast the arguments whose type is unknown")
      .at(at);
}

}  // namespace mneme::query
