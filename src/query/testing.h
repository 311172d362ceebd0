// For tests: calls a function or an operator as the binder would - resolve, cast each argument, run the kernel - on
// values written as text.
#pragma once

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "query/functions.h"
#include "types/sql_type.h"
#include "types/value_column.h"

namespace mneme::query::testing {

inline Type type_of(std::string_view name) {  // "DECIMAL(10, 2)"
  std::vector<std::string> arguments;
  const std::size_t open = name.find('(');
  if (open != std::string_view::npos) {
    std::string inner;
    for (const char c : name.substr(open + 1)) {
      if (c == ',' || c == ')')
        arguments.push_back(std::move(inner)), inner.clear();
      else if (c != ' ')
        inner += c;
    }
  }
  return type_from_sql(name.substr(0, open), arguments).value();  // No REQUIRE: globals are made of it, too.
}

struct Arg {
  Arg(const char* value) : text_(value), unknown(true) {}  // NOLINT(*-explicit-*): a bare literal.
  Arg(std::string_view type_name, const char* value) : text_(value), type(type_of(type_name)) {}
  const char* text_;  // Null: NULL.
  Type type;
  bool unknown = false;
};

inline Result<Column> column_of(const Arg& arg, const Type& wanted) {
  const Type type = arg.unknown ? wanted : arg.type;
  const Value value = arg.text_ == nullptr ? Value::null(type) : TRY(Value::from_text(type, arg.text_));
  Column column(type);
  append_value(column, value);
  const Function* cast = cast_function(type, wanted);
  if (cast == nullptr) return column;
  Column converted(wanted);
  const Operand operand{&column, false};
  TRY(cast->kernel({&operand, 1}, 1, converted));
  return converted;
}

inline Result<std::string> run(const Overload& overload, const std::vector<Arg>& args) {
  std::vector<Column> columns;
  for (std::size_t i = 0; i < args.size(); ++i) columns.push_back(TRY(column_of(args[i], overload.arguments[i])));
  std::vector<Operand> operands;
  for (const Column& column : columns) operands.push_back({&column, true});
  Column out(overload.result);
  TRY(overload.function->kernel(operands, 2, out));  // Two rows of constants must give the same twice.
  const Value first = value_at(out, 0);
  REQUIRE(out.rows() == 2);
  REQUIRE(first == value_at(out, 1));
  return first.is_null() ? std::string("NULL") : first.to_text();
}

inline std::vector<Argument> arguments_of(const std::vector<Arg>& args) {
  std::vector<Argument> arguments;
  for (const Arg& arg : args) arguments.push_back({arg.type, arg.unknown});
  return arguments;
}

inline std::string shown(const Result<Overload>& overload, const std::vector<Arg>& args) {
  if (!overload) return std::string(overload.error().sqlstate());
  const auto result = run(*overload, args);
  return result ? *result : std::string(result.error().sqlstate());
}

// The value as text, "NULL", or the SQLSTATE.
inline std::string call(std::string_view name, const std::vector<Arg>& args) {
  return shown(resolve_function(name, arguments_of(args)), args);
}
inline std::string apply(std::string_view symbol, const std::vector<Arg>& args) {
  return shown(resolve_operator(symbol, arguments_of(args)), args);
}
inline std::string cast(const Arg& arg, std::string_view type) {
  const Type to = type_of(type);
  const auto function = resolve_cast(arg.type, to, CastContext::explicit_);
  if (!function) return std::string(function.error().sqlstate());
  return shown(Overload{*function, {arg.type}, to}, {arg});
}
inline std::string result_type(const Result<Overload>& overload) {
  return overload ? type_name(overload->result) : std::string(overload.error().sqlstate());
}

}  // namespace mneme::query::testing
