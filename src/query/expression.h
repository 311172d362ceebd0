// Expression: what the binder makes of SQL text, names resolved and types settled; what evaluate() computes.
//
// Every conversion is a node of its own (a call of a cast function), so that a kernel sees exactly the types it
// declares. Immutable once built; one tree may be evaluated by many threads at once.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "query/made_bytes.h"
#include "query/operand.h"

namespace mneme {
class Store;
}

namespace mneme::query {

// A scalar function or operator over exact types. Kernels are pure: same operands, same column.
struct Function {
  std::string_view name;
  // Fills `out` (empty, of the call's type) with `rows` values. Operands have `rows` rows or are constant.
  Result<void> (*kernel)(Operands operands, std::size_t rows, Column& out);
  // The same where a BLOB operand may hold references to values in blob files (types/blob_ref.h), of which it reads no
  // more than it needs. Null: operands hold none.
  Result<void> (*by_reference)(Operands operands, std::size_t rows, Store& store, Column& out) = nullptr;
  // What it makes at most, of one that may make more than it is given. Null: no more than that, or nothing.
  MadeFunction made = nullptr;
};

enum class ExpressionKind : std::uint8_t {
  constant,     // `value`, one row
  column,       // input column `index`
  parameter,    // $index+1, one row
  call,         // function(children)
  conjunction,  // AND of the children, two or more
  disjunction,  // OR of the children
  negation,     // NOT child
  is_null,      // child IS NULL, never NULL itself
  case_when,    // children: condition, value, condition, value, ..., [else]
  coalesce,     // the first child that is not NULL; later ones are computed only where needed
};

struct Expression {
  ExpressionKind kind = ExpressionKind::constant;
  Type type;
  std::size_t index = 0;                // column, parameter
  const Function* function = nullptr;   // call
  std::shared_ptr<const Column> value;  // constant
  std::vector<std::unique_ptr<const Expression>> children;
  SourcePosition position;  // Where the text has it; errors point here.
};
using ExpressionPtr = std::unique_ptr<const Expression>;

ExpressionPtr make_constant(Column one_row, SourcePosition position = {});
ExpressionPtr make_column(std::size_t index, Type type, SourcePosition position = {});
ExpressionPtr make_parameter(std::size_t index, Type type, SourcePosition position = {});
ExpressionPtr make_call(const Function& function, Type type, std::vector<ExpressionPtr> arguments,
                        SourcePosition position = {});
// Arguments or children in a line.
template <class... Children>
std::vector<ExpressionPtr> expressions(Children... children) {
  std::vector<ExpressionPtr> list;
  (list.push_back(std::move(children)), ...);
  return list;
}
// conjunction, disjunction, negation and is_null are BOOL; case_when and coalesce have the type of their values.
ExpressionPtr make_node(ExpressionKind kind, Type type, std::vector<ExpressionPtr> children,
                        SourcePosition position = {});

}  // namespace mneme::query
