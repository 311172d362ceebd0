#include "query/rules_expression.h"

#include <algorithm>

#include "query/evaluate.h"

namespace mneme::query {
namespace {

bool same_constant(const Column& left, const Column& right) {
  if (left.is_null(0) || right.is_null(0)) return left.is_null(0) && right.is_null(0);
  return std::ranges::equal(left.bytes_at(0), right.bytes_at(0));
}

bool is_boolean_constant(const Expression& expression) {
  return expression.kind == ExpressionKind::constant && expression.type.kind == TypeKind::boolean;
}

}  // namespace

ExpressionPtr rewrite(const Expression& expression, const Replace& replace) {
  if (auto replaced = replace(expression)) return replaced;
  auto copy = std::make_unique<Expression>();
  copy->kind = expression.kind;
  copy->type = expression.type;
  copy->index = expression.index;
  copy->function = expression.function;
  copy->value = expression.value;
  copy->position = expression.position;
  copy->children.reserve(expression.children.size());
  for (const auto& child : expression.children) copy->children.push_back(rewrite(*child, replace));
  return copy;
}

ExpressionPtr clone(const Expression& expression) {
  return rewrite(expression, [](const Expression&) { return ExpressionPtr(); });
}

ExpressionPtr remap_columns(const Expression& expression, const std::function<std::size_t(std::size_t)>& to) {
  return rewrite(expression, [&](const Expression& node) {
    if (node.kind != ExpressionKind::column) return ExpressionPtr();
    return make_column(to(node.index), node.type, node.position);
  });
}

ExpressionPtr substitute(const Expression& expression, const std::vector<ExpressionPtr>& projected) {
  return rewrite(expression, [&](const Expression& node) {
    if (node.kind != ExpressionKind::column) return ExpressionPtr();
    return clone(*projected[node.index]);
  });
}

bool same(const Expression& left, const Expression& right) {
  if (left.kind != right.kind || left.type != right.type || left.index != right.index ||
      left.function != right.function || left.children.size() != right.children.size()) {
    return false;
  }
  if (left.kind == ExpressionKind::constant && !same_constant(*left.value, *right.value)) return false;
  return std::ranges::equal(left.children, right.children, [](const auto& a, const auto& b) { return same(*a, *b); });
}

void for_each_column(const Expression& expression, const std::function<void(const Expression&)>& visit) {
  if (expression.kind == ExpressionKind::column) visit(expression);
  for (const auto& child : expression.children) for_each_column(*child, visit);
}

bool has_columns(const Expression& expression) {
  return expression.kind == ExpressionKind::column ||
         std::ranges::any_of(expression.children, [](const auto& child) { return has_columns(*child); });
}

bool columns_within(const Expression& expression, std::size_t begin, std::size_t end) {
  if (expression.kind == ExpressionKind::column) return expression.index >= begin && expression.index < end;
  return std::ranges::all_of(expression.children,
                             [&](const auto& child) { return columns_within(*child, begin, end); });
}

void split_conjuncts(const Expression& expression, std::vector<ExpressionPtr>& conjuncts) {
  if (expression.kind != ExpressionKind::conjunction) return conjuncts.push_back(clone(expression));
  for (const auto& child : expression.children) split_conjuncts(*child, conjuncts);
}

ExpressionPtr join_conjuncts(std::vector<ExpressionPtr> conjuncts) {
  if (conjuncts.empty()) return nullptr;
  if (conjuncts.size() == 1) return std::move(conjuncts.front());
  return make_node(ExpressionKind::conjunction, Type{.kind = TypeKind::boolean}, std::move(conjuncts));
}

std::size_t cost_of(const Expression& expression) {
  constexpr std::size_t kVectorCost = 100;
  std::size_t cost = 0;
  for (const auto& child : expression.children) {
    cost += cost_of(*child) + (child->type.kind == TypeKind::vector ? kVectorCost : 0);
  }
  return expression.kind == ExpressionKind::call ? cost + 1 : cost;
}

ExpressionPtr fold(ExpressionPtr expression) {
  const auto is_constant = [](const auto& child) { return child->kind == ExpressionKind::constant; };
  const bool leaf = expression->kind == ExpressionKind::constant || expression->kind == ExpressionKind::column ||
                    expression->kind == ExpressionKind::parameter;
  if (leaf || !std::ranges::all_of(expression->children, is_constant)) return expression;
  const Batch none;
  const auto computed = evaluate(*expression, EvaluationInput{none, 1, {}});
  if (!computed) return expression;
  Column owned(expression->type);
  owned.append_run(*computed, 0, 1);
  return make_constant(std::move(owned), expression->position);
}

namespace {

// AND without what is true, OR without what is false; one operand that decides alone is the whole.
ExpressionPtr fold_logical(ExpressionPtr expression) {
  const bool conjunction = expression->kind == ExpressionKind::conjunction;
  if (!conjunction && expression->kind != ExpressionKind::disjunction) return expression;
  std::vector<ExpressionPtr> kept;
  for (const auto& child : expression->children) {
    const bool known = is_boolean_constant(*child) && !child->value->is_null(0);
    if (known && is_always_true(*child) != conjunction) return clone(*child);
    if (!known) kept.push_back(clone(*child));
  }
  if (kept.empty()) return clone(*expression->children.front());
  if (kept.size() == 1) return std::move(kept.front());
  return make_node(expression->kind, expression->type, std::move(kept), expression->position);
}

}  // namespace

ExpressionPtr fold_all(const Expression& expression) {
  if (expression.children.empty()) return clone(expression);
  auto copy = std::make_unique<Expression>();
  copy->kind = expression.kind;
  copy->type = expression.type;
  copy->index = expression.index;
  copy->function = expression.function;
  copy->position = expression.position;
  for (const auto& child : expression.children) copy->children.push_back(fold_all(*child));
  return fold_logical(fold(std::move(copy)));
}

bool is_always_true(const Expression& expression) {
  return is_boolean_constant(expression) && !expression.value->is_null(0) &&
         expression.value->values<std::uint8_t>()[0] != 0;
}

bool is_never_true(const Expression& expression) {
  return is_boolean_constant(expression) && !is_always_true(expression);
}

}  // namespace mneme::query
