#include "query/expression.h"

namespace mneme::query {
namespace {

std::unique_ptr<Expression> node(ExpressionKind kind, Type type, SourcePosition position) {
  auto made = std::make_unique<Expression>();
  made->kind = kind;
  made->type = type;
  made->position = position;
  return made;
}

}  // namespace

ExpressionPtr make_constant(Column one_row, SourcePosition position) {
  ASSERT(one_row.rows() == 1);
  auto made = node(ExpressionKind::constant, one_row.type(), position);
  made->value = std::make_shared<const Column>(std::move(one_row));
  return made;
}

ExpressionPtr make_column(std::size_t index, Type type, SourcePosition position) {
  auto made = node(ExpressionKind::column, type, position);
  made->index = index;
  return made;
}

ExpressionPtr make_parameter(std::size_t index, Type type, SourcePosition position) {
  auto made = node(ExpressionKind::parameter, type, position);
  made->index = index;
  return made;
}

ExpressionPtr make_call(const Function& function, Type type, std::vector<ExpressionPtr> arguments,
                        SourcePosition position) {
  auto made = node(ExpressionKind::call, type, position);
  made->function = &function;
  made->children = std::move(arguments);
  return made;
}

ExpressionPtr make_node(ExpressionKind kind, Type type, std::vector<ExpressionPtr> children, SourcePosition position) {
  ASSERT(!children.empty());
  auto made = node(kind, type, position);
  made->children = std::move(children);
  return made;
}

}  // namespace mneme::query
