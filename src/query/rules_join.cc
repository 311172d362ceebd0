#include "query/rules_join.h"

#include <limits>

#include "query/rules_expression.h"

namespace mneme::query {

bool are_one_key(const Type& left, const Type& right) {
  return left.kind != TypeKind::decimal || left.scale == right.scale;
}

bool take_equal_key(const Expression& condition, std::size_t left_columns, std::vector<ExpressionPtr>& left_keys,
                    std::vector<ExpressionPtr>& right_keys) {
  const bool equality = condition.kind == ExpressionKind::call && condition.function->name == "=";
  if (!equality || condition.children.size() != 2) return false;
  const auto on_left = [&](const Expression& side) {
    return has_columns(side) && columns_within(side, 0, left_columns);
  };
  const auto on_right = [&](const Expression& side) {
    return has_columns(side) && columns_within(side, left_columns, std::numeric_limits<std::size_t>::max());
  };
  const Expression* left = condition.children[0].get();
  const Expression* right = condition.children[1].get();
  if (!on_left(*left)) std::swap(left, right);
  if (!on_left(*left) || !on_right(*right) || !are_one_key(left->type, right->type)) return false;
  left_keys.push_back(clone(*left));
  right_keys.push_back(remap_columns(*right, [&](std::size_t index) { return index - left_columns; }));
  return true;
}

}  // namespace mneme::query
