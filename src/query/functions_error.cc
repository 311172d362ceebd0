#include "query/functions_error.h"

#include <algorithm>
#include <array>

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

// What PostgreSQL has and we have not, and what does instead. Sorted by name.
struct Missing {
  std::string_view name;
  std::string_view instead;
};
constexpr std::string_view kArrays = "arrays are not there; string_agg() joins texts, JSON holds lists";
constexpr std::string_view kMakeJson = "make JSON in the program, or of text: ('[' || string_agg(t, ',') || ']')::json";
constexpr std::string_view kPercentile = "ORDER BY the value with LIMIT 1 OFFSET n takes the nth";
constexpr std::string_view kWindow = "window functions are not there yet; number the rows in the program";
constexpr std::string_view kPattern = "regular expressions are not there; LIKE, strpos() and split_part() may do";
constexpr std::string_view kFormat = "extract() and date_trunc() read a time, a cast prints it";
constexpr std::string_view kStatistic = "compute it of sum(), count() and sums of products";
constexpr auto kMissing = std::to_array<Missing>({
    {"array_agg", kArrays},
    {"array_length", kArrays},
    {"array_to_string", kArrays},
    {"bit_and", "bool_and() and bool_or() combine truths"},
    {"bit_or", "bool_and() and bool_or() combine truths"},
    {"corr", kStatistic},
    {"covar_pop", kStatistic},
    {"covar_samp", kStatistic},
    {"dense_rank", kWindow},
    {"first_value", "first(value, ts) takes the value at the smallest ts"},
    {"format", "join texts with || or concat()"},
    {"json_agg", kMakeJson},
    {"json_build_array", kMakeJson},
    {"json_build_object", kMakeJson},
    {"json_object_agg", kMakeJson},
    {"jsonb_agg", kMakeJson},
    {"jsonb_build_object", kMakeJson},
    {"lag", kWindow},
    {"last_value", "last(value, ts) takes the value at the largest ts"},
    {"lead", kWindow},
    {"median", kPercentile},
    {"mode", "GROUP BY the value and ORDER BY count(*) DESC LIMIT 1"},
    {"ntile", kWindow},
    {"percentile_cont", kPercentile},
    {"percentile_disc", kPercentile},
    {"rank", kWindow},
    {"regexp_match", kPattern},
    {"regexp_matches", kPattern},
    {"regexp_replace", kPattern},
    {"regr_intercept", kStatistic},
    {"regr_slope", kStatistic},
    {"row_number", kWindow},
    {"string_to_array", kArrays},
    {"to_char", kFormat},
    {"to_date", "cast a text of the form 2024-02-29 to DATE"},
    {"unnest", kArrays},
    {"width_bucket", "floor((x - low) / width) numbers a bucket"},
});
static_assert(std::ranges::is_sorted(kMissing, {}, &Missing::name));

const Missing* missing_of_name(std::string_view name) noexcept {
  const auto* found = std::ranges::lower_bound(kMissing, name, {}, &Missing::name);
  return found != kMissing.end() && found->name == name ? found : nullptr;
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
  if (const Missing* missing = missing_of_name(name)) {
    return Error(Code::unsupported, "there is no " + std::string(name) + "() yet")
        .with_sqlstate("0A000")
        .with_hint(std::string(missing->instead))
        .at(at);
  }
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
