#include <algorithm>

#include "mneme/value.h"
#include "query/explain.h"
#include "types/value_column.h"

namespace mneme::query {
namespace {

constexpr std::size_t kConstantBytesMax = 64;  // A vector of 1,000 numbers is cut.

std::string constant_text(const Column& value) {
  if (value.is_null(0)) return "NULL";
  std::string text = value_at(value, 0).to_text();
  if (text.size() > kConstantBytesMax) text = text.substr(0, kConstantBytesMax) + "...";
  const TypeKind kind = value.type().kind;
  const bool number = kind == TypeKind::integer || kind == TypeKind::floating || kind == TypeKind::real ||
                      kind == TypeKind::decimal || kind == TypeKind::boolean;
  return number ? text : "'" + text + "'";
}

bool is_symbol(std::string_view name) {
  const auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  return !std::ranges::any_of(name, is_letter) || name == "like" || name == "ilike" || name.starts_with("is ");
}

class ExpressionPrinter {  // One thread at a time.
 public:
  explicit ExpressionPrinter(const std::vector<OutputColumn>& columns) : columns_(columns) {}

  [[nodiscard]] std::string print(const Expression& e) const {
    switch (e.kind) {
      case ExpressionKind::constant: return constant_text(*e.value);
      case ExpressionKind::column: return column(e.index);
      case ExpressionKind::parameter: return "$" + std::to_string(e.index + 1);
      case ExpressionKind::call: return call(e);
      case ExpressionKind::conjunction: return joined(e, " AND ");
      case ExpressionKind::disjunction: return joined(e, " OR ");
      case ExpressionKind::negation: return "NOT " + nested(*e.children[0]);
      case ExpressionKind::is_null: return nested(*e.children[0]) + " IS NULL";
      case ExpressionKind::case_when: return case_when(e);
      case ExpressionKind::coalesce: return "coalesce(" + list(e) + ")";
    }
    return "?";
  }

 private:
  [[nodiscard]] std::string column(std::size_t index) const {
    if (index < columns_.size() && !columns_[index].name.empty()) return columns_[index].name;
    return "#" + std::to_string(index);
  }

  [[nodiscard]] std::string nested(const Expression& e) const {
    const bool infix = e.kind == ExpressionKind::call && e.children.size() == 2 && is_symbol(e.function->name);
    const bool logical = e.kind == ExpressionKind::conjunction || e.kind == ExpressionKind::disjunction ||
                         e.kind == ExpressionKind::negation || e.kind == ExpressionKind::is_null;
    return infix || logical ? "(" + print(e) + ")" : print(e);
  }

  [[nodiscard]] std::string call(const Expression& e) const {
    const std::string name(e.function->name);
    if (is_symbol(name) && e.children.size() == 1) return name + nested(*e.children[0]);
    if (is_symbol(name) && e.children.size() == 2) {
      return nested(*e.children[0]) + " " + name + " " + nested(*e.children[1]);
    }
    if (name == "cast") return nested(*e.children[0]) + "::" + type_name(e.type);
    return name + "(" + list(e) + ")";
  }

  [[nodiscard]] std::string list(const Expression& e) const {
    std::string text;
    for (const auto& child : e.children) text += (text.empty() ? "" : ", ") + print(*child);
    return text;
  }

  [[nodiscard]] std::string joined(const Expression& e, std::string_view word) const {
    std::string text;
    for (const auto& child : e.children) text += (text.empty() ? "" : std::string(word)) + nested(*child);
    return text;
  }

  [[nodiscard]] std::string case_when(const Expression& e) const {
    std::string text = "CASE";
    std::size_t i = 0;
    for (; i + 1 < e.children.size(); i += 2) {
      text += " WHEN " + print(*e.children[i]) + " THEN " + print(*e.children[i + 1]);
    }
    if (i < e.children.size()) text += " ELSE " + print(*e.children[i]);
    return text + " END";
  }

  const std::vector<OutputColumn>& columns_;
};

}  // namespace

std::string explain(const Expression& expression, const std::vector<OutputColumn>& columns) {
  return ExpressionPrinter(columns).print(expression);
}

}  // namespace mneme::query
