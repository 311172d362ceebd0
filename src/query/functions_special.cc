#include "query/functions_special.h"

#include <algorithm>
#include <array>

#include "query/functions_error.h"
#include "query/functions_type.h"
#include "query/kernels.h"
#include "query/text_limit.h"
#include "types/text_form.h"

namespace mneme::query {
namespace {

struct Constant {
  std::string_view name;
  TypeKind result;
};
// Of the transaction or of chance: the binder gives them their values.
constexpr std::array<Constant, 9> kConstants{{{"now", TypeKind::timestamp},
                                              {"current_timestamp", TypeKind::timestamp},
                                              {"transaction_timestamp", TypeKind::timestamp},
                                              {"statement_timestamp", TypeKind::timestamp},
                                              {"clock_timestamp", TypeKind::timestamp},
                                              {"localtimestamp", TypeKind::timestamp},
                                              {"current_date", TypeKind::date},
                                              {"random", TypeKind::floating},
                                              {"gen_random_uuid", TypeKind::uuid}}};
constexpr std::array<std::string_view, 14> kNames{"now",
                                                  "current_timestamp",
                                                  "transaction_timestamp",
                                                  "statement_timestamp",
                                                  "clock_timestamp",
                                                  "localtimestamp",
                                                  "current_date",
                                                  "random",
                                                  "gen_random_uuid",
                                                  "greatest",
                                                  "least",
                                                  "nullif",
                                                  "concat",
                                                  "concat_ws"};

void append_row(const Operand& from, std::size_t row, Column& out) {
  if (from.is_null(row)) return out.append_null();
  const Bytes bytes = from.column->bytes_at(from.index(row));
  out.type().is_variable() ? out.append_bytes(bytes) : out.append_fixed(bytes);
}

// greatest and least pass over NULLs; NULL only when all are. Runs along the operands, keeping the best so far.
template <bool kGreatest>
Result<void> extreme(Operands operands, std::size_t rows, Column& out) {
  const Function* better = comparison(kGreatest ? ">" : "<", out.type());
  ASSERT(better != nullptr);
  Column best(out.type());
  for (std::size_t row = 0; row < rows; ++row) append_row(operands[0], row, best);
  for (const Operand& next : operands.subspan(1)) {
    const std::array<Operand, 2> pair{next, Operand{&best, false}};
    Column answers(Type{.kind = TypeKind::boolean});
    TRY(better->kernel(pair, rows, answers));
    Column chosen(out.type());
    for (std::size_t row = 0; row < rows; ++row) {
      const bool take = best.is_null(row) || (!next.is_null(row) && answers.values<std::uint8_t>()[row] != 0);
      append_row(take ? next : pair[1], row, chosen);
    }
    best = std::move(chosen);
  }
  out = std::move(best);
  return {};
}

Result<void> null_if(Operands operands, std::size_t rows, Column& out) {
  const Function* equal = comparison("=", out.type());
  ASSERT(equal != nullptr);
  Column answers(Type{.kind = TypeKind::boolean});
  TRY(equal->kernel(operands, rows, answers));
  for (std::size_t row = 0; row < rows; ++row) {
    const bool same = !answers.is_null(row) && answers.values<std::uint8_t>()[row] != 0;
    same ? out.append_null() : append_row(operands[0], row, out);
  }
  return {};
}

// concat and concat_ws take values of any type as they print, and pass over NULLs.
template <bool kSeparator>
Result<void> concatenate(Operands operands, std::size_t rows, Column& out) {
  std::string joined;
  for (std::size_t row = 0; row < rows; ++row) {
    if (kSeparator && operands[0].is_null(row)) {
      out.append_null();
      continue;
    }
    joined.clear();
    bool any = false;
    for (const Operand& part : operands.subspan(kSeparator ? 1 : 0)) {
      if (part.is_null(row)) continue;
      if (kSeparator && any) joined += operands[0].at<StringRef>(row).view();
      print_value(part.column->type(), part.column->bytes_at(part.index(row)), joined);
      any = true;
      if (joined.size() > kTextBytesMax) return text_too_long();
    }
    out.append_bytes(as_bytes(joined));
  }
  return {};
}

// At most: as many texts as there are operands.
std::size_t all_printed_bytes(Operands operands, std::size_t row) noexcept {
  std::size_t bytes = 0;
  for (const Operand& operand : operands) bytes += printed_bytes(operand, row);
  return bytes;
}
MadeBytes made_by_choice(Operands operands, std::size_t rows) {
  MadeBytes made;
  for (std::size_t row = 0; row < rows; ++row) made.add(all_printed_bytes(operands, row));
  return made;
}
template <bool kSeparator>
MadeBytes made_by_joining(Operands operands, std::size_t rows) {
  MadeBytes made;
  for (std::size_t row = 0; row < rows; ++row) {
    const std::size_t between = kSeparator ? printed_bytes(operands[0], row) * operands.size() : 0;
    const std::size_t bytes = between + all_printed_bytes(operands.subspan(kSeparator ? 1 : 0), row);
    made.add(std::min(bytes, kTextBytesMax));
  }
  return made;
}

constexpr Function kGreatest{"greatest", extreme<true>, nullptr, made_by_choice};
constexpr Function kLeast{"least", extreme<false>, nullptr, made_by_choice};
constexpr Function kNullIf{"nullif", null_if, nullptr, made_by_choice};
constexpr Function kConcat{"concat", concatenate<false>, nullptr, made_by_joining<false>};
constexpr Function kConcatSeparated{"concat_ws", concatenate<true>, nullptr, made_by_joining<true>};
constexpr Type kText{.kind = TypeKind::text};

Result<Overload> of_common_type(const Function& function, std::span<const Argument> arguments, SourcePosition at) {
  const Type type = TRY(common_type(arguments, function.name, at));
  const std::string_view needed = &function == &kNullIf ? "=" : "<";
  if (comparison(needed, type) == nullptr) return no_such_function(function.name, arguments, at);
  return Overload{&function, std::vector<Type>(arguments.size(), type), type};
}

Overload of_any_types(const Function& function, std::span<const Argument> arguments) {
  Overload overload{&function, {}, kText};
  for (const Argument& argument : arguments) overload.arguments.push_back(argument.unknown ? kText : argument.type);
  return overload;
}

// round and trunc of an exact number to a literal number of digits: the result has just these, as in PostgreSQL.
std::optional<Overload> to_literal_digits(std::string_view name, std::span<const Argument> arguments) {
  if ((name != "round" && name != "trunc") || arguments.size() != 2) return std::nullopt;
  if (!is_exact_number(arguments[0].type) || arguments[0].unknown ||
      !(arguments[1].unknown || arguments[1].type.kind == TypeKind::integer)) {
    return std::nullopt;
  }
  const Type from =
      arguments[0].type.kind == TypeKind::decimal ? arguments[0].type : decimal_with_scale(arguments[0].type, 0);
  const auto digits = arguments[1].literal.value_or(from.scale);
  const Type wanted =
      decimal_with_scale(from, static_cast<int>(std::clamp<std::int64_t>(digits, 0, kDecimalPrecisionMax)));
  return Overload{decimal_to_digits(name), {from, {.kind = TypeKind::integer}}, wanted};
}

}  // namespace

std::span<const std::string_view> special_names() noexcept { return kNames; }

std::optional<Result<Overload>> resolve_special(std::string_view name, std::span<const Argument> arguments,
                                                SourcePosition at) {
  if (auto rounded = to_literal_digits(name, arguments)) return *std::move(rounded);
  if (std::ranges::find(kNames, name) == kNames.end()) return std::nullopt;
  for (const Constant& constant : kConstants) {
    if (constant.name != name || !arguments.empty()) continue;
    return Overload{nullptr, {}, {.kind = constant.result}, true};
  }
  const bool separator_is_text = !arguments.empty() && (arguments[0].unknown || arguments[0].type == kText);
  if (name == "concat" && !arguments.empty()) return of_any_types(kConcat, arguments);
  if (name == "concat_ws" && arguments.size() >= 2 && separator_is_text)
    return of_any_types(kConcatSeparated, arguments);
  if (name == "nullif" && arguments.size() == 2) return of_common_type(kNullIf, arguments, at);
  if (name == "greatest" && !arguments.empty()) return of_common_type(kGreatest, arguments, at);
  if (name == "least" && !arguments.empty()) return of_common_type(kLeast, arguments, at);
  return no_such_function(name, arguments, at);
}

}  // namespace mneme::query
