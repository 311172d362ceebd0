#include "query/rules_join.h"

#include <limits>

#include "query/kernels.h"
#include "query/rules_expression.h"

namespace mneme::query {

namespace {

unsigned scale_of(const Type& type) noexcept { return type.kind == TypeKind::decimal ? type.scale : 0U; }

}  // namespace

bool have_one_scale(const Type& left, const Type& right) noexcept { return scale_of(left) == scale_of(right); }

void make_one_key(ExpressionPtr& left, ExpressionPtr& right) {
  if (have_one_scale(left->type, right->type)) return;
  ExpressionPtr& finer = scale_of(left->type) > scale_of(right->type) ? left : right;
  const Type& coarser = &finer == &left ? right->type : left->type;
  const SourcePosition at = finer->position;
  finer = make_call(decimal_to_coarser(), coarser, expressions(std::move(finer)), at);
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
  if (!on_left(*left) || !on_right(*right)) return false;
  left_keys.push_back(clone(*left));
  right_keys.push_back(remap_columns(*right, [&](std::size_t index) { return index - left_columns; }));
  make_one_key(left_keys.back(), right_keys.back());
  return true;
}

}  // namespace mneme::query
